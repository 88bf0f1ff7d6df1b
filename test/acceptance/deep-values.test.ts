import { afterAll, beforeAll, expect, test } from 'vitest'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { send } from '../support/http.ts'
import { ledger, scrape, sum } from '../support/metrics.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { cli, eventually, type Program, startProgram } from '../support/program.ts'

/** The deeper one of live overflowed JSON.stringify, that of the spool code that recursed into a record. */
const depths = { live: [900, 200_000], spooled: [3_500] }

const shapes: Record<string, (depth: number) => string> = {
  arrays: (depth) => '['.repeat(depth) + ']'.repeat(depth),
  objects: (depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
  mixture: (depth) => `${'[{"b":0,"a":'.repeat(depth / 2)}"x"${'}]'.repeat(depth / 2)}`,
}

/** Where a deep value may stand; `?` is its place. In those that are taken a good record of session `id` stands beside it. */
const places: Record<string, { body: (id: string) => unknown; status: number; good?: 'cdrs' | 'call_events' }> = {
  'an element of feeLst': { body: (id) => fee('?', cdr(id)), status: 200, good: 'cdrs' },
  'an unknown field of a CDR': { body: (id) => fee(cdr(id), cdr('deep', { x: '?' })), status: 200, good: 'cdrs' },
  'a text field of a CDR': { body: (id) => fee(cdr(id), cdr('deep', { callerNum: '?' })), status: 200, good: 'cdrs' },
  'the key time of a CDR': { body: (id) => fee(cdr('deep', { callEndTime: '?' }), cdr(id)), status: 200, good: 'cdrs' },
  'the session id of a CDR': { body: (id) => fee(cdr('?'), cdr(id)), status: 200, good: 'cdrs' },
  'several records': {
    body: (id) => fee(cdr('deep', { x: '?' }), '?', cdr(id), cdr('?')),
    status: 200,
    good: 'cdrs',
  },
  feeLst: { body: () => ({ eventType: 'fee', feeLst: '?' }), status: 200 },
  'beside feeLst': { body: (id) => ({ ...fee(cdr(id)), more: '?' }), status: 200, good: 'cdrs' },
  'a field of an event': { body: () => event('deep', { caller: '?' }), status: 200 },
  'an unknown field of an event': { body: () => event('deep', { x: '?' }), status: 200 },
  'beside statusInfo': { body: () => ({ ...event('deep'), more: '?' }), status: 200 },
  'a notice': { body: () => ({ eventType: 'numStatus', numInfo: ['?'] }), status: 200 },
  'the event type': { body: () => ({ eventType: '?', statusInfo: {} }), status: 400 },
  'an SMS event': { body: () => ({ smsEvent: '?' }), status: 400 },
  'the whole body': { body: () => '?', status: 400 },
}

let database: TestDatabase
let relay: PostgresRelay
let program: Program
let sent = 0
const good: string[] = []

beforeAll(async () => {
  database = await freshDatabase()
  const url = new URL(database.url)
  relay = await PostgresRelay.start({ host: url.hostname, port: Number(url.port || 5432) })
  Object.assign(url, { hostname: '127.0.0.1', port: relay.port })
  program = await startProgram({
    database: { url: url.href },
    env: { BODY_LIMIT: '8 MiB', COMMIT_DEADLINE_MS: '5000' },
  })
})

afterAll(() => relay.stop())

/** Every shape in every place, each answered as it should be, and none slowly. */
async function postAll(depths: readonly number[]): Promise<void> {
  for (const [name, shape] of Object.entries(shapes))
    for (const depth of depths)
      for (const [place, { body, status, good: table }] of Object.entries(places)) {
        const id = `good-${++sent}`
        if (table) good.push(id)
        const value = shape(depth)
        const text = JSON.stringify(body(id)).replaceAll('"?"', () => value)
        const answer = await send(`${program.url}/rtc/fee`, text)
        expect([name, depth, place, answer.status]).toEqual([name, depth, place, status])
      }
}

async function expectAllGood(): Promise<void> {
  await eventually(
    async () => sum(await scrape(program.adminUrl), 'rtc_spool_records'),
    (records) => records === 0,
  )
  const { rows } = await database.pool.query('SELECT session_id FROM rtc.cdrs ORDER BY length(session_id), session_id')
  expect(rows.map(({ session_id }) => session_id)).toEqual(good)
  const now = await scrape(program.adminUrl)
  const { received, accounted, spooled, spoolAccounted } = ledger(now)
  expect([received, spooled]).toEqual([accounted, spoolAccounted])
  expect(sum(now, 'rtc_spool_set_aside_total')).toBe(0)
  expect(sum(now, 'rtc_records_total', { outcome: 'refused' })).toBe(0)
  expect(program.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
}

test('with Postgres there: the good records are stored, the deep ones are in quarantine', async () => {
  await postAll(depths.live)
  await expectAllGood()
  const { rows } = await database.pool.query(
    'SELECT kind, count(*)::int AS entries FROM rtc.quarantine GROUP BY 1 ORDER BY 1',
  )
  expect(rows).toEqual([
    { kind: 'fee', entries: 42 },
    { kind: 'notice', entries: 6 },
    { kind: 'status', entries: 18 },
    { kind: 'unknown', entries: 18 },
  ])
}, 300_000)

test('with Postgres away, and back: the same, and nothing stays in the spool', async () => {
  relay.target = { host: '127.0.0.1', port: 1 }
  relay.reset()
  await postAll(depths.spooled)
  const url = new URL(database.url)
  relay.target = { host: url.hostname, port: Number(url.port || 5432) }
  await expectAllGood()
}, 300_000)

test('commands over all of it go through all of it', async () => {
  const { code, stdout, stderr } = await cli(['quarantine', 'replay', '--reason', 'too_deep'], { env: program.env })
  const lines = stdout.trimEnd().split('\n')
  expect(code).toBe(1)
  expect(stderr).toMatch(new RegExp(`^rtc-receiver: ${lines.length} of ${lines.length} entries are unchanged\n$`))
  expect(lines.length).toBeGreaterThan(50)
  for (const line of lines) expect(line).toMatch(/^\d+: unchanged, .*nested more than 32 deep/)
  const shown = await cli(['quarantine', 'show', (lines[0] as string).split(':')[0] as string], { env: program.env })
  expect(shown).toMatchObject({ code: 0, stderr: '' })
})
