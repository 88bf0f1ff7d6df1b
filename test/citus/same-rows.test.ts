import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import * as calls from '../../src/store/page/calls.ts'
import { lookUp, readRefOfSession } from '../../src/store/page/look-ups.ts'
import { readOpenReasons } from '../../src/store/page/quarantine.ts'
import * as reconciliation from '../../src/store/page/reconciliation.ts'
import * as statistics from '../../src/store/page/statistics.ts'
import { withClient } from '../../src/store/pool.ts'
import { makeRoles } from '../../src/store/roles.ts'
import type { Queryable } from '../../src/store/statement.ts'
import { tidyStatistics } from '../../src/store/statistics.ts'
import { insertDayOfCalls } from '../store/day-of-calls.ts'
import { storeDay } from '../store/scripted-day.ts'
import { emptyDatabase, freshDatabase, type TestDatabase } from '../support/database.ts'

// The same facts, with the same keys, on one Postgres and on the cluster; asked as people ask, who own nothing. What
// docs/queries.md says that its queries give is held against the cluster by test/store/documents.test.ts.

const login = `rtc_test_reader_${randomBytes(4).toString('hex')}`
const now = new Date()
const clients: { plain: pg.Client; citus: pg.Client } = {} as never

beforeAll(async () => {
  // First, so that roles are made on all nodes.
  clients.citus = await filled(await freshDatabase())
  const plain = await emptyDatabase()
  await migrate({ databaseUrl: plain.url })
  clients.plain = await filled(plain)
}, 180_000)

afterAll(async () => {
  await Promise.all(Object.values(clients).map((client) => client.end()))
})

async function filled({ pool, url }: TestDatabase): Promise<pg.Client> {
  await pool.query(`UPDATE rtc.keys SET key = sha256(purpose::bytea)`)
  await storeDay(pool)
  await insertDayOfCalls(pool, { now, calls: 600 })
  while (await withClient(pool, tidyStatistics));
  await withClient(pool, makeRoles)
  await pool.query(`DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${login}') THEN
      CREATE ROLE ${login} LOGIN PASSWORD 'test' IN ROLE rtc_ops, rtc_support;
    END IF; END $$`)
  const address = new URL(url)
  address.username = login
  address.password = 'test'
  const client = new pg.Client({ connectionString: address.href })
  await client.connect()
  await client.query("SET TimeZone = 'UTC'")
  return client
}

/** What depends on when the rows were written, and not on what was stored. */
const written = new Set([
  'folded_at',
  'version',
  'stored_at',
  'newest_fact_at',
  'newest_folded_at',
  'changed_at',
  'asked_at',
  'seconds',
])

function comparable(value: unknown): string {
  return JSON.stringify(value, (name, member) => (written.has(name) ? undefined : member))
}

async function same(ask: (client: pg.Client) => Promise<unknown>, ordered = false): Promise<void> {
  const [plain, citus] = await Promise.all([ask(clients.plain), ask(clients.citus)])
  const lines = (rows: unknown) => {
    const all = (Array.isArray(rows) ? rows : [rows]).map(comparable)
    return ordered ? all : all.sort()
  }
  expect(lines(citus)).toEqual(lines(plain))
}

const rows = (sql: string) => async (client: pg.Client) => (await client.query(sql)).rows

test('every table and view of ops that does not refuse', { timeout: 120_000 }, async () => {
  const { rows: found } = await clients.plain.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relnamespace = 'ops'::regnamespace AND c.relkind IN ('r', 'v')
      AND c.relname NOT IN ('events', 'cdrs', 'placed_calls') ORDER BY 1`,
  )
  expect(found.length).toBeGreaterThan(30)
  for (const { name } of found) await same(rows(`SELECT * FROM ${name}`))
})

test('facts by functions are what the views of one Postgres show', async () => {
  const all = "'-infinity', 'infinity', 1000000"
  for (const name of ['events', 'cdrs']) {
    await same(rows(`SELECT * FROM ops.${name}_between(${all})`))
    const { rows: viewed } = await clients.plain.query(`SELECT * FROM ops.${name}`)
    const { rows: shown } = await clients.citus.query(`SELECT * FROM ops.${name}_between(${all})`)
    expect(viewed.length).toBeGreaterThan(20)
    expect(shown.map(comparable).sort()).toEqual(viewed.map(comparable).sort())
  }
})

describe('questions', () => {
  test.each([
    [
      'statistics by hour',
      `SELECT * FROM ops.call_stats(date_trunc('hour', now()) - interval '1 day', date_trunc('hour', now()), 'hour', 'UTC', '{}')`,
    ],
    [
      'statistics of odd times',
      `SELECT * FROM ops.call_stats(timestamptz '${now.toISOString()}' - interval '20 hours 7 minutes', '${now.toISOString()}')`,
    ],
    [
      'statistics of short buckets in a zone of half hours',
      `SELECT * FROM ops.call_stats(date_trunc('hour', now()) - interval '6 hours', date_trunc('hour', now()), '15 minutes', 'Asia/Kolkata')`,
    ],
    ['statistics of everything', `SELECT * FROM ops.call_stats('-infinity', 'infinity', 'month')`],
    ['failures', `SELECT * FROM ops.failures('-infinity', 'infinity')`],
    [
      'failures of odd times',
      `SELECT * FROM ops.failures(timestamptz '${now.toISOString()}' - interval '20 hours 7 minutes', '${now.toISOString()}')`,
    ],
    ['frequent callees', `SELECT * FROM ops.frequent_callees('-infinity', 'infinity')`],
    ['calls of a number', `SELECT c.* FROM ops.calls_of('13900000022') JOIN ops.calls c USING (call_ref)`],
    ['calls by userData', `SELECT c.* FROM ops.calls_by_user_data('order-77') JOIN ops.calls c USING (call_ref)`],
    [
      'calls of the same callee',
      `SELECT * FROM ops.calls WHERE b_ref = (SELECT b_ref FROM ops.calls WHERE session_id = 'callback-answered')`,
    ],
    [
      'a percentile',
      `SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY ring_seconds) FROM ops.calls WHERE started_at < '${now.toISOString()}'`,
    ],
    [
      'reasons of calls not answered',
      `SELECT outcome, reason_en, count(*) FROM ops.calls WHERE outcome <> 'answered' GROUP BY 1, 2`,
    ],
    [
      'calls by day',
      `SELECT (started_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) FROM ops.calls GROUP BY 1`,
    ],
    ['applications of calls', `SELECT DISTINCT app_key, scenario FROM ops.calls`],
    ['events of a session', `SELECT * FROM ops.events_of('callback-answered')`],
    ['events of a session whose id is hidden', `SELECT * FROM ops.events_of('+8613800000031_+8613800000099_4_ab12cd')`],
    ['CDRs of a corrected call', `SELECT * FROM ops.cdrs_of('corrected')`],
  ])('%s', (_, sql) => same(rows(sql)))
})

const period = {
  from: new Date(now.getTime() - 26 * 3_600_000),
  to: now,
  bucket: '15 minutes',
  timeZone: 'Asia/Shanghai',
}

describe('the page', () => {
  test('lists and single calls', async () => {
    await same((client) => calls.readCalls(client, {}, 200), true)
    await same((client) => calls.readCalls(client, { outcomes: ['busy', 'failed'], from: period.from }, 50), true)
    await same((client) => calls.readCalls(client, { reason: { source: 'Q.850', code: 17 } }, 50), true)
    await same((client) => calls.readCalls(client, { live: true }, 50), true)
    const refs = (await calls.readCalls(clients.plain, {}, 25)).map(({ call_ref }) => call_ref)
    const ofSession = await readRefOfSession(clients.citus, 'corrected')
    for (const ref of [...refs, ofSession as string]) {
      await same((client) => calls.readCall(client, ref))
      await same((client) => calls.readLegs(client, ref), true)
      await same(async (client) => calls.readEvents(client, (await calls.readCall(client, ref)) as calls.Call, 100))
      await same((client) => calls.readCdrs(client, ref, 100), true)
      await same((client) => calls.readBillChanges(client, ref), true)
    }
    await same((client) => lookUp(client, 'number', '13900000022', 50), true)
    await same((client) => lookUp(client, 'session', '+8613800000031_+8613800000099_4_ab12cd', 50), true)
  })

  const panels: [string, (client: Queryable) => Promise<unknown>][] = [
    ['calls', (client) => statistics.readCallStats(client, period)],
    ['totals', (client) => statistics.readCallTotals(client, period)],
    ['durations', (client) => statistics.readDurations(client, period)],
    ['reasons', (client) => statistics.readFailures(client, period, 20)],
    ['records by hour', (client) => statistics.readHourlyRecords(client, period)],
    ['records', (client) => statistics.readRecords(client, period)],
    ['delays by hour', (client) => statistics.readHourlyDelays(client, period)],
    ['delays', (client) => statistics.readDelays(client, period)],
    ['peaks', (client) => statistics.readPeaks(client, period)],
    ['live calls', (client) => statistics.readLive(client)],
    ['missing CDRs', (client) => reconciliation.readMissingCdrs(client, 50)],
    ['silence', (client) => reconciliation.readSilence(client, 48)],
    ['subscriptions', (client) => reconciliation.readSubscriptions(client)],
    ['quarantine', (client) => readOpenReasons(client)],
  ]
  test.each(panels)('%s', (_, ask) => same(ask))
})
