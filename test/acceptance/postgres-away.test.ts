import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asWriter } from '../support/as-writer.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACCEPTED, concurrently, send } from '../support/http.ts'
import { ledger, scrape, sum } from '../support/metrics.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { eventually, type Program, startProgram } from '../support/program.ts'
import { countRows, readTables } from '../support/tables.ts'

asWriter()

const nowhere = { host: '127.0.0.1', port: 1 }
let database: TestDatabase
let relay: PostgresRelay

beforeAll(async () => {
  database = await freshDatabase()
  relay = await PostgresRelay.start(nowhere)
})

afterAll(() => relay.stop())

/** Where Postgres really is, and its URL by way of the relay. */
function addresses(): { real: { host: string; port: number }; relayed: { url: string } } {
  const url = new URL(database.url)
  const real = { host: url.hostname, port: Number(url.port || 5432) }
  url.hostname = '127.0.0.1'
  url.port = String(relay.port)
  return { real, relayed: { url: url.href } }
}

async function readiness({ adminUrl }: Program): Promise<{ code: number; status: string; degraded: string[] }> {
  const { status: code, body } = await send(`${adminUrl}/readyz`, undefined, { method: 'GET' })
  return { code, ...JSON.parse(body) }
}

async function post({ url }: Program, body: object): Promise<void> {
  const answer = await send(`${url}/rtc/fee`, body)
  expect([answer.status, answer.body]).toEqual([200, ACCEPTED])
}

test('taken without Postgres, killed, started again, stored once when Postgres comes', async () => {
  const { real, relayed } = addresses()
  const first = await startProgram({ database: relayed, connected: false })
  expect(await readiness(first)).toMatchObject({
    code: 200,
    status: 'ready',
    degraded: [expect.stringContaining('Postgres is away')],
  })
  await post(first, event('away', { timestamp: '2019-01-24  03:04:24' }))
  await post(first, fee(cdr('away'), cdr(undefined), cdr('also away')))
  await post(first, fee(cdr('away')))
  // A body that is refused is kept all the same.
  expect((await send(`${first.url}/rtc/fee`, 'rubbish')).status).toBe(400)
  const spooled = await scrape(first.adminUrl)
  expect(sum(spooled, 'rtc_spool_records')).toBe(6)
  expect(sum(spooled, 'rtc_records_total', { outcome: 'spooled', via: 'live' })).toBe(6)
  first.signal('SIGKILL')
  await first.exited

  expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 0, quarantine: 0 })

  relay.target = real
  const second = await startProgram({ database: relayed, dataDir: first.dataDir })
  expect(sum(await scrape(second.adminUrl), 'rtc_spool_start_records')).toBe(6)
  await eventually(
    async () => sum(await scrape(second.adminUrl), 'rtc_spool_records'),
    (records) => records === 0,
  )
  const { call_events, cdrs, quarantine } = await readTables(database.pool)
  expect(call_events).toMatchObject([{ session_id: 'away', occurred_at: '2019-01-24T03:04:24+00:00' }])
  expect(cdrs.map(({ session_id }) => session_id)).toEqual(['also away', 'away'])
  const reasons = quarantine.map(({ reason, record_index }) => ({ reason, record_index }))
  expect(reasons).toHaveLength(2)
  expect(reasons).toContainEqual({ reason: 'missing_session_id', record_index: 1 })
  expect(reasons).toContainEqual({ reason: 'invalid_json' })
  await eventually(
    () => readiness(second),
    ({ code, degraded }) => code === 200 && degraded.length === 0,
  )
  const now = await scrape(second.adminUrl)
  expect(sum(now, 'rtc_records_total', { via: 'spool', outcome: 'stored' })).toBe(3)
  expect(sum(now, 'rtc_records_total', { via: 'spool', outcome: 'duplicate' })).toBe(1)
  expect(sum(now, 'rtc_records_total', { via: 'spool', outcome: 'quarantined' })).toBe(2)
  second.signal('SIGTERM')
  expect((await second.exited).code).toBe(0)
}, 120_000)

test('lost in the middle of work and back: every answer is 200, every record is there once', async () => {
  const { real, relayed } = addresses()
  await database.pool.query('TRUNCATE rtc.call_events, rtc.cdrs, rtc.quarantine')
  relay.target = real
  const program = await startProgram({ database: relayed, env: { COMMIT_DEADLINE_MS: '1000' } })
  await concurrently(16, Array(300).keys(), async (n) => {
    await post(program, n % 3 === 0 ? event(`work-${n}`) : fee(cdr(`work-${n}-a`), cdr(`work-${n}-b`)))
    if (n === 100) {
      relay.target = nowhere
      relay.reset()
    }
    if (n === 200) relay.target = real
  })
  await eventually(
    async () => sum(await scrape(program.adminUrl), 'rtc_spool_records'),
    (records) => records === 0,
  )
  expect(await countRows(database.pool)).toEqual({ call_events: 100, cdrs: 400, quarantine: 0 })
  const { received, accounted, spooled, spoolAccounted } = ledger(await scrape(program.adminUrl))
  expect([received, spooled]).toEqual([accounted, spoolAccounted])
  expect(received).toBe(500)
  expect(spooled).toBeGreaterThan(0)
}, 120_000)

test('read-only, as after a failover: taken, and stored when it can be written again', async () => {
  const { real, relayed } = addresses()
  relay.target = real
  const name = new URL(database.url).pathname.slice(1)
  const program = await startProgram({ database: relayed })
  await database.pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  relay.reset()
  await post(program, event('read-only'))
  await database.pool.query(`BEGIN READ WRITE; ALTER DATABASE ${name} RESET default_transaction_read_only; COMMIT`)
  const stored = `SELECT FROM rtc.call_events WHERE session_id = 'read-only'`
  await eventually(
    async () => (await database.pool.query(stored)).rowCount,
    (rows) => rows === 1,
  )
  expect(program.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
})

test('a database that does not exist, and a wrong password, are loud and named, and callbacks are taken', async () => {
  const unknown = new URL(database.url)
  unknown.pathname = '/no_such_database'
  const unwelcome = new URL(database.url)
  unwelcome.password = 'wrong'
  // A server may trust whoever comes from this machine.
  const asksPassword = await new pg.Client({ connectionString: unwelcome.href }).connect().then(
    () => false,
    () => true,
  )
  const expected = [
    { url: unknown.href, code: '3D000', says: /database "no_such_database" does not exist/ },
    { url: unwelcome.href, code: '28P01', says: /password authentication failed/ },
  ].slice(0, asksPassword ? 2 : 1)
  await Promise.all(
    expected.map(async ({ url, code, says }) => {
      const program = await startProgram({ database: { url }, connected: false })
      await program.logged('Postgres cannot be written to')
      const line = program.lines.find(({ err }) => (err as { code?: string } | undefined)?.code === code)
      expect(line).toMatchObject({ level: 'error', err: { code, message: expect.stringMatching(says) } })
      expect(await readiness(program)).toMatchObject({ code: 200, degraded: [expect.stringMatching(says)] })
      await post(program, event('taken'))
      expect(program.output()).not.toContain('wrong')
    }),
  )
}, 120_000)
