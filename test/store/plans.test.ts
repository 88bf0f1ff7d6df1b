import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

/** Forty days, a call every three minutes: enough for indexes to pay. */
const calls = 20_000

let client: pg.PoolClient

beforeAll(async () => {
  const { pool } = await freshDatabase()
  client = await pool.connect()
  for (const month of ['01', '02'])
    for (const table of ['cdrs', 'call_events'])
      await client.query('SELECT rtc.ensure_period($1, $2, $3)', [table, `2026-${month}-01Z`, 'month'])
  await client.query(`SET TimeZone = 'UTC'; SET jit = off;
    CREATE TEMP TABLE call AS
      SELECT n, timestamptz '2026-01-01 00:00Z' + n * interval '3 minutes' AS at, ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid AS ref,
        '1201_' || n || '_4294967295_20260101000000@host.example' AS session_id, CASE WHEN n % 500 = 7 THEN 'rare' ELSE 'app-' || n % 5 END AS app, n % 3 = 0 AS is_answered
      FROM generate_series(1, ${calls}) AS n;
    INSERT INTO ops.calls (call_ref, session_id, app_key, bind_num, a_number, a_ref, b_ref, user_data_ref, started_at, a_started_at, ended_at,
        bill_day, talk_seconds, first_received_at, last_received_at, cdr_received_at, outcome, is_live, end_seen, is_finished, is_effective,
        reason_source, reason_code, reason_en, digit_count, recording, a_minutes, b_minutes, minutes_estimated, event_count, cdr_count, version, recheck_at, folded_at)
      SELECT ref, session_id, app, '+8675512345' || n % 700, '+86138****0021', md5('a' || n % 9000), md5('b' || n % 9000), md5('u' || n), at, at,
        CASE WHEN n < ${calls} - 20 THEN at + interval '1 minute' END, ((at + interval '1 minute') AT TIME ZONE 'Asia/Shanghai')::date,
        CASE WHEN is_answered THEN CASE WHEN n % 999 = 0 THEN 4000 ELSE 50 END END,
        at, at + interval '1 minute', at + interval '2 minutes', CASE WHEN is_answered THEN 'answered' WHEN n % 500 = 1 THEN 'rejected' ELSE 'busy' END,
        n >= ${calls} - 20, n < ${calls} - 20, n < ${calls} - 20, true,
        'Q.850', CASE WHEN is_answered THEN 0 WHEN n % 500 = 1 THEN 21 ELSE 17 END, 'user busy', CASE WHEN n % 300 = 0 THEN 1 END,
        CASE WHEN n % 300 = 0 THEN 'there' ELSE 'none' END, 1, 0, false, CASE WHEN n % 500 = 3 THEN 0 ELSE 3 END,
        CASE WHEN n % 500 = 2 OR n >= ${calls} - 20 THEN 0 WHEN n % 500 = 4 THEN 2 ELSE 1 END, 1, CASE WHEN n > ${calls} - 50 THEN at END, at
      FROM call;
    INSERT INTO rtc.calls_private (call_ref, session_id, folded_at, facts_from) SELECT ref, session_id, at, at FROM call;
    INSERT INTO rtc.cdrs (cdr_time, received_at, session_id, app_key, callee_num)
      SELECT at + interval '1 minute', at + interval '2 minutes', session_id, app, '+8613800000021' FROM call;
    INSERT INTO rtc.call_events (occurred_at, received_at, event_key, session_id, event_type, called)
      SELECT at + step * interval '20 seconds', at, gen_random_uuid(), session_id, (ARRAY['callout', 'answer', 'disconnect'])[step + 1], '+8613800000021'
      FROM call, generate_series(0, 2) AS step`)
  // VACUUM runs in no transaction.
  for (const table of ['ops.calls', 'rtc.calls_private', 'rtc.cdrs', 'rtc.call_events'])
    await client.query(`VACUUM ANALYZE ${table}`)
  await client.query('SELECT rtc.recount_hour(hour) FROM (SELECT DISTINCT hour FROM ops.call_measures) h')
  // A day at a time, as it comes about.
  while ((await client.query('SELECT rtc.merge_counts(24) AS hours')).rows[0].hours > 0);
  for (const table of ['ops.call_counts', 'ops.delays']) await client.query(`VACUUM ANALYZE ${table}`)
})

afterAll(() => client.release())

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Loops': number
  'Actual Rows': number
  'Rows Removed by Filter'?: number
  Plans?: Node[]
}

/** Large tables that were read from one end to the other, the indexes that were used, and rows that were read in vain. */
async function plan(sql: string): Promise<{ scanned: string[]; indexes: string[]; removed: number }> {
  const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) ${sql}`)
  const scanned = new Set<string>()
  const indexes = new Set<string>()
  let removed = 0
  const visit = (node: Node) => {
    const name = node['Relation Name'] ?? ''
    const isLarge = /^(calls|calls_private|call_counts|delays|cdrs_2026_.*|call_events_2026_.*)$/.test(name)
    if (node['Node Type'] === 'Seq Scan' && isLarge && node['Actual Loops'] > 0) scanned.add(name)
    if (node['Index Name'] && node['Actual Loops'] > 0) indexes.add(node['Index Name'].replace(/_2026_\d\d/, ''))
    removed += (node['Rows Removed by Filter'] ?? 0) * node['Actual Loops']
    for (const child of node.Plans ?? []) visit(child)
  }
  visit(rows[0]['QUERY PLAN'][0].Plan)
  return { scanned: [...scanned], indexes: [...indexes], removed }
}

const session = (n: number) => `'1201_${n}_4294967295_20260101000000@host.example'`
const sessions = (count: number) => Array.from({ length: count }, (_, i) => session(i * 350 + 1)).join(', ')
const day = "started_at >= '2026-01-20 00:00Z' AND started_at < '2026-01-21 00:00Z'"
const ref = '00000000-0000-0000-0000-000000009000'

describe('look-ups read what they find', () => {
  test.each([
    ['a session', `SELECT * FROM ops.calls WHERE session_id = ${session(9000)}`, 'calls_session_id'],
    ['50 sessions', `SELECT * FROM ops.calls WHERE session_id IN (${sessions(50)})`, 'calls_session_id'],
    ['a call', `SELECT * FROM ops.calls WHERE call_ref = '${ref}'`, 'calls_pkey'],
    ['the newest calls', 'SELECT * FROM ops.calls ORDER BY started_at DESC LIMIT 50', 'calls_started_at'],
    [
      'the newest with an outcome',
      "SELECT * FROM ops.calls WHERE outcome = 'rejected' ORDER BY started_at DESC LIMIT 50",
      'calls_outcome',
    ],
    [
      'the newest with a reason',
      "SELECT * FROM ops.calls WHERE reason_source = 'Q.850' AND reason_code = 21 ORDER BY started_at DESC LIMIT 50",
      'calls_reason',
    ],
    [
      'the newest of an application',
      "SELECT * FROM ops.calls WHERE app_key = 'rare' ORDER BY started_at DESC LIMIT 50",
      'calls_app_key',
    ],
    [
      'the newest of a company number',
      "SELECT * FROM ops.calls WHERE bind_num = '+867551234513' ORDER BY started_at DESC LIMIT 50",
      'calls_bind_num',
    ],
    [
      'those of a caller',
      "SELECT * FROM ops.calls WHERE a_ref = md5('a7') ORDER BY started_at DESC LIMIT 50",
      'calls_a_ref',
    ],
    [
      'those of a callee',
      "SELECT * FROM ops.calls WHERE b_ref = md5('b7') ORDER BY started_at DESC LIMIT 50",
      'calls_b_ref',
    ],
    ['those of a userData', "SELECT * FROM ops.calls WHERE user_data_ref = md5('u7')", 'calls_user_data_ref'],
    [
      'those that ended in a minute',
      "SELECT * FROM ops.calls WHERE ended_at >= '2026-01-20 00:00Z' AND ended_at < '2026-01-20 00:01Z'",
      'calls_ended_at',
    ],
    ['those of a bill day', "SELECT call_ref FROM ops.calls WHERE bill_day = '2026-01-20'", 'calls_bill_day'],
    ['those of over an hour', 'SELECT * FROM ops.calls WHERE talk_seconds > 3600', 'calls_long'],
    ['those that go on', 'SELECT * FROM ops.live_calls ORDER BY started_at DESC LIMIT 50', 'calls_live'],
    ['legs of a session', `SELECT * FROM ops.legs WHERE session_id = ${session(9000)}`, 'calls_session_id'],
    ['missing CDRs', `SELECT * FROM ops.missing_cdrs WHERE ${day}`, 'calls_one_sided'],
    ['CDRs without events', `SELECT * FROM ops.cdrs_without_events WHERE ${day}`, 'calls_one_sided'],
    ['repeated CDRs', `SELECT * FROM ops.repeated_cdrs WHERE ${day}`, 'calls_repeated'],
    ['keys pressed', `SELECT * FROM ops.digit_inputs WHERE ${day}`, 'calls_digits'],
    ['recordings', `SELECT * FROM ops.recordings WHERE ${day}`, 'calls_recordings'],
    ['events of a session', `SELECT * FROM ops.events WHERE session_id = ${session(9000)}`, 'calls_session_id'],
    ['events of a call', `SELECT * FROM ops.events WHERE call_ref = '${ref}'`, 'calls_private_pkey'],
    ['the newest events', 'SELECT * FROM ops.events ORDER BY occurred_at DESC LIMIT 50', 'call_events_occurred_at_idx'],
    ['the newest CDRs', 'SELECT * FROM ops.cdrs ORDER BY cdr_time DESC LIMIT 50', 'cdrs_cdr_time_idx'],
    [
      'calls and events of 20 sessions',
      `SELECT c.outcome, e.event_type FROM ops.calls c JOIN ops.events e USING (call_ref) WHERE c.session_id IN (${sessions(20)})`,
      'calls_session_id',
    ],
  ])('%s', async (_what, sql, index) => {
    const { scanned, indexes, removed } = await plan(sql)
    expect(scanned).toEqual([])
    expect(indexes).toContain(index)
    expect(removed).toBeLessThan(300)
  })
})

describe('statistics of a range read the rows of that range', () => {
  const bill = "bill_day >= '2026-01-20' AND bill_day < '2026-01-22'"
  test.each([
    [
      'calls by the hour',
      "SELECT * FROM ops.calls_hourly WHERE hour >= '2026-01-20Z' AND hour < '2026-01-21Z'",
      'call_counts_hour',
    ],
    ['calls by the day', "SELECT * FROM ops.calls_hourly WHERE day = '2026-01-20'", 'call_counts_day'],
    ['failures', "SELECT * FROM ops.failures_daily WHERE day = '2026-01-20'", 'call_counts_day'],
    ['the bill', `SELECT * FROM ops.billing_daily WHERE ${bill}`, 'call_counts_bill_day'],
    ['delays by the day', "SELECT * FROM ops.callback_delay WHERE day = '2026-01-20'", 'delays_day'],
    [
      'delays by the hour',
      "SELECT * FROM ops.callback_delay WHERE hour >= '2026-01-20Z' AND hour < '2026-01-20 02:00Z'",
      'delays_hour',
    ],
    ['calls of a day', `SELECT reason_en, count(*) FROM ops.calls WHERE ${day} GROUP BY 1`, 'calls_started_at'],
    [
      'counts a day',
      `SELECT date_trunc('day', started_at), count(*) FROM ops.calls WHERE ${day} GROUP BY 1`,
      // Postgres 18 skips from outcome to outcome, which has fewer pages.
      expect.stringMatching(/^calls_(started_at|outcome)$/),
    ],
  ])('%s', async (_what, sql, index) => {
    const { scanned, indexes } = await plan(sql)
    expect(scanned).toEqual([])
    expect(indexes).toContainEqual(index)
  })

  /** EXPLAIN does not look into functions: blocks that one asked for. */
  async function blocks(call: string): Promise<number> {
    const sql = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, TIMING OFF) SELECT * FROM ${call}`
    await client.query(sql) // The first time it is compiled.
    const { rows } = await client.query(sql)
    const { 'Shared Hit Blocks': hit, 'Shared Read Blocks': read } = rows[0]['QUERY PLAN'][0].Plan
    return hit + read
  }

  const wholeDay = ['2026-01-20 00:00Z', '2026-01-21 00:00Z'] as const
  test.each([
    ['statistics', 'call_stats', ", 'hour'"],
    ['statistics of buckets below an hour', 'call_stats', ", '5 minutes', 'UTC', '{}'"],
    ['failures', 'failures', ''],
    ['callees', 'frequent_callees', ''],
  ])('%s of a day', async (_what, name, more) => {
    const [from, to] = wholeDay
    const ofDay = await blocks(`ops.${name}('${from}', '${to}'${more})`)
    const ofAll = await blocks(`ops.${name}('-infinity', 'infinity'${more})`)
    // Of forty days; to find the hours costs something too.
    expect(ofDay).toBeLessThan(ofAll / 2)
  })
})
