import { describe, expect, test } from 'vitest'
import { bannerLines, welcome } from '../../src/commands/banner.ts'
import { linesText } from '../../src/commands/output.ts'
import { loadConfig } from '../../src/config/config.ts'

const service = { url: 'http://127.0.0.1:3000', adminUrl: 'http://127.0.0.1:3001' }
const embedded = {
  url: 'postgresql://rtc:tops3cret@127.0.0.1:5433/rtc',
  adopted: false,
  pid: 1,
  directory: '/srv/data/postgres',
  movedBecause: undefined,
  psql: 'PGPASSFILE=/srv/data/postgres/cluster/pgpass psql',
  stop: async () => {},
}
const DATABASE_URL = 'postgres://rtc:tops3cret@127.0.0.1/rtc'

async function shown(env: Record<string, string>, found: typeof embedded | object | undefined): Promise<string> {
  const config = await loadConfig({ DATA_DIR: '/srv/data', ...env })
  return linesText(bannerLines(config, { ...service, embedded: found as typeof embedded | undefined }), false)
}

describe('it says where the data is', () => {
  test('under DATA_DIR', async () => {
    expect(await shown({}, embedded)).toMatch(/^ {2}data {7}\/srv\/data$/m)
  })

  test('somewhere else, and why', async () => {
    const moved = { ...embedded, directory: '/var/lib/x', movedBecause: 'nobody may enter' }
    expect(await shown({}, moved)).toMatch(
      /^ {2}data {7}\/var\/lib\/x, and the spool in \/srv\/data\n {13}because nobody may enter$/m,
    )
  })

  test('while Postgres is still starting', async () => {
    expect(await shown({}, undefined)).toMatch(/^ {2}data {7}\/srv\/data: Postgres is still starting/m)
  })

  test('in a Postgres of one’s own, without its password', async () => {
    const text = await shown({ DATABASE_URL }, undefined)
    expect(text).toMatch(/^ {2}data {7}in the Postgres of DATABASE_URL; spool in \/srv\/data$/m)
    expect(text).not.toContain('tops3cret')
  })
})

test('a path token is not shown', async () => {
  const PATH_TOKEN = 'ThePathToken-0123456789'
  expect(await shown({ PATH_TOKEN }, embedded)).toMatch(
    /statusUrl {2}http:\/\/127\.0\.0\.1:3000\/rtc\/PATH_TOKEN\/status/,
  )
})

test.each([
  ['with the embedded Postgres, into a pipe', {}, false, true],
  ['with the embedded Postgres, on a terminal', {}, true, true],
  ['with DATABASE_URL, on a terminal', { DATABASE_URL }, true, true],
  ['with DATABASE_URL, into a pipe', { DATABASE_URL }, false, false],
])('%s, also while the embedded Postgres is still starting', async (_name, env, isTTY, expected) => {
  const written: string[] = []
  const stream = { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  const stop = async () => true
  welcome(await loadConfig(env), { ...service, embedded: undefined, stop }, stream)
  expect(written.length > 0).toBe(expected)
})
