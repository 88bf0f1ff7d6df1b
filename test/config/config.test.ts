import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config/config.ts'
import { Environment, secretVariables } from '../../src/config/variables.ts'
import { spawnProgram } from '../support/program.ts'

const token = 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6'

async function errorOf(environment: Record<string, string>): Promise<string> {
  const result = await loadConfig(environment).catch((error) => error)
  expect(result).toBeInstanceOf(ConfigError)
  return result.message
}

test('with nothing set it listens on loopback, uses its own Postgres, and writes under ./data', async () => {
  expect(await loadConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 3000,
    adminHost: '127.0.0.1',
    adminPort: 3001,
    adminToken: undefined,
    databaseUrl: undefined,
    migrate: 'auto',
    databasePoolSize: 6,
    databasePooler: undefined,
    dataDir: resolve('data'),
    publicUrls: [],
    pathTokens: [],
    commitDeadlineMs: 1500,
    spoolMaxBytes: 2 ** 30,
    bodyLimit: 2 ** 20,
    maxConnections: 4096,
    quarantineMaxBytes: 2 ** 28,
    quarantineRetentionDays: 90,
    partitionBy: 'month',
    showUserData: false,
    forward: undefined,
    forwardKeys: [],
    feedRetentionDays: 7,
    timeZone: 'Asia/Shanghai',
    logLevel: 'info',
    shutdownDelayMs: 0,
    shutdownTimeoutMs: 20_000,
  })
})

test('SHOW_USER_DATA and MAX_CONNECTIONS', async () => {
  const given = { SHOW_USER_DATA: 'true', MAX_CONNECTIONS: '10000' }
  expect(await loadConfig(given)).toMatchObject({ showUserData: true, maxConnections: 10_000 })
})

test('FORWARD_URL needs FORWARD_SECRET, of which there may be two', async () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const FORWARD_URL = 'https://app.example.com/rtc'
  expect(await errorOf({ FORWARD_URL })).toMatch(/^FORWARD_URL is set, so FORWARD_SECRET is needed/)
  const both = await loadConfig({ FORWARD_URL, FORWARD_SECRET: `${secret},${secret}` })
  expect(both.forward?.url).toBe(FORWARD_URL)
  expect(both.forward?.keys.map((key) => key.export())).toEqual([Buffer.alloc(32, 7), Buffer.alloc(32, 7)])
  const alone = await loadConfig({ FORWARD_SECRET: secret })
  expect([alone.forward, alone.forwardKeys.length]).toEqual([undefined, 1])
})

test('an empty variable is an unset one, and what is not ours is left alone', async () => {
  const empty = Object.fromEntries(Object.keys(Environment.properties).map((name) => [name, '']))
  expect(await loadConfig({ ...empty, PATH: '/bin', PORTER: 'x', NODE_ENV: 'test' })).toEqual(await loadConfig({}))
})

test.each([
  ['PORT', ['-1', '65536', '80.5', 'http', '1e99']],
  ['ADMIN_PORT', ['-1', '65536', 'none']],
  ['ADMIN_TOKEN', ['too-short']],
  [
    'DATABASE_URL',
    [
      'localhost',
      'mysql://localhost/rtc',
      'host=localhost dbname=rtc',
      'postgres://host:port/rtc',
      'postgres://u:pa/ss@host/rtc',
    ],
  ],
  ['MIGRATE_DATABASE_URL', ['localhost']],
  ['MIGRATE', ['yes', 'AUTO', 'true']],
  ['DATABASE_POOL_SIZE', ['0', '1', '101', 'many']],
  ['DATABASE_POOLER', ['session', 'true']],
  [
    'PUBLIC_URL',
    ['receiver.example.com', 'https://receiver.example.com/a_b', 'https://r.example.com?x=1', 'ftp://r.example.com'],
  ],
  ['STATUS_URL', ['/rtc/status', 'https://receiver.example.com/rtc/status?x']],
  ['FEE_URL', ['nowhere', `https://receiver.example.com/${'a'.repeat(128)}`]],
  ['PATH_TOKEN', ['short', `${token}_`, `${token}/x`, `${token},${token}1,${token}2`, `${token},short`]],
  ['MAX_CONNECTIONS', ['0', '15', '1e9', 'many']],
  ['FORWARD_URL', ['app.example.com', 'ftp://app.example.com', 'http://']],
  ['FORWARD_SECRET', ['secret1', 'whsec_MfKQ9r8GKYqrTwjUPD8I']],
  ['FEED_RETENTION_DAYS', ['0', '36501', 'ever']],
  ['SHOW_USER_DATA', ['yes', 'on', '2']],
  ['COMMIT_DEADLINE_MS', ['0', '49', '60001', '1.5s']],
  ['SPOOL_MAX_BYTES', ['-1', '1 GB', '1TiB', 'much', '1.5 GiB']],
  ['BODY_LIMIT', ['0', '1 MB', 'none']],
  ['QUARANTINE_MAX_BYTES', ['256M', '-5']],
  ['QUARANTINE_RETENTION_DAYS', ['0', '36501', 'ever']],
  ['PARTITION_BY', ['week', 'Month']],
  ['TIME_ZONE', ['Beijing', 'UTC+8h', '../etc/passwd']],
  ['LOG_LEVEL', ['verbose', 'INFO']],
  ['SHUTDOWN_DELAY_MS', ['-1', '600001']],
  ['SHUTDOWN_TIMEOUT_MS', ['0', '999', 'long']],
])('%s: what it cannot be stops the start with one line that names it', async (name, values) => {
  for (const value of values) {
    const message = await errorOf({ [name]: value })
    expect(message, value).toMatch(new RegExp(`^${name}\\b[^\n]+$`))
    // It may be a secret that was pasted to the wrong place.
    if (value.length > 4) expect(message).not.toContain(value)
  }
})

test.each([
  'postgres://db.example.com/rtc',
  'postgresql://rtc:p%40ss%2Fword@db.example.com:5432/rtc?sslmode=verify-full',
  'postgres://rtc:secret@/rtc?host=/var/run/postgresql',
  'postgres:///rtc',
  'postgres://%2Fvar%2Frun%2Fpostgresql/rtc',
])('DATABASE_URL may be %s', async (DATABASE_URL) => {
  expect(await loadConfig({ DATABASE_URL })).toMatchObject({ databaseUrl: DATABASE_URL })
  expect(() => new pg.Client({ connectionString: DATABASE_URL })).not.toThrow()
})

test('several at once are all named', async () => {
  const message = await errorOf({ PORT: 'x', MIGRATE: 'y', DATABASE_POOL_SIZE: 'z' })
  expect(message.split('\n').map((line) => line.split(' ')[0])).toEqual(['PORT', 'MIGRATE', 'DATABASE_POOL_SIZE'])
})

test.each([
  ['1048576', 2 ** 20],
  ['1024 KiB', 2 ** 20],
  ['1MiB', 2 ** 20],
  ['2 GiB', 2 ** 31],
])('BODY_LIMIT=%s is %i bytes', async (BODY_LIMIT, bytes) => {
  expect((await loadConfig({ BODY_LIMIT })).bodyLimit).toBe(bytes)
})

test('behind a pooler migrations need a way past it, unless somebody else runs them', async () => {
  const pooled = { DATABASE_URL: 'postgres://rtc@pooler/rtc', DATABASE_POOLER: 'transaction' }
  expect(await errorOf(pooled)).toMatch(/^DATABASE_POOLER .*MIGRATE_DATABASE_URL/)
  const direct = 'postgres://rtc@postgres/rtc'
  expect(await loadConfig({ ...pooled, MIGRATE_DATABASE_URL: direct })).toMatchObject({ migrateDatabaseUrl: direct })
  expect(await loadConfig({ ...pooled, MIGRATE: 'manual' })).toMatchObject({ databasePooler: 'transaction' })
})

describe('what strangers could reach needs a lock', () => {
  test.each(['0.0.0.0', '::', '192.0.2.7', 'receiver.example.com', '128.0.0.1', '::ffff:10.0.0.1'])(
    'HOST=%s is refused, unless something keeps them out or RTC_AUTH=off is written out',
    async (HOST) => {
      expect(await errorOf({ HOST })).toMatch(/^HOST .*PATH_TOKEN.*RTC_AUTH=off/)
      expect(await loadConfig({ HOST, PATH_TOKEN: token })).toMatchObject({ host: HOST, pathTokens: [token] })
      expect(await loadConfig({ HOST, RTC_AUTH: 'off' })).toMatchObject({ host: HOST })
    },
  )

  test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('HOST=%s is not', async (HOST) => {
    expect(await loadConfig({ HOST })).toMatchObject({ host: HOST })
  })

  test('ADMIN_HOST off loopback needs ADMIN_TOKEN', async () => {
    expect(await errorOf({ ADMIN_HOST: '0.0.0.0' })).toMatch(/^ADMIN_HOST .*ADMIN_TOKEN/)
    expect(await loadConfig({ ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: token })).toMatchObject({ adminToken: token })
  })
})

describe('secrets from files', () => {
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rtc-receiver-test-secrets-'))
  })

  afterAll(() => rm(directory, { recursive: true }))

  async function file(text: string): Promise<string> {
    const path = join(directory, 'secret')
    await writeFile(path, text)
    return path
  }

  test('each secret may come from one, with or without a line feed at its end', async () => {
    const url = 'postgres://rtc:secret@db.example.com/rtc'
    const urls = { STATUS_URL: 'https://rtc.example.com/s', FEE_URL: 'https://rtc.example.com/f' }
    const FORWARD_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    const others = { FORWARD_URL: 'https://app.example.com/rtc', FORWARD_SECRET }
    const values: Record<string, string> = {
      ADMIN_TOKEN: token,
      PATH_TOKEN: token,
      RTC_APPS: 'app:secret',
      ...urls,
      ...others,
    }
    for (const name of secretVariables) {
      const value = values[name] ?? url
      const beside = name === 'FORWARD_URL' ? { FORWARD_SECRET } : {}
      const fromFile = await loadConfig({ ...beside, [`${name}_FILE`]: await file(`${value}\n`) })
      expect(JSON.stringify(fromFile)).toBe(JSON.stringify(await loadConfig({ ...beside, [name]: value })))
      expect(JSON.stringify(fromFile)).not.toBe(JSON.stringify(await loadConfig(beside)))
    }
  })

  test('a file that is not there, one beside the variable, and a bad value in one', async () => {
    expect(await errorOf({ PATH_TOKEN_FILE: join(directory, 'none') })).toBe('PATH_TOKEN_FILE cannot be read (ENOENT)')
    const both = { PATH_TOKEN: token, PATH_TOKEN_FILE: await file(token) }
    expect(await errorOf(both)).toMatch(/^PATH_TOKEN and PATH_TOKEN_FILE/)
    expect(await errorOf({ PATH_TOKEN_FILE: await file('short') })).toMatch(/^PATH_TOKEN /)
  })

  test('an empty file is no lock: the start says so', async () => {
    expect(await errorOf({ HOST: '0.0.0.0', PATH_TOKEN_FILE: await file('\n') })).toMatch(/PATH_TOKEN/)
  })
})

test('the program ends with 78 and writes one line a variable to standard error', async () => {
  const env = { PORT: 'eighty', ADMIN_TOKEN: 'short' }
  const program = await spawnProgram({ database: { url: 'postgres://nobody@127.0.0.1:1/none' }, env })
  const { code, stdout, stderr } = await program.exited
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
  expect(stderr).toMatch(/^rtc-receiver: PORT is not valid.*\nADMIN_TOKEN is not valid.*\n$/)
  expect(stderr).not.toMatch(/eighty|'short'/)
})
