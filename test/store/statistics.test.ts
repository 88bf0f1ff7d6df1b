import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { transaction, withClient } from '../../src/store/pool.ts'
import { tidyStatistics } from '../../src/store/statistics.ts'
import { callRow, putCalls } from '../support/calls.ts'
import { freshDatabase } from '../support/database.ts'
import { company, day, dayAfter, storeDay } from './scripted-day.ts'

/** Rows as lists of text, times as UTC without zone, so that what is expected can be written by hand. */
async function rowsOf(pool: pg.Pool, sql: string, values: unknown[] = []): Promise<unknown[][]> {
  return withClient(pool, async (client) => {
    await client.query("SET TimeZone = 'UTC'")
    const { rows } = await client.query({ text: sql, values, rowMode: 'array' })
    return rows
  })
}

async function tidy(pool: pg.Pool): Promise<void> {
  while (await withClient(pool, tidyStatistics));
}

describe('the scripted day', () => {
  let pool: pg.Pool
  const rows = (sql: string, values: unknown[] = []) => rowsOf(pool, sql, values)
  const x = '+86138****0099'
  const dayBefore = new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10)

  beforeAll(async () => {
    pool = (await freshDatabase()).pool
    await storeDay(pool)
  })

  test('by day of Asia/Shanghai, application, scenario and number', async () => {
    const stats = await rows(
      `SELECT bucket_start::text, app_key, bind_num, attempts::int, answered::int, asr::float, effective::int, ner::float,
          busy::int, no_answer::int, rejected::int, cancelled::int, unreachable::int, failed::int, unknown::int
        FROM ops.call_stats($1, $2)`,
      [`${day} 00:00+00`, `${dayAfter} 12:00+00`],
    )
    const first = `${dayBefore} 16:00:00+00`
    expect(stats).toEqual([
      [first, 'app-callback', company, 4, 1, 0.25, 3, 0.75, 0, 1, 0, 1, 1, 0, 0],
      [first, 'app-note', company, 9, 5, 0.5556, 8, 0.8889, 1, 1, 1, 0, 0, 1, 0],
      [first, 'app-note', null, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
      [first, 'app-private', x, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
      [first, 'app-verify', company, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
      [`${day} 16:00:00+00`, 'app-note', company, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
    ])
  })

  test('talk time, legs, post-dial delay over calls, minutes', async () => {
    const stats = await rows(
      `SELECT app_key, bind_num, talks::int, talk_seconds::int, acd_seconds::float, legs::int, legs_answered::int,
          leg_asr::float, post_dial_delays::int, post_dial_delay_p50::float, post_dial_delay_p95::float, billed_minutes::int
        FROM ops.call_stats($1, $2)`,
      [`${day} 00:00+00`, `${day} 16:00+00`],
    )
    expect(stats).toEqual([
      ['app-callback', company, 1, 125, 125, 8, 5, 0.625, 4, 4, 4.9, 9],
      ['app-note', company, 5, 235, 47, 9, 5, 0.5556, 7, 3, 4.7, 6],
      // Without a CDR nothing is billed.
      ['app-note', null, 1, 70, 70, 1, 1, 1, 1, 3, 3, 0],
      // Only the leg from X is answered, and billed.
      ['app-private', x, 1, 60, 60, 2, 1, 0.5, 1, 4, 4, 1],
      ['app-verify', company, 1, 20, 20, 1, 1, 1, 1, 2, 2, 1],
    ])
  })

  test('in other zones and buckets the same calls fall elsewhere', async () => {
    const attempts = (bucket: string, zone: string) =>
      rows(
        `SELECT bucket_start::text, attempts::int FROM ops.call_stats($1::timestamptz, $2, $3, $4, '{app_key}') WHERE app_key = 'app-note'`,
        [`${day} 00:00+00`, `${dayAfter} 00:00+00`, bucket, zone],
      )
    expect(await attempts('day', 'UTC')).toEqual([[`${day} 00:00:00+00`, 11]])
    expect(await attempts('hour', 'UTC')).toEqual([
      [`${day} 02:00:00+00`, 3],
      [`${day} 03:00:00+00`, 4],
      [`${day} 04:00:00+00`, 2],
      [`${day} 15:00:00+00`, 1],
      [`${day} 23:00:00+00`, 1],
    ])
    expect(await attempts('30 minutes', 'UTC')).toHaveLength(7)
    expect(await attempts('8 hours', 'Asia/Shanghai')).toEqual([
      [`${day} 00:00:00+00`, 9],
      [`${day} 08:00:00+00`, 1],
      [`${day} 16:00:00+00`, 1],
    ])
  })

  test('days as dates are days of the zone', async () => {
    const days = (from: string, to: string, zone: string) =>
      rows(`SELECT bucket_start::text, attempts::int FROM ops.call_stats($1::date, $2::date, 'day', $3, '{}')`, [
        from,
        to,
        zone,
      ])
    expect(await days(day, dayAfter, 'Asia/Shanghai')).toEqual([[`${dayBefore} 16:00:00+00`, 16]])
    expect(await days(day, dayAfter, 'UTC')).toEqual([[`${day} 00:00:00+00`, 17]])
  })

  test('why calls failed', async () => {
    const failures = (filter = '') =>
      rows(
        `SELECT outcome, reason_source, reason_code, calls::int, failed_calls::int, attempts::int, share::float
          FROM ops.failures($1::timestamptz, $2 ${filter}) ORDER BY outcome, reason_source`,
        [`${day} 00:00+00`, `${dayAfter} 12:00+00`],
      )
    expect(await failures()).toEqual([
      ['busy', 'Q.850', 17, 1, 7, 17, 0.1429],
      ['cancelled', 'release point', 552, 1, 7, 17, 0.1429],
      ['failed', 'release point', 519, 1, 7, 17, 0.1429],
      ['no answer', 'Q.850', 19, 1, 7, 17, 0.1429],
      ['no answer', 'release point', 514, 1, 7, 17, 0.1429],
      ['rejected', 'Q.850', 21, 1, 7, 17, 0.1429],
      ['unreachable', 'SIP', 480, 1, 7, 17, 0.1429],
    ])
    expect(await failures(`, of_app => 'app-callback'`)).toEqual([
      ['cancelled', 'release point', 552, 1, 3, 4, 0.3333],
      ['no answer', 'Q.850', 19, 1, 3, 4, 0.3333],
      ['unreachable', 'SIP', 480, 1, 3, 4, 0.3333],
    ])
    expect(await failures(`, of_scenario => 'callVerify'`)).toEqual([])
    const byDay = await rows(
      'SELECT day::text, app_key, sum(calls)::int FROM ops.failures_daily GROUP BY 1, 2 ORDER BY 2',
    )
    expect(byDay).toEqual([
      [day, 'app-callback', 3],
      [day, 'app-note', 4],
    ])
  })

  test('the bill: days of Asia/Shanghai, by the end of the call, the corrected CDR once', async () => {
    const bill =
      await rows(`SELECT bill_day::text, app_key, scenario, bind_num, calls::int, a_legs_billed::int, a_minutes::int,
        b_legs_billed::int, b_minutes::int, billed_minutes::int, billed_seconds::int, estimated::int
      FROM ops.billing_daily ORDER BY 1, 2`)
    expect(bill).toEqual([
      [day, 'app-callback', 'click2Call', company, 4, 4, 6, 1, 3, 9, 321, 0],
      [day, 'app-note', 'callnotify', company, 8, 4, 4, 0, 0, 4, 145, 0],
      [day, 'app-private', 'privateNumber', x, 1, 0, 0, 1, 1, 1, 60, 0],
      [day, 'app-verify', 'callVerify', company, 1, 1, 1, 0, 0, 1, 20, 0],
      [dayAfter, 'app-note', 'callnotify', company, 2, 2, 3, 0, 0, 3, 130, 0],
    ])
  })

  test('who was dialed more than once', async () => {
    const frequent = await rows(
      'SELECT callee, app_key, calls::int, answered::int FROM ops.frequent_callees($1::date, $2::date) ORDER BY 2, 3 DESC',
      [day, dayAfter],
    )
    expect(frequent.sort()).toEqual([
      ['+86138****0021', 'app-callback', 4, 4],
      ['+86138****0021', 'app-note', 10, 6],
      ['+86139****0022', 'app-callback', 4, 1],
    ])
  })

  test('the most legs at one time in each hour', async () => {
    await tidy(pool)
    const peaks = await rows(
      'SELECT hour::text, app_key, peak_legs, peak_of_all FROM ops.concurrent_legs ORDER BY hour, app_key',
    )
    expect(peaks).toEqual([
      [`${day} 02:00:00+00`, 'app-callback', 2, 2],
      [`${day} 02:00:00+00`, 'app-note', 1, 2],
      [`${day} 03:00:00+00`, 'app-callback', 2, 2],
      [`${day} 03:00:00+00`, 'app-note', 1, 2],
      [`${day} 03:00:00+00`, 'app-private', 2, 2],
      [`${day} 03:00:00+00`, 'app-verify', 1, 2],
      [`${day} 04:00:00+00`, 'app-note', 1, 1],
      [`${day} 15:00:00+00`, 'app-note', 1, 1],
      // The calls over midnight of Asia/Shanghai and of UTC.
      [`${day} 16:00:00+00`, 'app-note', 1, 1],
      [`${day} 23:00:00+00`, 'app-note', 1, 1],
      [`${dayAfter} 00:00:00+00`, 'app-note', 1, 1],
    ])
  })

  test('delays: events after 1 s, CDRs after 3 s but two', async () => {
    const delays =
      await rows(`SELECT kind, sum(calls)::int, min(delay_p50), max(delay_max), sum(negative)::int, sum(over_a_minute)::int,
        sum(over_an_hour)::int FROM ops.callback_delay GROUP BY 1 ORDER BY 1`)
    expect(delays).toEqual([
      ['fee', 16, 3, 18_000, 0, 2, 1],
      ['status', 16, 1, 1, 0, 0, 0],
    ])
  })

  test('merging counts changes nothing that is asked', async () => {
    const asked = [
      'SELECT * FROM ops.calls_hourly ORDER BY hour, app_key, bind_num',
      'SELECT * FROM ops.failures_daily ORDER BY day, app_key, reason_en',
      'SELECT * FROM ops.billing_daily ORDER BY bill_day, app_key',
      'SELECT * FROM ops.callback_delay ORDER BY hour, kind',
      `SELECT * FROM ops.call_stats('-infinity', 'infinity', 'hour')`,
    ]
    await pool.query('UPDATE ops.call_counts SET is_merged = false; UPDATE ops.delays SET is_merged = false')
    const before = await Promise.all(asked.map((sql) => rows(sql)))
    await tidy(pool)
    expect(await Promise.all(asked.map((sql) => rows(sql)))).toEqual(before)
  })
})

describe('what counts', () => {
  test('a call that goes on counts for nothing, and as an attempt from its end', async () => {
    const { pool } = await freshDatabase()
    const started = '2026-11-20T02:00:00Z'
    const attempts = () =>
      rowsOf(pool, 'SELECT outcome, sum(attempts)::int FROM ops.call_counts GROUP BY 1 HAVING sum(attempts) <> 0')
    const call_ref = '00000000-0000-0000-0000-000000000001'
    await putCalls(pool, [callRow({ call_ref, started, is_live: true, outcome: 'in progress' })])
    expect(await attempts()).toEqual([])
    await putCalls(pool, [callRow({ call_ref, started, is_live: true })])
    expect(await attempts()).toEqual([])
    await putCalls(pool, [callRow({ call_ref, started, cdr_count: 0 })])
    expect(await attempts()).toEqual([['answered', 1]])
    await putCalls(pool, [callRow({ call_ref, started })])
    expect(await attempts()).toEqual([['answered', 1]])
    // It goes on after all.
    await putCalls(pool, [callRow({ call_ref, started, is_live: true })])
    expect(await attempts()).toEqual([])
  })

  test('a call whose end was never seen is an attempt, and counts neither for ACD nor on the bill', async () => {
    const { pool } = await freshDatabase()
    await putCalls(pool, [
      callRow({
        started: '2026-11-20T02:00:00Z',
        ...{ ended_at: null, bill_day: null, end_seen: false, talk_seconds: null, a_seconds: null, cdr_count: 0 },
        ...{ cdr_received_at: null, a_minutes: null, b_minutes: null },
      }),
    ])
    expect(
      await rowsOf(
        pool,
        'SELECT attempts::int, answered::int, talks::int, acd_seconds, billed_minutes::int FROM ops.calls_hourly',
      ),
    ).toEqual([[1, 1, 0, null, 0]])
    expect(await rowsOf(pool, 'SELECT * FROM ops.billing_daily')).toEqual([])
  })

  test('who gave up after ringing counts for NER, who gave up before does not', async () => {
    const { pool } = await freshDatabase()
    const started = '2026-11-20T02:00:00Z'
    await putCalls(pool, [
      callRow({ started, outcome: 'cancelled', is_effective: true }),
      callRow({ started, outcome: 'cancelled', is_effective: false }),
      callRow({ started, outcome: 'failed', is_effective: false }),
    ])
    expect(
      await rowsOf(pool, 'SELECT attempts::int, effective::int, ner::float, asr::float FROM ops.calls_hourly'),
    ).toEqual([[3, 1, 0.3333, 0]])
  })

  test('the median is one over calls: of all together it is not the mean of the medians', async () => {
    const { pool } = await freshDatabase()
    const delayed = (app_key: string, seconds: number[]) =>
      seconds.map((post_dial_delay_seconds, i) =>
        callRow({ started: `2026-11-20T02:00:0${i}Z`, app_key, post_dial_delay_seconds }),
      )
    await putCalls(pool, [...delayed('one', [1, 1, 1, 1, 2]), ...delayed('two', [9])])
    const p50 = (split: string) =>
      rowsOf(
        pool,
        `SELECT app_key, post_dial_delays::int, post_dial_delay_p50::float, post_dial_delay_p95::float
        FROM ops.call_stats('2026-11-20 00:00Z', '2026-11-21 00:00Z', split_by => '${split}')`,
      )
    expect(await p50('{app_key}')).toEqual([
      ['one', 5, 1, 1.8],
      ['two', 1, 9, 9],
    ])
    expect(await p50('{}')).toEqual([[null, 6, 1, 7.3]])
  })

  test('callbacks that came before their time are shown', async () => {
    const { pool } = await freshDatabase()
    const started = '2026-11-20T02:00:00Z'
    // Eight hours ahead: local time of China where UTC belongs.
    const ahead = Date.parse(started) - 8 * 3_600_000
    await putCalls(pool, [
      callRow({ started }),
      callRow({ started, first_received_at: ahead + 1_000, cdr_received_at: ahead + 43_000 }),
      callRow({ started, event_count: 0, first_received_at: ahead }),
    ])
    expect(
      await rowsOf(
        pool,
        'SELECT kind, calls::int, delay_min, delay_p50, delay_p95, delay_max, negative::int FROM ops.callback_delay ORDER BY kind',
      ),
    ).toEqual([
      ['fee', 3, -28_740, 3, 3, 3, 1],
      ['status', 2, -28_740, -28_740, 1, 1, 1],
    ])
  })

  test('legs that go on hold their place, also in the hours before they end', async () => {
    const { pool } = await freshDatabase()
    const at = (hours: number) =>
      new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - hours * 3_600_000).toISOString()
    const peaks = async () => {
      await tidy(pool)
      const { rows } = await pool.query(
        'SELECT hour, app_key, peak_legs, peak_of_all FROM ops.concurrent_legs ORDER BY 1, 2',
      )
      return rows.map(({ hour, ...row }) => [hour.toISOString(), ...Object.values(row)])
    }
    const long = { call_ref: '00000000-0000-0000-0000-000000000001', started: at(4.5) }
    await putCalls(pool, [
      callRow({ ...long, is_live: true, a_ended_at: null }),
      callRow({ started: at(2.5), ended: at(2.4) }),
      callRow({ started: at(2.45), ended: at(2.3), app_key: 'other' }),
      // It begins in the second in which the one before ends.
      callRow({ started: at(2.4), ended: at(2.2) }),
    ])
    expect(await peaks()).toEqual([
      [at(3), 'app', 2, 3],
      [at(3), 'other', 1, 3],
    ])
    await putCalls(pool, [callRow({ ...long, ended: at(1.5) })])
    expect(await peaks()).toEqual([
      [at(5), 'app', 1, 1],
      [at(4), 'app', 1, 1],
      [at(3), 'app', 2, 3],
      [at(3), 'other', 1, 3],
      [at(2), 'app', 1, 1],
    ])
  })
})

describe('zones', () => {
  const attempts = async (pool: pg.Pool, from: string, to: string, bucket: string, zone: string) =>
    rowsOf(pool, `SELECT bucket_start::text, attempts::int FROM ops.call_stats($1::timestamptz, $2, $3, $4, '{}')`, [
      from,
      to,
      bucket,
      zone,
    ])

  test('daylight-saving hours kept apart', async () => {
    const { pool } = await freshDatabase()
    // Clocks in Berlin are put back from 3:00 to 2:00 at 01:00 UTC.
    const calls = ['00:10', '00:50', '01:10', '02:10'].map((time) => callRow({ started: `2026-10-25T${time}:00Z` }))
    await putCalls(pool, calls)
    const day = ['2026-10-24 22:00Z', '2026-10-25 23:00Z'] as const
    const hours = [
      ['2026-10-25 00:00:00+00', 2],
      ['2026-10-25 01:00:00+00', 1],
      ['2026-10-25 02:00:00+00', 1],
    ]
    for (const bucket of ['hour', '1 hour'])
      expect(await attempts(pool, ...day, bucket, 'Europe/Berlin')).toEqual(hours)
    expect(await attempts(pool, ...day, '30 minutes', 'Europe/Berlin')).toEqual([
      ['2026-10-25 00:00:00+00', 1],
      ['2026-10-25 00:30:00+00', 1],
      ['2026-10-25 01:00:00+00', 1],
      ['2026-10-25 02:00:00+00', 1],
    ])
    // The day has 25 hours.
    expect(await attempts(pool, ...day, 'day', 'Europe/Berlin')).toEqual([['2026-10-24 22:00:00+00', 4]])
  })

  test('hours of a zone that begin at half past: what was counted and what has to be read add up', async () => {
    const { pool } = await freshDatabase()
    const calls = ['18:10', '18:29', '18:30', '18:50', '19:10', '19:40'].map((time) =>
      callRow({ started: `2026-11-20T${time}:00Z` }),
    )
    await putCalls(pool, calls)
    const range = ['2026-11-20 00:00Z', '2026-11-21 00:00Z'] as const
    expect(await attempts(pool, ...range, 'hour', 'Asia/Kolkata')).toEqual([
      ['2026-11-20 17:30:00+00', 2],
      ['2026-11-20 18:30:00+00', 3],
      ['2026-11-20 19:30:00+00', 1],
    ])
    expect(await attempts(pool, ...range, 'day', 'Asia/Kolkata')).toEqual([
      ['2026-11-19 18:30:00+00', 2],
      ['2026-11-20 18:30:00+00', 4],
    ])
  })

  test('ranges that begin and end within an hour, and unlimited ones', async () => {
    const { pool } = await freshDatabase()
    const calls = ['01:59', '02:10', '02:30', '03:30', '04:05', '04:10'].map((time) =>
      callRow({ started: `2026-11-20T${time}:00Z` }),
    )
    await putCalls(pool, calls)
    const total = async (from: string, to: string) => (await attempts(pool, from, to, 'month', 'UTC'))[0]?.[1] ?? 0
    expect(await total('2026-11-20 02:10Z', '2026-11-20 04:10Z')).toBe(4)
    expect(await total('2026-11-20 02:11Z', '2026-11-20 02:31Z')).toBe(1)
    expect(await total('2026-11-20 02:11Z', '2026-11-20 02:12Z')).toBe(0)
    expect(await total('2026-11-20 03:00Z', '2026-11-20 03:00Z')).toBe(0)
    expect(await total('2026-11-20 04:00Z', '2026-11-20 03:00Z')).toBe(0)
    expect(await total('-infinity', 'infinity')).toBe(6)
    expect(await rowsOf(pool, `SELECT attempts::int FROM ops.failures('-infinity', 'infinity')`)).toEqual([])
  })

  test.each([
    ['a bucket that is none', `'fortnight'`, /units? "fortnight" not recognized/],
    ['a bucket without length', `'0 minutes'`, /stride must be greater than zero/],
    ['a zone that is none', `'hour', 'Asia/Shenzen'`, /time zone "Asia\/Shenzen" not recognized/],
    ['a column that is none', `'hour', 'UTC', '{session_id}'`, /split_by takes app_key, scenario and bind_num/],
  ])('%s is refused', async (_what, args, message) => {
    const { pool } = await freshDatabase()
    await putCalls(pool, [callRow({ started: '2026-11-20T02:00:00Z' })])
    await expect(pool.query(`SELECT * FROM ops.call_stats('2026-11-20', '2026-11-21', ${args})`)).rejects.toThrow(
      message,
    )
  })
})

describe('changes of the bill', () => {
  const call_ref = '00000000-0000-0000-0000-000000000001'
  const started = '2026-11-20T02:00:00Z'
  const changes = (pool: pg.Pool) =>
    rowsOf(
      pool,
      `SELECT cause, bill_day_before::text, minutes_before, bill_day_after::text, minutes_after, app_key
      FROM ops.bill_changes ORDER BY changed_at`,
    )

  test('a corrected CDR, and what is computed again', async () => {
    const { pool } = await freshDatabase()
    await putCalls(pool, [callRow({ call_ref, started, cdr_count: 0 })])
    await putCalls(pool, [callRow({ call_ref, started })])
    await putCalls(pool, [callRow({ call_ref, started, event_count: 5 })])
    expect(await changes(pool)).toEqual([])
    const ended = '2026-11-20T16:00:30Z'
    const cdr_received_at = Date.parse('2026-11-20T17:00:00Z')
    await putCalls(pool, [callRow({ call_ref, started, ended, cdr_count: 2, cdr_received_at, a_minutes: 841 })])
    await putCalls(pool, [callRow({ call_ref, started, ended, cdr_count: 2, cdr_received_at, a_minutes: 0 })])
    expect(await changes(pool)).toEqual([
      ['corrected', '2026-11-20', 1, '2026-11-21', 841, 'app'],
      ['recomputed', '2026-11-21', 841, '2026-11-21', 0, 'app'],
    ])
  })

  test('a CDR that was accepted in the place of a stored one', async () => {
    const { pool } = await freshDatabase()
    await putCalls(pool, [callRow({ call_ref, started })])
    await pool.query(
      `INSERT INTO rtc.replaced_cdrs (cdr_time, call_ref, session_id, icid, replaced_by, cdr) VALUES ($1, $2, 's', '', 'ann', '{}')`,
      [started, call_ref],
    )
    await putCalls(pool, [callRow({ call_ref, started, a_minutes: 2 })])
    expect(await changes(pool)).toEqual([['accepted', '2026-11-20', 1, '2026-11-20', 2, 'app']])
    await putCalls(pool, [callRow({ call_ref, started, a_minutes: 3 })])
    expect((await changes(pool))[1]?.[0]).toBe('recomputed')
  })

  test('a first CDR is late when it comes more than an hour after its day', async () => {
    const { pool } = await freshDatabase()
    // Midnight of Asia/Shanghai is 16:00 of UTC.
    const late = (time: string, a_minutes = 1) =>
      callRow({ started, cdr_received_at: Date.parse(`2026-11-20T${time}Z`), a_minutes })
    await putCalls(pool, [late('16:59:00'), late('17:01:00', 0)])
    expect(await changes(pool)).toEqual([])
    await putCalls(pool, [late('17:01:00')])
    expect(await changes(pool)).toEqual([['late', null, null, '2026-11-20', 1, 'app']])
  })
})

describe('counts and calls', () => {
  /** What is counted of each call, told by ops.calls alone. */
  const truth = `
    SELECT date_trunc('hour', started_at, 'UTC'), app_key, outcome, count(*)::int,
      count(*) FILTER (WHERE is_effective)::int,
      coalesce(sum(talk_seconds) FILTER (WHERE outcome = 'answered' AND end_seen), 0)::int, sum(event_count)::int, sum(cdr_count)::int,
      coalesce(sum(a_minutes), 0)::int, coalesce(sum(b_minutes), 0)::int
    FROM ops.calls WHERE NOT is_live GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`
  const counted = `
    SELECT hour, app_key, outcome, sum(attempts)::int, sum(effective)::int, sum(talk_seconds)::int, sum(events)::int, sum(cdrs)::int,
      sum(a_minutes)::int, sum(b_minutes)::int
    FROM ops.call_counts GROUP BY 1, 2, 3 HAVING sum(attempts) <> 0 ORDER BY 1, 2, 3`

  test('however calls change, and whenever counts are merged, they say the same', async () => {
    const { pool } = await freshDatabase()
    let state = 20_261_127
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (let step = 0; step < 60; step++) {
      const rows = Array.from({ length: 1 + random(8) }, () => {
        const n = random(40)
        const outcome = (['answered', 'busy', 'failed'] as const)[random(3)] ?? 'answered'
        return callRow({
          call_ref: `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`,
          started: `2026-11-20T0${random(3)}:${random(2)}0:00Z`,
          app_key: ['one', 'two'][random(2)] as string,
          outcome,
          is_effective: outcome !== 'failed',
          is_live: random(4) === 0,
          event_count: random(3),
          ...(random(3) === 0 ? { cdr_count: 0 } : { cdr_count: 1 + random(2), a_minutes: random(4) }),
        })
      })
      await putCalls(pool, [...new Map(rows.map((row) => [row.call_ref, row])).values()])
      if (random(6) === 0) await tidy(pool)
      if (step % 10 === 9) expect(await rowsOf(pool, counted)).toEqual(await rowsOf(pool, truth))
    }
    await tidy(pool)
    expect(await rowsOf(pool, counted)).toEqual(await rowsOf(pool, truth))
    expect(await rowsOf(pool, 'SELECT FROM ops.call_counts WHERE attempts <= 0 OR NOT is_merged')).toEqual([])
  })

  test('a call that says what it said before appends nothing', async () => {
    const { pool } = await freshDatabase()
    const call = callRow({ started: '2026-11-20T02:00:00Z' })
    await putCalls(pool, [call])
    const appended = async () => (await pool.query('SELECT FROM ops.call_counts')).rowCount
    expect(await appended()).toBe(1)
    await putCalls(pool, [call])
    await putCalls(pool, [{ ...call, digits: '1', digit_count: 1 }])
    expect(await appended()).toBe(1)
    // The same attempt, of other minutes.
    await putCalls(pool, [{ ...call, a_minutes: 5 }])
    expect(await rowsOf(pool, 'SELECT attempts, a_minutes FROM ops.call_counts ORDER BY 2')).toEqual([
      [1, 1],
      [0, 4],
    ])
  })

  test('what is counted while counts are merged is neither lost nor counted twice', async () => {
    const { pool } = await freshDatabase()
    const started = '2026-11-20T02:00:00Z'
    await putCalls(pool, [callRow({ started }), callRow({ started })])
    await withClient(pool, (client) =>
      transaction(client, async () => {
        await client.query('SELECT rtc.merge_counts()')
        // Neither waits for the other.
        await putCalls(pool, [callRow({ started })])
        expect((await pool.query('SELECT rtc.merge_counts() AS hours')).rows).toEqual([{ hours: 0 }])
      }),
    )
    expect(await rowsOf(pool, counted)).toEqual(await rowsOf(pool, truth))
    await tidy(pool)
    expect(await rowsOf(pool, 'SELECT attempts FROM ops.call_counts')).toEqual([[3]])
  })

  test('an hour whose calls somebody changed by hand can be counted anew', async () => {
    const { pool } = await freshDatabase()
    await putCalls(pool, [callRow({ started: '2026-11-20T02:00:00Z' }), callRow({ started: '2026-11-20T03:00:00Z' })])
    await pool.query(`UPDATE ops.calls SET outcome = 'busy', a_minutes = 0`)
    for (const hour of ['02', '03']) await pool.query('SELECT rtc.recount_hour($1)', [`2026-11-20 ${hour}:00Z`])
    expect(await rowsOf(pool, counted)).toEqual(await rowsOf(pool, truth))
  })

  test('counts stay when retention deletes the calls', async () => {
    const { pool } = await freshDatabase()
    await putCalls(pool, [callRow({ started: '2025-11-20T02:00:00Z' })])
    await pool.query("SELECT rtc.tidy('calls', '2026-01-01Z')")
    expect((await pool.query('SELECT FROM ops.calls')).rowCount).toBe(0)
    expect(await rowsOf(pool, 'SELECT sum(attempts)::int FROM ops.calls_hourly')).toEqual([[1]])
    expect(
      await rowsOf(pool, "SELECT sum(attempts)::int FROM ops.call_stats('2025-11-01 00:00Z', '2025-12-01 00:00Z')"),
    ).toEqual([[1]])
  })
})
