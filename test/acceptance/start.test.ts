import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { event } from '../support/callbacks.ts'
import { emptyDatabase, freshDatabase } from '../support/database.ts'
import { ACCEPTED, send } from '../support/http.ts'
import { cli, eventually, type Program, spawnProgram, startProgram, temporaryDataDir } from '../support/program.ts'

async function post({ url }: Program, name: string): Promise<void> {
  const answer = await send(`${url}/rtc/status`, event(name))
  expect([answer.status, answer.body]).toEqual([200, ACCEPTED])
}

async function readiness({ adminUrl }: Program): Promise<{ degraded: string[] }> {
  return JSON.parse((await send(`${adminUrl}/readyz`, undefined, { method: 'GET' })).body)
}

const count = 'SELECT count(*)::int AS n FROM rtc.call_events'

test('two receivers that start at once on an empty database both come up, and migrate it once', async () => {
  const database = await emptyDatabase()
  const both = await Promise.all([startProgram({ database }), startProgram({ database })])
  for (const program of both) {
    await post(program, 'same')
    await eventually(
      () => readiness(program),
      ({ degraded }) => degraded.length === 0,
    )
    expect(program.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  }
  await eventually(
    async () => (await database.pool.query(count)).rows[0].n,
    (n) => n === 1,
  )
  const { rows } = await database.pool.query('SELECT name, count(*)::int AS times FROM rtc.migrations GROUP BY name')
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.every(({ times }) => times === 1)).toBe(true)
})

test('MIGRATE=manual: taken while migrations are pending, stored once somebody ran them', async () => {
  const database = await emptyDatabase()
  const program = await startProgram({ database, connected: false, env: { MIGRATE: 'manual' } })
  await post(program, 'early')
  await eventually(
    () => readiness(program),
    ({ degraded }) => degraded.length === 1 && /migrations are pending/.test(degraded[0] ?? ''),
  )
  expect(program.lines.filter(({ level }) => level === 'error').map(({ err }) => err)).toContainEqual(
    expect.objectContaining({ message: expect.stringMatching(/run rtc-receiver migrate/) }),
  )
  const migrate = await cli(['migrate'], { env: program.env })
  expect(migrate).toMatchObject({ code: 0, stderr: '' })
  await eventually(
    async () => (await database.pool.query(count)).rows[0].n,
    (n) => n === 1,
  )
})

test('a second receiver on the same DATA_DIR ends with a line that says why', async () => {
  const database = await freshDatabase()
  const first = await startProgram({ database })
  const second = await spawnProgram({ database, dataDir: first.dataDir })
  const { code, stderr } = await second.exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/^rtc-receiver: .*(spool|DATA_DIR).*\n$/)
  await post(first, 'not disturbed')
})

test.each(['PORT', 'ADMIN_PORT'])(
  '%s that is taken: it ends with a line that names it, before a Postgres is made',
  async (name) => {
    const squatter = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void squatter.close())
    await once(squatter, 'listening')
    const { port } = squatter.address() as AddressInfo
    const program = await spawnProgram({ database: 'embedded', env: { [name]: String(port) } })
    const { code, stderr } = await program.exited
    expect(code).toBe(1)
    expect(stderr).toBe(
      `rtc-receiver: ${name} ${port} is taken on 127.0.0.1 (EADDRINUSE): end the other program, or set another ${name}\n`,
    )
    expect(await readdir(program.dataDir)).toEqual(['spool'])
  },
)

test('what is stored is in DATA_DIR, which the start names, and is gone with it', async () => {
  const parent = await temporaryDataDir()
  const dataDir = join(parent, 'made', 'by the start')
  // Whatever the umask: as root, Postgres runs as another user, whom nothing that we make may keep out.
  const umask = process.umask(0o077)
  const first = await startProgram({ database: 'embedded', dataDir }).finally(() => process.umask(umask))
  await post(first, 'kept')
  // Undefined while Postgres is still being made.
  const events = async ({ env }: Program) => {
    const { code, stdout } = await cli(['sql', 'SELECT count(*)::int AS n FROM ops.events', '--json'], { env })
    return code === 0 ? JSON.parse(stdout)[0].n : undefined
  }
  await eventually(
    () => events(first),
    (n) => n === 1,
  )
  const named = first
    .output()
    .split('\n')
    .find((line) => line.startsWith('  data '))
  expect([dataDir, `${dataDir}: Postgres is still starting, callbacks wait in the spool`]).toContain(named?.slice(13))
  first.signal('SIGINT')
  expect((await first.exited).code).toBe(0)
  expect(existsSync(join(dataDir, 'postgres', 'cluster', 'data', 'PG_VERSION'))).toBe(true)
  expect((await stat(join(dataDir, 'spool'))).mode & 0o777).toBe(0o700)
  await rm(dataDir, { recursive: true })
  const second = await startProgram({ database: 'embedded', dataDir })
  await eventually(
    () => events(second),
    (n) => n === 0,
  )
  second.signal('SIGINT')
  expect((await second.exited).code).toBe(0)
})

test.each(['HOST', 'ADMIN_HOST'])('%s that is not of this machine is named', async (name) => {
  const env = { [name]: '192.0.2.1', RTC_AUTH: 'off', ADMIN_TOKEN: 'a-token-of-16-chars' }
  const { code, stderr } = await (await spawnProgram({ database: 'embedded', env })).exited
  expect(code).toBe(1)
  expect(stderr).toBe(`rtc-receiver: ${name} 192.0.2.1 cannot be listened on (EADDRNOTAVAIL)\n`)
})

test('a callback that comes while the embedded Postgres is being made is taken, and stored once it is there', async () => {
  const squatter = createServer().listen(0, '127.0.0.1')
  await once(squatter, 'listening')
  const { port } = squatter.address() as AddressInfo
  squatter.close()
  const program = await spawnProgram({ database: 'embedded', env: { PORT: String(port) } })
  const url = `http://127.0.0.1:${port}`
  await eventually(
    () => send(`${url}/rtc/status`, event('early')).catch(() => undefined),
    (answer) => answer?.status === 200,
  )
  expect(program.lines.some(({ msg }) => msg === 'listening')).toBe(false)
  await program.logged('listening')
  const { env } = program
  await eventually(
    () => cli(['sql', 'SELECT count(*)::int AS n FROM ops.events', '--json'], { env }),
    ({ code, stdout }) => code === 0 && JSON.parse(stdout)[0].n === 1,
  )
})

// Nobody, not even root, can make a directory there.
test.runIf(process.platform === 'linux')(
  'a DATA_DIR that cannot be made: callbacks are taken while Postgres is there, and it is told',
  async () => {
    const program = await startProgram({ dataDir: '/sys/none/data' })
    await post(program, 'no spool')
    expect((await readiness(program)).degraded).toEqual(['the spool cannot be written'])
    expect(program.lines).toContainEqual(
      expect.objectContaining({ level: 'error', msg: 'the spool cannot be written' }),
    )
  },
)

test('a DATA_DIR that is no directory: it ends with a line that names it', async () => {
  const program = await spawnProgram({ database: { url: 'postgres://nobody@127.0.0.1:1/none' }, dataDir: '/dev/null' })
  const { code, stderr } = await program.exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/^rtc-receiver: .*\/dev\/null\/spool.*\n$/)
})
