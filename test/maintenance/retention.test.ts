import type pg from 'pg'
import { expect, test } from 'vitest'
import { Partitions } from '../../src/store/partitions.ts'
import { transaction } from '../../src/store/pool.ts'
import { applyRetention, listPeriods, type Retained } from '../../src/store/retention.ts'
import { connect } from '../store/connect.ts'
import { digest } from '../store/rows.ts'
import { freshDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { storedCalls, TestFolder, waitingRows } from '../support/folder.ts'

const DAY = 86_400_000
const impatient = { attempts: 1, pauseMs: 1 }
const patient = { attempts: 200, pauseMs: 100 }

/** `yyyy-MM-dd HH:mm:ss` so many days ago. */
function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY).toISOString().replace('T', ' ').slice(0, 19)
}

async function namesOf(pool: pg.Pool): Promise<string[]> {
  return (await listPeriods(pool)).map(({ partition }) => partition)
}

const month = (time: string) => time.slice(0, 7).replace('-', '_')
const day = (time: string) => time.slice(0, 10).replaceAll('-', '_')

/** Stores one row of each kind at each of these times, in a session that is called like it. */
async function store(pool: pg.Pool, times: string[], by: 'month' | 'day' = 'month'): Promise<void> {
  const partitions = new Partitions(by)
  await partitions.ensure(pool, 'call_events', times)
  await partitions.ensure(pool, 'cdrs', times)
  await storeFacts(pool, {
    events: times.map((time) => ({
      session_id: time,
      occurred_at: `${time}+00`,
      event_type: 'answer',
      event_key: digest(time),
    })),
    cdrs: times.map((time) => ({ session_id: time, cdr_time: `${time}+00` })),
  })
}

async function timesOf(pool: pg.Pool, table: 'call_events' | 'cdrs'): Promise<string[]> {
  const { rows } = await pool.query(`SELECT session_id FROM rtc.${table} ORDER BY 1`)
  return rows.map(({ session_id }) => session_id)
}

test('whole partitions go once all of them is past; rows of _old go one by one', async () => {
  const { pool } = await freshDatabase()
  // The month that the end of retention lies in stays whole.
  const [kept, edge, past] = [daysAgo(1), daysAgo(99), daysAgo(140)]
  const old = ['2001-02-03 04:05:06', '2019-01-24 03:04:24', '2023-12-31 23:59:59']
  await store(pool, [kept, edge, past, ...old])
  const result = await applyRetention(pool, { retentionDays: 100 }, impatient)
  expect(result).toEqual({
    dropped: [`call_events_${month(past)}`, `cdrs_${month(past)}`],
    deleted: { call_events: 3, cdrs: 3 },
    busy: [],
  })
  const left = ['call_events', 'cdrs'].flatMap((table) => [
    `${table}_old`,
    ...[...new Set([month(edge), month(kept)])].sort().map((name) => `${table}_${name}`),
  ])
  expect(await namesOf(pool)).toEqual(left)
  for (const table of ['call_events', 'cdrs'] as const) expect(await timesOf(pool, table)).toEqual([edge, kept].sort())
  expect(await applyRetention(pool, { retentionDays: 100 }, impatient)).toEqual({ dropped: [], deleted: {}, busy: [] })
})

test('of _old only what is older than retention goes, in batches', async () => {
  const { pool } = await freshDatabase()
  // 12,000 rows of 2010, three of each second, and some of 2023.
  await pool.query(`
    INSERT INTO rtc.call_events (occurred_at, received_at, event_key, session_id, event_type)
    SELECT timestamptz '2010-01-01 00:00:00+00' + n / 3 * interval '1 second', now(), gen_random_uuid(), 's' || n, 'answer'
      FROM generate_series(1, 12000) AS n
    UNION ALL SELECT timestamptz '2023-12-01 00:00:00+00' + n * interval '1 second', now(), gen_random_uuid(), 'new' || n, 'answer'
      FROM generate_series(1, 10) AS n`)
  const { rows } = await pool.query(
    `SELECT rtc.tidy('call_events', '2020-01-01+00') AS first, rtc.tidy('call_events', '2020-01-01+00', 7) AS second`,
  )
  // A second is not divided: the first one has two rows, all others three.
  expect(rows).toEqual([{ first: 5000, second: 9 }])
  const days = Math.floor((Date.now() - Date.UTC(2020, 0)) / DAY)
  expect((await applyRetention(pool, { retentionDays: days }, impatient)).deleted).toEqual({
    call_events: 12_000 - 5_009,
  })
  expect((await pool.query('SELECT count(*)::int AS n FROM rtc.call_events')).rows).toEqual([{ n: 10 }])
})

test('who waits for an open SELECT delays nobody for more than a moment, and gets there when it ends', async () => {
  const { url, pool } = await freshDatabase()
  const past = daysAgo(140)
  await store(pool, [past, daysAgo(1)])
  const reader = await connect(url)
  await reader.query('BEGIN')
  await reader.query('SELECT count(*) FROM rtc.cdrs')
  await reader.query('SELECT count(*) FROM rtc.call_events')

  const other = await connect(url)
  expect(await applyRetention(other, { retentionDays: 90 }, impatient)).toEqual({
    dropped: [],
    // Rows go all the same.
    deleted: { call_events: 1, cdrs: 1 },
    busy: ['call_events', 'cdrs'],
  })
  expect(await timesOf(pool, 'cdrs')).toHaveLength(1)

  const work = applyRetention(other, { retentionDays: 90 }, patient)
  const waits: number[] = []
  let [done, n] = [false, 0]
  const begin = performance.now()
  const write = async () => {
    const client = await connect(url)
    while (!done) {
      const started = performance.now()
      await transaction(client, async () => {
        await storeFacts(client, { cdrs: [{ session_id: `live ${n++}`, cdr_time: `${daysAgo(0)}+00` }] })
        await client.query('SELECT count(*) FROM rtc.call_events')
      })
      waits.push(performance.now() - started)
      if (performance.now() - begin > 8_000 && reader.getTransactionStatus() !== 'I') await reader.query('COMMIT')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const writing = write()
  const { dropped } = await work
  done = true
  await writing
  expect(dropped).toEqual([`call_events_${month(past)}`, `cdrs_${month(past)}`])
  // 100 ms of lock_timeout for each of two tables, and what a busy machine adds; not the eight seconds of the SELECT.
  expect(waits.length).toBeGreaterThan(20)
  expect(Math.max(...waits)).toBeLessThan(5_000)
})

test('two replicas at once: each partition is dropped by one of them, and both end well', async () => {
  const { url, pool } = await freshDatabase()
  const times = Array.from({ length: 40 }, (_, i) => daysAgo(10 + i))
  await store(pool, times, 'day')
  await store(pool, ['2019-01-24 03:04:24'])
  const replicas = [await connect(url), await connect(url)]
  const results = await Promise.all(
    replicas.map((client) => applyRetention(client, { retentionDays: 5 }, { attempts: 200, pauseMs: 10 })),
  )
  const dropped = results.flatMap((result: Retained) => result.dropped)
  expect(dropped).toHaveLength(80)
  expect(new Set(dropped).size).toBe(80)
  expect(results.map(({ busy }) => busy)).toEqual([[], []])
  expect(await namesOf(pool)).toEqual(['call_events_old', 'cdrs_old'])
  for (const table of ['call_events', 'cdrs'] as const) expect(await timesOf(pool, table)).toEqual([])
})

test('a replica that holds the lock keeps others waiting, not failing', async () => {
  const { url, pool } = await freshDatabase()
  await store(pool, [daysAgo(140)])
  const holder = await connect(url)
  await holder.query(`BEGIN; SELECT FROM rtc.maintenance WHERE task = 'retention' FOR UPDATE`)
  expect((await applyRetention(pool, { retentionDays: 90 }, impatient)).busy).toEqual([
    'call_events',
    'cdrs',
    'calls',
    'placed_calls',
    'replaced_cdrs',
    'notices',
    'bill_changes',
    'redeliveries',
    'erased_keys',
  ])
  await holder.query('COMMIT')
  expect((await applyRetention(pool, { retentionDays: 90 }, impatient)).dropped).toHaveLength(2)
})

test('PARTITION_BY may change from month to day and back: rows go where they belong and leave on time', async () => {
  const { pool } = await freshDatabase()
  const times = [daysAgo(50), daysAgo(49), daysAgo(20), daysAgo(1), daysAgo(0)]
  // Months first; then days, where no month is there already; then months again.
  await store(pool, times.slice(0, 1), 'month')
  await store(pool, times.slice(1, 4), 'day')
  await store(pool, times.slice(4), 'month')
  const periods = (await listPeriods(pool)).filter(({ parent }) => parent === 'cdrs')
  const names = periods.map(({ partition }) => partition)
  expect(names).toContain(`cdrs_${month(daysAgo(50))}`)
  // No period covers another one's time.
  for (const [i, period] of periods.entries())
    if (i > 0) expect(period.period_start?.getTime()).toBeGreaterThanOrEqual(periods[i - 1]?.period_end.getTime() ?? 0)
  const withDays = times.slice(1, 4).filter((time) => month(time) !== month(daysAgo(50)))
  for (const time of withDays) expect(names).toContain(`cdrs_${day(time)}`)
  expect(await timesOf(pool, 'cdrs')).toEqual([...times].sort())
  // Sent again under either setting they meet what is stored.
  await store(pool, times, 'day')
  await store(pool, times, 'month')
  expect(await timesOf(pool, 'cdrs')).toEqual([...times].sort())

  await applyRetention(pool, { retentionDays: 5 }, impatient)
  const left = await listPeriods(pool)
  expect(
    left.filter(({ period_start, period_end }) => period_start && period_end.getTime() <= Date.now() - 5 * DAY),
  ).toEqual([])
  for (const time of times.slice(3)) expect(await timesOf(pool, 'cdrs')).toContain(time)
})

test('placed calls go with the calls, who saw numbers or looked for them by a time of its own', async () => {
  const { pool } = await freshDatabase()
  await pool.query(`
    INSERT INTO rtc.placed_calls (placed_at, app_key, scenario, display_nbr, callee_nbr)
    SELECT now() - d * interval '1 day', 'app', 'callVerify', '+8675500000000', '+8613800000021' FROM unnest(ARRAY[200, 140, 1]) AS d;
    INSERT INTO rtc.reveals (asked_at, asked_by, asked_in, call_ref, why)
    SELECT now() - d * interval '1 day', 'ann', pg_current_xact_id(), gen_random_uuid(), 'because' FROM unnest(ARRAY[1200, 190, 1]) AS d;
    INSERT INTO rtc.look_ups (asked_at, asked_by, kind, found)
    SELECT now() - d * interval '1 day', 'ann', 'number', 0 FROM unnest(ARRAY[1200, 1200, 190, 1]) AS d`)
  expect((await applyRetention(pool, { retentionDays: 90, revealRetentionDays: 1_095 }, impatient)).deleted).toEqual({
    placed_calls: 2,
    reveals: 1,
    look_ups: 2,
  })
  expect((await applyRetention(pool, { revealRetentionDays: 180 }, impatient)).deleted).toEqual({
    reveals: 1,
    look_ups: 1,
  })
})

test('the functions do not serve to remove what is young, or anything else', async () => {
  const { pool } = await freshDatabase()
  const today = daysAgo(0)
  await store(pool, [today])
  const refused = (sql: string) => expect(pool.query(sql), sql).rejects.toMatchObject({ code: '22023' })
  await refused(`SELECT rtc.drop_period('cdrs_${month(today)}', now())`)
  await refused(`SELECT rtc.drop_period('cdrs_${month(today)}', now() + interval '1 year')`)
  await refused(`SELECT rtc.drop_period('cdrs_${month(today)}', 'infinity')`)
  await refused(`SELECT rtc.drop_period('cdrs_${month(today)}', NULL)`)
  await refused(`SELECT rtc.empty_period('cdrs_${month(today)}', now())`)
  await refused(`SELECT rtc.empty_period('cdrs_${month(today)}', NULL)`)
  await refused(`SELECT rtc.tidy('cdrs', now())`)
  await refused(`SELECT rtc.tidy('look_ups', now() - interval '170 days')`)
  await refused(`SELECT rtc.tidy('reveals', now() - interval '170 days')`)
  await refused(`SELECT rtc.tidy('calls', now())`)
  await refused(`SELECT rtc.tidy('erased_keys', now() - interval '28 days')`)
  await refused(`SELECT rtc.tidy('keys', now() - interval '1 year')`)
  await refused(`SELECT rtc.tidy(NULL, now() - interval '1 year')`)
  await refused(`SELECT rtc.tidy('cdrs', now() - interval '1 year', 0)`)
  const { rows } = await pool.query(`SELECT name, rtc.drop_period(name, now() - interval '2 days') AS dropped
    FROM unnest(ARRAY['cdrs', 'cdrs_old', 'keys', 'quarantine', 'cdrs_2024_01', 'cdrs_${month(today)}', 'x"; DROP SCHEMA rtc']) AS name`)
  expect(rows.filter(({ dropped }) => dropped)).toEqual([])
  expect(await timesOf(pool, 'cdrs')).toEqual([today])
})

test('periods are listed with their bounds, in whatever zone the session is', async () => {
  const { url, pool } = await freshDatabase()
  await store(pool, ['2025-03-31 23:59:59'])
  await pool.query('ANALYZE rtc.cdrs_2025_03')
  const client = await connect(url, { options: '-c TimeZone=Asia/Shanghai -c DateStyle=SQL,DMY' })
  const periods = await listPeriods(client)
  expect(periods).toMatchObject([
    {
      parent: 'call_events',
      partition: 'call_events_old',
      period_start: null,
      period_end: new Date('2024-01-01T00:00:00Z'),
    },
    { parent: 'call_events', partition: 'call_events_2025_03' },
    { parent: 'cdrs', partition: 'cdrs_old' },
    {
      partition: 'cdrs_2025_03',
      period_start: new Date('2025-03-01T00:00:00Z'),
      period_end: new Date('2025-04-01T00:00:00Z'),
      rows_estimate: 1,
    },
  ])
  for (const { bytes } of periods) expect(bytes).toBeGreaterThan(0)
})

test('calls go with the facts they are made of, and so do small tables', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  const sessions = { past: 140, edge: 99, kept: 1 }
  for (const [id, days] of Object.entries(sessions)) {
    const [start, received_at] = [new Date(`${daysAgo(days)}Z`), `${daysAgo(days)}+00`]
    const { events, cdrs } = callOf(id, start)
    const received = (row: object) => ({ ...row, received_at })
    await storeFacts(pool, { events: events.map(received), cdrs: cdrs.map(received) })
    await pool.query(
      `INSERT INTO rtc.notices (received_at, last_received_at, notice_key, event_type, body) VALUES ($1, $1, gen_random_uuid(), 'numStatus', '{}')`,
      [received_at],
    )
    await pool.query(
      `INSERT INTO rtc.replaced_cdrs (cdr_time, call_ref, session_id, icid, replaced_by, cdr) VALUES ($1, gen_random_uuid(), 's', '', 'ann', '{}')`,
      [received_at],
    )
    await pool.query(
      `INSERT INTO ops.bill_changes (changed_at, call_ref, cause) VALUES ($1, gen_random_uuid(), 'corrected')`,
      [received_at],
    )
    await pool.query(`INSERT INTO rtc.redeliveries VALUES ($1, 'fee', 'app', 1)`, [received_at])
    await pool.query('INSERT INTO rtc.erased_keys VALUES ($1, gen_random_uuid())', [received_at])
  }
  // One event of a clock that is wrong: it came today.
  await storeFacts(pool, {
    events: [{ session_id: 'wrong clock', event_type: 'callin', occurred_at: '2019-01-24 03:04:24+00' }],
  })
  await it.foldAll()
  const { deleted } = await applyRetention(pool, { retentionDays: 100 }, impatient)
  const tables = { calls: 1, notices: 1, replaced_cdrs: 1, bill_changes: 1, redeliveries: 1 }
  expect(deleted).toEqual({ call_events: 1, ...tables, erased_keys: 2 })
  expect([...(await storedCalls(pool)).keys()].sort()).toEqual(['edge', 'kept', 'wrong clock'])
  expect((await pool.query('SELECT FROM ops.calls')).rowCount).toBe(3)
})

test('a call that a late record brings back after retention is not counted twice, nor billed', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  const [past, kept] = [140, 1].map((days) => new Date(`${daysAgo(days)}Z`)) as [Date, Date]
  const received = (rows: object[], start: Date) =>
    rows.map((row) => ({ ...row, received_at: new Date(start.getTime() + 90_000).toISOString() }))
  for (const start of [past, kept]) {
    const { events, cdrs } = callOf(start === past ? 'past' : 'kept', start)
    await storeFacts(pool, { events: received(events, start), cdrs: received(cdrs, start) })
  }
  await it.foldAll()
  const counted = async () => ({
    calls: (await pool.query('SELECT FROM ops.calls')).rowCount,
    ...(await pool.query('SELECT sum(attempts)::int AS attempts, sum(b_minutes)::int AS minutes FROM ops.call_counts'))
      .rows[0],
    billChanges: (await pool.query('SELECT FROM ops.bill_changes')).rowCount,
  })
  expect(await counted()).toEqual({ calls: 2, attempts: 2, minutes: 2, billChanges: 0 })
  await applyRetention(pool, { retentionDays: 100 }, impatient)
  expect(await counted()).toEqual({ calls: 1, attempts: 2, minutes: 2, billChanges: 0 })
  const { events, cdrs } = callOf('past', past)
  await storeFacts(pool, { cdrs })
  await it.foldAll()
  expect(await counted()).toEqual({ calls: 2, attempts: 2, minutes: 2, billChanges: 0 })
  await storeFacts(pool, { events })
  await it.foldAll()
  expect(await counted()).toEqual({ calls: 2, attempts: 2, minutes: 2, billChanges: 0 })
  // Others that change count as ever.
  await storeFacts(pool, callOf('new', new Date(Date.now() - 3_600_000)))
  await it.foldAll()
  expect(await counted()).toEqual({ calls: 3, attempts: 3, minutes: 3, billChanges: 0 })
  await expect(pool.query(`SELECT rtc.recount_hour($1)`, [past])).rejects.toMatchObject({ code: '22023' })
})

test('a call that begins in what is removed and ends in what is kept does not shrink', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  // Over the end of a month that is past by now.
  const month = new Date()
  const turn = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() - 2))
  const { events, cdrs } = callOf('over', new Date(turn.getTime() - 30_000))
  await storeFacts(pool, { events, cdrs })
  await it.foldAll()
  const days = Math.floor((Date.now() - turn.getTime()) / DAY)
  const { dropped, deleted } = await applyRetention(pool, { retentionDays: days }, impatient)
  expect(dropped).toHaveLength(1)
  expect(deleted).toEqual({})
  await pool.query(`INSERT INTO rtc.unfolded (session_id) VALUES ('over')`)
  await it.foldAll()
  expect((await storedCalls(pool)).get('over')).toMatchObject({ event_count: 7, version: '9' })
  expect(await waitingRows(pool)).toBe(0)
})

test('nothing is removed while a batch is folded, which therefore reads all its facts or is not begun', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  await store(pool, [daysAgo(140)])
  const batch = await connect(url)
  await batch.query(`BEGIN; SELECT FROM rtc.maintenance WHERE task = 'fold' FOR UPDATE`)
  expect((await applyRetention(pool, { retentionDays: 90 }, impatient)).busy).toContain('cdrs')
  await batch.query('COMMIT')
  const retention = await connect(url)
  await retention.query('BEGIN; SELECT rtc.lock_retention()')
  await expect(Promise.race([it.foldAll(), new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).resolves.toBe(
    'waits',
  )
  expect((await storedCalls(pool)).size).toBe(0)
  await retention.query('COMMIT')
  await it.foldAll()
  expect((await storedCalls(pool)).size).toBe(1)
})
