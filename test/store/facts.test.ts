import pg from 'pg'
import { expect, test } from 'vitest'
import { copyCdrs, insertCdrs, storedCdrs } from '../../src/store/cdrs.ts'
import { isDuplicateKey } from '../../src/store/errors.ts'
import { copyEvents, insertEvents, storedEvents } from '../../src/store/events.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { transaction, withClient } from '../../src/store/pool.ts'
import { freshDatabase } from '../support/database.ts'
import { connect } from './connect.ts'
import { cdrRow, eventRow } from './rows.ts'

const full = eventRow({
  event_type: 'Disconnect',
  caller: '+8613800000021',
  called: '+8613800000022',
  user_data: 'quotes " and \\ and {braces}, commas, \t\r\n, 中文 📞, NULL, \\N',
  digit_info: '\\N',
  party_type: '',
  state_code: -2_147_483_648,
  state_desc: 'The user releases the call.',
  signed_by: 'app"key',
  extra: { notifyMode: 'Notify', deep: { list: [1, null, '"', 'back\\slash\n'] } },
})

test.each([
  ['COPY', (client: pg.ClientBase) => copyEvents(client, [full], null)],
  ['INSERT', (client: pg.ClientBase) => insertEvents(client, [full])],
])('every column of an event comes back as it went in: %s', async (_, store) => {
  const { pool } = await freshDatabase()
  await withClient<unknown>(pool, store)
  const { rows } = await pool.query(
    `SELECT *, occurred_at::text, received_at::text, stored_at > now() - interval '1 minute' AS stored_at
     FROM (SELECT *, set_config('timezone', 'UTC', true) FROM rtc.call_events) AS e`,
  )
  const { event_key, occurred_at, received_at, ...rest } = full
  expect(rows[0]).toMatchObject({
    ...rest,
    occurred_at: '2019-01-24 03:04:24+00',
    received_at: '2019-01-24 03:04:25.123+00',
    stored_at: true,
  })
  expect(rows[0].event_key.replaceAll('-', '')).toBe(event_key)
  expect([occurred_at, received_at]).toEqual(['2019-01-24 03:04:24', '2019-01-24T03:04:25.123Z'])
})

test('times are UTC under a session of another zone and date style', async () => {
  const { url } = await freshDatabase()
  const client = await connect(url, { options: '-c TimeZone=Asia/Shanghai -c DateStyle=SQL,DMY' })
  const event = eventRow({ occurred_at: '2019-02-01 03:04:24' })
  const cdr = cdrRow({ cdr_time: '2019-02-01 03:04:54', call_end_time: '2019-02-01 03:04:54' })
  await copyEvents(client, [event], null)
  await insertEvents(client, [{ ...event, event_key: '0'.repeat(32) }])
  await copyCdrs(client, [cdr], null)
  const { rows } = await client.query(`
    SELECT extract(epoch FROM occurred_at)::int AS at FROM rtc.call_events
    UNION ALL SELECT extract(epoch FROM cdr_time)::int FROM rtc.cdrs
    UNION ALL SELECT extract(epoch FROM call_end_time)::int FROM rtc.cdrs`)
  const seconds = (text: string) => Date.parse(text) / 1000
  expect(rows.map(({ at }) => at)).toEqual(
    ['2019-02-01T03:04:24Z', '2019-02-01T03:04:24Z', '2019-02-01T03:04:54Z', '2019-02-01T03:04:54Z'].map(seconds),
  )
  const row = { ...cdr, received_at: cdr.received_at.replace('Z', '000Z') }
  expect([...(await storedCdrs(client, [cdr])).values()]).toEqual([{ row, erased: false }])
})

test('with the facts goes what marks each as to be folded: its session, its time and its key', async () => {
  const { pool } = await freshDatabase()
  const rows = [
    cdrRow({ session_id: 'a', icid: '1', cdr_time: '2019-01-24 03:04:54' }),
    cdrRow({ session_id: 'a', icid: '2', cdr_time: '2019-01-24 03:04:24' }),
    cdrRow({ session_id: 'b', cdr_time: '2019-01-24 03:05:00' }),
  ]
  const event = eventRow({ session_id: 'c', occurred_at: '2019-01-24 03:06:00' })
  await withClient(pool, async (client) => {
    await copyCdrs(client, rows, null)
    await copyEvents(client, [event], null)
  })
  const { rows: unfolded } = await pool.query(
    'SELECT session_id, fact_time, event_key, icid FROM rtc.unfolded ORDER BY id',
  )
  expect(unfolded).toEqual([
    { session_id: 'a', fact_time: new Date('2019-01-24T03:04:54Z'), event_key: null, icid: '1' },
    { session_id: 'a', fact_time: new Date('2019-01-24T03:04:24Z'), event_key: null, icid: '2' },
    { session_id: 'b', fact_time: new Date('2019-01-24T03:05:00Z'), event_key: null, icid: rows[2]?.icid },
    { session_id: 'c', fact_time: new Date('2019-01-24T03:06:00Z'), event_key: expect.any(String), icid: null },
  ])
})

test('one of them is there already: none is stored, nothing is to be folded, and nothing stays open', async () => {
  const { pool } = await freshDatabase()
  const rows = ['a', 'b', 'c'].map((session_id) => cdrRow({ session_id }))
  await withClient(pool, async (client) => {
    await copyCdrs(client, rows.slice(1, 2), null)
    await expect(copyCdrs(client, rows, null)).rejects.toSatisfy(isDuplicateKey)
    const { rows: counts } = await client.query(
      'SELECT (SELECT count(*)::int FROM rtc.cdrs) AS cdrs, (SELECT count(*)::int FROM rtc.unfolded) AS unfolded',
    )
    expect(counts).toEqual([{ cdrs: 1, unfolded: 1 }])
    expect(client.getTransactionStatus()).toBe('I')
  })
})

test('an INSERT stores those that are new, and says which', async () => {
  const { pool } = await freshDatabase()
  const rows = Array.from({ length: 1000 }, (_, i) =>
    cdrRow({ session_id: `s${String(i).padStart(4, '0')}`, direction: i }),
  )
  await withClient(pool, async (client) => {
    expect(await insertCdrs(client, [])).toEqual(new Set())
    expect((await insertCdrs(client, rows.slice(0, 600))).size).toBe(600)
    expect(await insertCdrs(client, rows)).toEqual(
      new Set(rows.slice(600).map(({ session_id }) => `${session_id}\0\x002019-01-24 03:04:54`)),
    )
    expect((await insertCdrs(client, rows)).size).toBe(0)
  })
  expect((await pool.query('SELECT count(*)::int AS n, sum(direction)::int AS sum FROM rtc.cdrs')).rows).toEqual([
    { n: 1000, sum: 499_500 },
  ])
})

test('the look finds what is under the keys asked for, and nothing else', async () => {
  const { pool } = await freshDatabase()
  const [one, two] = [cdrRow({ session_id: 'a' }), cdrRow({ session_id: 'b', cdr_time: '2019-01-25 00:00:00' })]
  // Same session and time as what is asked for, but nobody asks for this pair, or for this icid.
  const crossed = cdrRow({ session_id: 'a', cdr_time: '2019-01-25 00:00:00' })
  const other = cdrRow({ session_id: 'a', icid: 'x' })
  await withClient(pool, async (client) => {
    await insertCdrs(client, [one, crossed, other, two])
    const stored = await storedCdrs(client, [one, two])
    expect([...stored.values()].map(({ row }) => row.session_id).sort()).toEqual(['a', 'b'])
    const event = eventRow()
    await insertEvents(client, [event])
    expect(await storedEvents(client, [event, eventRow({ session_id: 'other' })])).toEqual(new Set([event.event_key]))
  })
})

test('the look reads only the partitions of its times, also by the plan that is kept', async () => {
  const { url, pool } = await freshDatabase()
  const partitions = new Partitions()
  for (const table of ['cdrs', 'call_events'] as const)
    await partitions.ensure(pool, table, ['2025-01-01', '2025-02-01', '2025-03-01'])
  const client = await connect(url)
  await client.query('SET plan_cache_mode = force_generic_plan')
  const reads = () =>
    client
      .query(`SELECT relname FROM pg_stat_xact_user_tables WHERE schemaname = 'rtc' AND seq_scan + idx_scan > 0`)
      .then(({ rows }) => rows.map(({ relname }) => relname).sort())
  await client.query('BEGIN')
  expect(await storedCdrs(client, [])).toEqual(new Map())
  expect(await storedEvents(client, [])).toEqual(new Set())
  await storedCdrs(client, [cdrRow({ cdr_time: '2025-02-03 00:00:00' }), cdrRow({ cdr_time: '2025-02-04 00:00:00' })])
  await storedEvents(client, [eventRow({ occurred_at: '2025-03-03 00:00:00' })])
  expect(await reads()).toEqual(['call_events_2025_03', 'cdrs_2025_02'])
})

test('a row of an uncommitted transaction is waited for, and found by the look', async () => {
  const { url } = await freshDatabase()
  const [first, second] = [await connect(url), await connect(url)]
  const [row, rival] = [cdrRow({ direction: 0 }), cdrRow({ direction: 1 })]
  await first.query('BEGIN')
  await insertCdrs(first, [row])
  const waiting = transaction(second, async () => ({
    fresh: await insertCdrs(second, [rival]),
    stored: [...(await storedCdrs(second, [rival])).values()].map((stored) => stored.row.direction),
  }))
  await first.query('COMMIT')
  expect(await waiting).toEqual({ fresh: new Set(), stored: [0] })
})

test('a row whose transaction is rolled back is no duplicate', async () => {
  const { url, pool } = await freshDatabase()
  const [first, second] = [await connect(url), await connect(url)]
  await first.query('BEGIN')
  await insertCdrs(first, [cdrRow()])
  const waiting = copyCdrs(second, [cdrRow()], null)
  await first.query('ROLLBACK')
  await waiting
  expect((await pool.query('SELECT count(*)::int AS n FROM rtc.cdrs')).rows).toEqual([{ n: 1 }])
})

test('one CDR of twenty receivers at once is one row, and each other receiver finds it', async () => {
  const { url, pool } = await freshDatabase()
  const many = new pg.Pool({ connectionString: url, max: 20 })
  const row = cdrRow()
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () =>
      withClient(many, (client) =>
        transaction(client, async () => [
          (await insertCdrs(client, [row])).size,
          (await storedCdrs(client, [row])).size,
        ]),
      ),
    ),
  )
  await many.end()
  expect(outcomes.map(([fresh]) => fresh).filter(Boolean)).toEqual([1])
  expect(outcomes.map(([, stored]) => stored)).toEqual(Array(20).fill(1))
  expect((await pool.query('SELECT count(*)::int AS n FROM rtc.cdrs')).rows).toEqual([{ n: 1 }])
})
