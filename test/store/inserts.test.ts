import pg from 'pg'
import { expect, test } from 'vitest'
import { type CdrInsert, cdrKey, insertCdrs, storedRecordKeys } from '../../src/store/cdrs.ts'
import { type EventInsert, insertEvents } from '../../src/store/events.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { transaction, withClient } from '../../src/store/pool.ts'
import { freshDatabase } from '../support/database.ts'
import { connect } from './connect.ts'
import { cdrRow, digest, eventRow } from './rows.ts'

test('every column of an event comes back as it went in', async () => {
  const { pool } = await freshDatabase()
  const row = eventRow({
    event_type: 'Disconnect',
    caller: '+8613800000021',
    called: '+8613800000022',
    user_data: 'quotes " and \\ and {braces}, commas, 中文 📞, NULL',
    digit_info: 'NULL',
    party_type: '',
    state_code: -2_147_483_648,
    state_desc: 'The user releases the call.',
    signed_by: 'app"key',
    extra: { notifyMode: 'Notify', deep: { list: [1, null, '"'] } },
  })
  expect(await withClient(pool, (client) => insertEvents(client, [row]))).toEqual(new Set([row.event_key]))
  const { rows } = await pool.query(
    `SELECT *, occurred_at::text, received_at::text, stored_at > now() - interval '1 minute' AS stored_at
     FROM (SELECT *, set_config('timezone', 'UTC', true) FROM rtc.call_events) AS e`,
  )
  const { event_key, occurred_at, received_at, ...rest } = row
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
  await insertEvents(client, [eventRow({ occurred_at: '2019-02-01 03:04:24' })])
  await insertCdrs(client, [cdrRow({ cdr_time: '2019-02-01 03:04:54', call_end_time: '2019-02-01 03:04:54' })])
  const { rows } = await client.query(`
    SELECT extract(epoch FROM occurred_at)::int AS at FROM rtc.call_events
    UNION ALL SELECT extract(epoch FROM cdr_time)::int FROM rtc.cdrs
    UNION ALL SELECT extract(epoch FROM call_end_time)::int FROM rtc.cdrs`)
  const seconds = (text: string) => Date.parse(text) / 1000
  expect(rows.map(({ at }) => at)).toEqual(
    ['2019-02-01T03:04:24Z', '2019-02-01T03:04:54Z', '2019-02-01T03:04:54Z'].map(seconds),
  )
  expect(await storedRecordKeys(client, [cdrRow({ cdr_time: '2019-02-01 03:04:54' })])).toHaveProperty('size', 1)
})

test('any number of rows in one statement; those stored before are not among the new ones', async () => {
  const { pool } = await freshDatabase()
  const rows = Array.from({ length: 1000 }, (_, i) =>
    cdrRow({ session_id: `s${String(i).padStart(4, '0')}`, direction: i }),
  )
  await withClient(pool, async (client) => {
    expect(await insertCdrs(client, [])).toEqual(new Set())
    expect((await insertCdrs(client, rows.slice(0, 600))).size).toBe(600)
    expect(await insertCdrs(client, rows)).toEqual(new Set(rows.slice(600).map((row) => row.record_key)))
    expect((await insertCdrs(client, rows)).size).toBe(0)
  })
  expect((await pool.query('SELECT count(*)::int AS n, sum(direction)::int AS sum FROM rtc.cdrs')).rows).toEqual([
    { n: 1000, sum: 499_500 },
  ])
})

test('the second look finds the digests under the keys asked for, and no others', async () => {
  const { pool } = await freshDatabase()
  const [one, two] = [cdrRow({ session_id: 'a' }), cdrRow({ session_id: 'b', cdr_time: '2019-01-25 00:00:00' })]
  // Same session and time as what is asked for, but nobody asks for this pair, or for this icid.
  const crossed = cdrRow({ session_id: 'a', cdr_time: '2019-01-25 00:00:00' })
  const other = cdrRow({ session_id: 'a', icid: 'x' })
  await withClient(pool, async (client) => {
    await insertCdrs(client, [one, crossed, other, two])
    const stored = await storedRecordKeys(client, [{ ...one, record_key: digest('another') } as CdrInsert, two])
    expect(stored).toEqual(new Map([one, two].map((row) => [cdrKey(row), row.record_key])))
  })
})

test('the second look reads only the partitions of its times, also by the plan that is kept', async () => {
  const { url, pool } = await freshDatabase()
  await new Partitions().ensure(pool, 'cdrs', ['2025-01-01', '2025-02-01', '2025-03-01'])
  const client = await connect(url)
  await client.query('SET plan_cache_mode = force_generic_plan')
  const reads = () =>
    client
      .query(`SELECT relname FROM pg_stat_xact_user_tables WHERE schemaname = 'rtc' AND seq_scan + idx_scan > 0`)
      .then(({ rows }) => rows)
  await client.query('BEGIN')
  expect(await storedRecordKeys(client, [])).toEqual(new Map())
  await storedRecordKeys(client, [
    cdrRow({ cdr_time: '2025-02-03 00:00:00' }),
    cdrRow({ cdr_time: '2025-02-04 00:00:00' }),
  ])
  expect(await reads()).toEqual([{ relname: 'cdrs_2025_02' }])
})

test('two groups in opposite order do not deadlock when each is sorted', async () => {
  const { url, pool } = await freshDatabase()
  const groups = Array.from({ length: 20 }, (_, round) =>
    Array.from({ length: 200 }, (_, i) => eventRow({ session_id: `r${round}-${String(i).padStart(3, '0')}` })),
  )
  const [one, two] = [await connect(url), await connect(url)]
  const sorted = (rows: EventInsert[]) => [...rows].sort((a, b) => (a.session_id < b.session_id ? -1 : 1))
  for (const rows of groups) {
    const inserted = await Promise.all([
      insertEvents(one, sorted(rows)),
      insertEvents(two, sorted([...rows].reverse())),
    ])
    expect(inserted.map(({ size }) => size).reduce((a, b) => a + b)).toBe(200)
  }
  expect((await pool.query('SELECT count(*)::int AS n FROM rtc.call_events')).rows).toEqual([{ n: 4000 }])
})

test('unsorted they do: it is the order that saves them', async () => {
  const { url } = await freshDatabase()
  const [one, two] = [await connect(url), await connect(url)]
  const [a, b] = [eventRow({ session_id: 'a' }), eventRow({ session_id: 'b' })]
  await Promise.all([one.query('BEGIN'), two.query('BEGIN')])
  await Promise.all([insertEvents(one, [a]), insertEvents(two, [b])])
  const outcomes = await Promise.allSettled([insertEvents(one, [b]), insertEvents(two, [a])])
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code).filter(Boolean)).toEqual([
    '40P01',
  ])
})

test('a row of an uncommitted transaction is waited for, and found by the second look', async () => {
  const { url } = await freshDatabase()
  const [first, second] = [await connect(url), await connect(url)]
  const [row, rival] = [cdrRow({ direction: 0 }), cdrRow({ direction: 1 })]
  await first.query('BEGIN')
  await insertCdrs(first, [row])
  const waiting = transaction(second, async () => ({
    fresh: await insertCdrs(second, [rival]),
    stored: await storedRecordKeys(second, [rival]),
  }))
  await first.query('COMMIT')
  expect(await waiting).toEqual({ fresh: new Set(), stored: new Map([[cdrKey(row), row.record_key]]) })
})

test('a row whose transaction is rolled back is no duplicate', async () => {
  const { url } = await freshDatabase()
  const [first, second] = [await connect(url), await connect(url)]
  await first.query('BEGIN')
  await insertCdrs(first, [cdrRow()])
  const waiting = insertCdrs(second, [cdrRow()])
  await first.query('ROLLBACK')
  expect((await waiting).size).toBe(1)
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
          (await storedRecordKeys(client, [row])).size,
        ]),
      ),
    ),
  )
  await many.end()
  expect(outcomes.map(([fresh]) => fresh).filter(Boolean)).toEqual([1])
  expect(outcomes.map(([, stored]) => stored)).toEqual(Array(20).fill(1))
  expect((await pool.query('SELECT count(*)::int AS n FROM rtc.cdrs')).rows).toEqual([{ n: 1 }])
})
