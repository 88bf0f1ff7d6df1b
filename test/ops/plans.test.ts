import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

let client: pg.Client

beforeAll(async () => {
  client = new pg.Client({ connectionString: (await freshDatabase()).url })
  await client.connect()
  await client.query("SET TimeZone = 'UTC'; SET jit = off")
  // Six months, a few thousand calls each: enough for indexes to pay.
  for (const month of ['01', '02', '03', '04', '05', '06'])
    for (const table of ['cdrs', 'call_events'])
      await client.query('SELECT rtc.ensure_period($1, $2, $3)', [table, `2025-${month}-01Z`, 'month'])
  await client.query(`
    CREATE TEMP TABLE call AS
      SELECT n, timestamptz '2025-01-01Z' + n * interval '11 minutes' AS at,
        '1201_' || n % 1000 || '_4294967295_' || to_char(timestamptz '2025-01-01Z' + n * interval '11 minutes', 'YYYYMMDDHH24MISS') || '@host.example' AS session_id
      FROM generate_series(0, 23000) AS n;
    INSERT INTO rtc.cdrs (cdr_time, received_at, stored_at, call_out_start_time, call_out_answer_time, call_end_time, record_key, session_id, app_key, bind_num, callee_num, service_type, user_data)
      SELECT at + interval '1 minute', at + interval '2 minutes', at + interval '2 minutes', at, at + interval '9 seconds', at + interval '1 minute', gen_random_uuid(), session_id,
        'app', '+8675512345678', '+86138' || lpad((n * 7919 % 100000000)::text, 8, '0'), '001', 'order-' || n FROM call;
    INSERT INTO rtc.call_events (occurred_at, received_at, stored_at, event_key, session_id, event_type, called, user_data)
      SELECT at + step * interval '20 seconds', at, at, gen_random_uuid(), session_id, (ARRAY['callout', 'answer', 'disconnect'])[step + 1],
        '+86138' || lpad((n * 7919 % 100000000)::text, 8, '0'), 'order-' || n
      FROM call, generate_series(0, 2) AS step;
    `)
  // VACUUM summarizes block range indexes, as autovacuum does while a table fills.
  await client.query('VACUUM ANALYZE rtc.cdrs')
  await client.query('VACUUM ANALYZE rtc.call_events')
})

afterAll(() => client.end())

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Actual Loops': number
  'Actual Rows': number
  'Subplans Removed'?: number
  Plans?: Node[]
}

/** Names of the partitions that were really read, with how: a node that was never executed reads nothing. */
async function reads(sql: string, values: unknown[] = []): Promise<Map<string, Set<string>>> {
  const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) ${sql}`, values)
  const read = new Map<string, Set<string>>()
  const visit = (node: Node) => {
    const name = node['Relation Name']
    if (name && node['Actual Loops'] > 0) read.set(name, (read.get(name) ?? new Set()).add(node['Node Type']))
    for (const child of node.Plans ?? []) visit(child)
  }
  visit(rows[0]['QUERY PLAN'][0].Plan)
  return read
}

const tables = (read: Map<string, unknown>) =>
  [...read.keys()].filter((name) => /^(cdrs|call_events)/.test(name)).sort()

/** No partition with rows in it is read from one end to the other. */
function expectIndexes(read: Map<string, Set<string>>): void {
  const scanned = [...read]
    .filter(([name, nodes]) => /_2025_/.test(name) && nodes.has('Seq Scan'))
    .map(([name]) => name)
  expect(scanned).toEqual([])
}

const march = "'2025-03-10 00:00Z' AND '2025-03-10 23:59:59Z'"

describe('ranges prune', () => {
  test.each([
    ['ops.cdrs', `SELECT * FROM ops.cdrs WHERE cdr_time BETWEEN ${march}`, ['cdrs_2025_03']],
    [
      'ops.events',
      `SELECT call_ref, event_type FROM ops.events WHERE occurred_at BETWEEN ${march}`,
      ['call_events_2025_03', 'cdrs_2025_03'],
    ],
    [
      'ops.recordings',
      `SELECT * FROM ops.recordings WHERE ended_at BETWEEN ${march}`,
      ['call_events_2025_03', 'cdrs_2025_03'],
    ],
  ])('%s reads the month that is asked for', async (_view, sql, expected) => {
    const read = await reads(sql)
    expectIndexes(read)
    for (const name of tables(read)) expect(expected).toContain(name)
  })

  test('ops.calls by ended_at of CDRs', async () => {
    const read = await reads(`SELECT * FROM ops.calls WHERE has_cdr AND ended_at BETWEEN ${march}`)
    expectIndexes(read)
    expect(tables(read)).toEqual(['call_events_2025_03', 'cdrs_2025_03'])
  })

  test('ops.calls and ops.legs by started_at: an index on the beginning, and the key of events', async () => {
    for (const sql of [
      `SELECT * FROM ops.calls WHERE started_at BETWEEN ${march}`,
      `SELECT * FROM ops.legs WHERE call_started_at BETWEEN ${march}`,
    ]) {
      const read = await reads(sql)
      expectIndexes(read)
      expect(tables(read).filter((name) => name.startsWith('call_events'))).toEqual(['call_events_2025_03'])
    }
  })

  test.each([
    'billing_daily',
    'frequent_callees',
    'missing_cdrs',
    'cdrs_without_events',
    'callback_delay',
    'concurrent_legs',
  ])('ops.%s reads rows of the day that is asked for', async (view) => {
    const read = await reads(`SELECT * FROM ops.${view} WHERE day = '2025-03-10'`)
    expectIndexes(read)
    // Whether a month has rows at all is one look at an index in each; the rows are read in March.
    const { rows } = await client.query(
      `EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) SELECT * FROM ops.${view} WHERE day = '2025-03-10'`,
    )
    let elsewhere = 0
    const visit = (node: Node) => {
      if (/_2025_0[12456]/.test(node['Relation Name'] ?? '')) elsewhere += node['Actual Rows'] * node['Actual Loops']
      for (const child of node.Plans ?? []) visit(child)
    }
    visit(rows[0]['QUERY PLAN'][0].Plan)
    expect(elsewhere).toBeLessThan(200)
  })
})

describe('what views by day are made of', () => {
  const [from, to] = ["timestamptz '2025-03-10 16:00Z'", "timestamptz '2025-03-11 16:00Z'"]
  const near = ['call_events_2025_03', 'cdrs_2025_03']

  test.each([
    ['calls that began in a range', `SELECT started_at, outcome, reason FROM rtc.calls_between(${from}, ${to})`, near],
    ['their numbers, as statistics want them', `SELECT * FROM rtc.count_calls(${from}, ${to}, 'hour', 'UTC')`, near],
    ['the bill', `SELECT * FROM rtc.count_bill(${from}, ${to})`, near],
    ['records', `SELECT * FROM rtc.count_records(${from}, ${to})`, near],
  ])('%s: rows of that time, by indexes', async (_what, sql, expected) => {
    const read = await reads(sql)
    expectIndexes(read)
    for (const name of tables(read)) expect(expected).toContain(name)
  })

  test('events are asked only where nothing else says what kind of call it was', async () => {
    await client.query("INSERT INTO rtc.apps VALUES ('app', 'Notices', 'callnotify')")
    for (const sql of [
      `SELECT started_at, ended_at, a_num FROM rtc.calls_with_cdr(${from}, ${to})`,
      `SELECT * FROM rtc.count_bill(${from}, ${to})`,
    ])
      expect(tables(await reads(sql))).toEqual(['cdrs_2025_03'])
    await client.query('DELETE FROM rtc.apps')
  })

  test('with summaries nothing else is read', async () => {
    await client.query('SELECT rtc.refresh_summaries(100000)')
    await client.query('ANALYZE rtc.call_summary, rtc.bill_summary, rtc.record_summary')
    const hours = `rtc.summarized(${from}, ${to})`
    expect(
      (
        await client.query(
          `SELECT cardinality(${hours}) AS n, (SELECT count(*)::int FROM rtc.gaps(${from}, ${to}, ${hours})) AS gaps`,
        )
      ).rows,
    ).toEqual([{ n: 24, gaps: 0 }])
    for (const table of ['call_summary', 'bill_summary', 'record_summary']) {
      const read = await reads(`SELECT * FROM rtc.${table} WHERE hour = ANY(${hours})`)
      expect(read.get(table)?.has('Seq Scan')).toBe(false)
    }
  })
})

describe('look-ups use indexes', () => {
  test('one session, in every view that shows session_id', async () => {
    const { rows } = await client.query('SELECT session_id FROM call WHERE n = 9000')
    for (const view of ['calls', 'legs', 'events', 'cdrs']) {
      const read = await reads(`SELECT * FROM ops.${view} WHERE session_id = '${rows[0].session_id}'`)
      expectIndexes(read)
      expect(tables(read).length).toBeGreaterThan(0)
    }
    const joined = await reads(
      `SELECT e.event_type FROM ops.calls c JOIN ops.events e USING (session_id) WHERE c.session_id = '${rows[0].session_id}'`,
    )
    expectIndexes(joined)
  })

  test.each([
    ['the callee of a CDR', "left(callee_num, 32) = '+8613800007919' AND callee_num = '+8613800007919'", 'cdrs'],
    ['the userData of a CDR', "left(user_data, 64) = 'order-9' AND user_data = 'order-9'", 'cdrs'],
    [
      'the callee of an event',
      "left(called, 32) = '+8613800007919' AND called = '+8613800007919' AND event_type = 'callout'",
      'call_events',
    ],
    [
      'the userData of an event',
      "left(user_data, 64) = 'order-9' AND user_data = 'order-9' AND event_type = 'callout'",
      'call_events',
    ],
  ])('%s', async (_what, where, table) => {
    expectIndexes(await reads(`SELECT session_id FROM rtc.${table} WHERE ${where}`))
  })

  test('copying out by stored_at', async () => {
    const { rows } = await client.query(
      `SELECT count(*)::int AS n FROM pg_indexes WHERE schemaname = 'rtc' AND indexname IN ('cdrs_stored_at', 'call_events_stored_at')`,
    )
    expect(rows[0].n).toBe(2)
  })
})
