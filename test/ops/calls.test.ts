import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { company, day, dayAfter, display, storeDay, x } from './scripted-day.ts'

let pool: pg.Pool

beforeAll(async () => {
  pool = (await freshDatabase()).pool
  await storeDay(pool)
})

/** Rows as text, times as UTC without zone, so that what is expected can be written by hand. */
async function rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = await pool.connect()
  try {
    await client.query("SET TimeZone = 'UTC'")
    return (await client.query(sql, values)).rows
  } finally {
    client.release()
  }
}

/** session → [scenario, outcome, started, ringing, answered, ended, ring, talk, delay, has events, has CDR, CDRs]. */
const expected: Record<string, unknown[]> = {
  'callback-answered': [
    'click2Call',
    'answered',
    '02:00:00',
    '02:00:15',
    '02:00:20',
    '02:02:25',
    5,
    125,
    5,
    true,
    true,
    1,
  ],
  'note-busy': ['callnotify', 'busy', '02:10:00', null, null, '02:10:05', null, null, null, true, true, 1],
  'note-no-answer': ['callnotify', 'no answer', '02:20:00', '02:20:05', null, '02:21:05', 60, null, 5, true, true, 1],
  'note-rejected': ['callnotify', 'rejected', '02:30:00', '02:30:04', null, '02:30:10', 6, null, 4, true, true, 1],
  'callback-cancelled': [
    'click2Call',
    'cancelled',
    '02:40:00',
    '02:40:10',
    null,
    '02:40:20',
    10,
    null,
    4,
    true,
    true,
    1,
  ],
  'callback-a-but-not-b': [
    'click2Call',
    'no answer',
    '02:50:00',
    '02:50:09',
    null,
    '02:50:50',
    41,
    null,
    4,
    true,
    true,
    1,
  ],
  'callback-failed-q850-0': [
    'click2Call',
    'unreachable',
    '03:00:00',
    '03:00:06',
    null,
    '03:00:07',
    1,
    null,
    1,
    true,
    true,
    1,
  ],
  'note-failed-no-reason': [
    'callnotify',
    'failed',
    '03:05:00',
    null,
    null,
    '03:05:02',
    null,
    null,
    null,
    true,
    true,
    1,
  ],
  'note-digits': ['callnotify', 'answered', '03:10:00', '03:10:03', '03:10:08', '03:11:08', 5, 60, 3, true, true, 1],
  verify: ['callVerify', 'answered', '03:20:00', '03:20:02', '03:20:05', '03:20:25', 3, 20, 2, true, true, 1],
  // Its session id holds numbers, so it has none here.
  null: ['privateNumber', 'answered', '03:30:00', '03:30:05', '03:30:15', '03:31:15', 10, 60, 4, true, true, 1],
  'lost-status': ['callnotify', 'answered', '03:40:00', '03:40:02', '03:40:04', '03:40:34', 2, 30, 2, false, true, 1],
  'lost-cdr': ['callnotify', 'answered', '03:50:00', '03:50:03', '03:50:06', '03:51:16', 3, 70, 3, true, false, 0],
  'late-cdr': ['callnotify', 'answered', '04:00:00', '04:00:02', '04:00:04', '04:00:14', 2, 10, 2, true, true, 1],
  corrected: ['callnotify', 'answered', '04:10:00', '04:10:02', '04:10:05', '04:10:50', 3, 45, 2, true, true, 2],
  'midnight-beijing': [
    'callnotify',
    'answered',
    '15:59:30',
    '15:59:33',
    '15:59:40',
    '16:01:10',
    7,
    90,
    3,
    true,
    true,
    1,
  ],
  'midnight-utc': ['callnotify', 'answered', '23:59:30', '23:59:33', '23:59:40', '00:00:20', 7, 40, 3, true, true, 1],
}

const callColumns = `session_id, scenario, outcome, started_at::time::text AS started, ringing_at::time::text AS ringing,
  answered_at::time::text AS answered, ended_at::time::text AS ended, ring_seconds, talk_seconds, post_dial_delay_seconds,
  has_events, has_cdr, cdr_count::int`

test('every call of the day is there once, as it went', async () => {
  const calls = await rows(
    `SELECT ${callColumns} FROM ops.calls WHERE started_at >= $1::timestamptz AND started_at < $2::timestamptz`,
    [`${day} 00:00+00`, `${dayAfter} 00:00+00`],
  )
  expect(calls).toHaveLength(17)
  expect(Object.fromEntries(calls.map(({ session_id, ...call }) => [session_id, Object.values(call)]))).toEqual(
    expected,
  )
})

test('a look-up by session id finds the same', async () => {
  for (const [session, call] of Object.entries(expected)) {
    if (session === 'null') continue
    const found = await rows(`SELECT ${callColumns} FROM ops.calls WHERE session_id = $1`, [session])
    expect(found.map(({ session_id, ...row }) => Object.values(row))).toEqual([call])
  }
})

test('codes and their texts', async () => {
  const calls = await rows(
    'SELECT session_id, release_point, a_q850, b_q850, sip_status, reason, hung_up_by FROM ops.calls',
  )
  const bySession = Object.fromEntries(calls.map(({ session_id, ...row }) => [session_id, Object.values(row)]))
  expect(bySession['callback-answered']).toEqual([
    0,
    0,
    0,
    0,
    'answered call, then a party hung up normally / 接通后主动挂机',
    'callee',
  ])
  expect(bySession['note-busy']).toEqual([519, 17, 0, 486, 'user busy / 用户忙', null])
  expect(bySession['note-no-answer']).toEqual([514, 19, 0, 0, 'ringing timed out / 振铃超时', null])
  expect(bySession['callback-cancelled']?.[4]).toBe(
    'local user hung up while the remote leg was ringing / 远端振铃时本端用户挂机',
  )
  expect(bySession['callback-a-but-not-b']?.[4]).toBe('no answer from user / 无用户应答')
  expect(bySession['callback-failed-q850-0']).toEqual([518, 0, 0, 480, 'SIP status 480 / SIP 状态码 480', null])
  expect(bySession['note-failed-no-reason']?.[4]).toMatch(/^local user call failed .*Q\.850 value \/ /)
  expect(bySession.null?.[5]).toBe('caller')
  expect(bySession['lost-cdr']).toEqual([
    null,
    null,
    null,
    null,
    'answered call, then a party hung up normally / 接通后主动挂机',
    null,
  ])
})

test('numbers stand where they belong in each product, masked', async () => {
  const calls = await rows(`SELECT session_id, a_number, b_number, shown_to_a, shown_to_b, bind_num FROM ops.calls
    WHERE session_id IS NULL OR session_id IN ('callback-answered', 'verify', 'lost-cdr') ORDER BY 1 NULLS FIRST`)
  expect(calls.map((call) => Object.values(call))).toEqual([
    [null, '+86138****0031', '+86139****0032', x, x, x],
    ['callback-answered', '+86138****0021', '+86139****0022', '+86****21', '+86****21', company],
    ['lost-cdr', '+86138****0021', null, '+86****21', null, null],
    ['verify', '+86138****0021', null, '+86****21', null, company],
  ])
  expect(display.endsWith('21')).toBe(true)
})

test('references are the same for the same call and the same number everywhere', async () => {
  const [call] = await rows(
    `SELECT c.call_ref, c.a_ref, c.b_ref FROM ops.calls c WHERE session_id = 'callback-answered'`,
  )
  expect(Object.values(call ?? {}).every((ref) => /^[0-9a-f]{16}$/.test(String(ref)))).toBe(true)
  expect(await rows(`SELECT DISTINCT call_ref FROM ops.events WHERE session_id = 'callback-answered'`)).toEqual([
    { call_ref: call?.call_ref },
  ])
  expect(
    await rows(`SELECT leg, number_ref FROM ops.legs WHERE session_id = 'callback-answered' ORDER BY leg`),
  ).toEqual([
    { leg: 'A', number_ref: call?.a_ref },
    { leg: 'B', number_ref: call?.b_ref },
  ])
  const [verify] = await rows(`SELECT a_ref FROM ops.calls WHERE session_id = 'verify'`)
  expect(verify?.a_ref).toBe(call?.a_ref)
})

test('digits: a choice in a menu is shown, what may be a PIN is not', async () => {
  expect(await rows(`SELECT digits FROM ops.calls WHERE session_id = 'note-digits'`)).toEqual([{ digits: '1 ***' }])
  expect(await rows(`SELECT app_key, source, digits, keys FROM ops.digit_inputs ORDER BY occurred_at`)).toEqual([
    { app_key: 'app-note', source: 'collectInfo', digits: '1', keys: 1 },
    { app_key: 'app-note', source: 'collectInfo', digits: '***', keys: 6 },
  ])
})

test('legs: what the console counts', async () => {
  const legs =
    await rows(`SELECT session_id, leg, started_at::time::text AS started, answered_at::time::text AS answered,
      post_dial_delay_seconds, seconds, billed_minutes
    FROM ops.legs WHERE session_id LIKE 'callback-%' OR session_id IS NULL OR session_id IN ('note-busy', 'lost-cdr') ORDER BY call_started_at, leg`)
  expect(legs.map((leg) => Object.values(leg))).toEqual([
    ['callback-answered', 'A', '02:00:00', '02:00:10', 3, 135, 3],
    ['callback-answered', 'B', '02:00:10', '02:00:20', 5, 125, 3],
    ['note-busy', 'A', '02:10:00', null, null, null, null],
    ['callback-cancelled', 'A', '02:40:00', '02:40:06', 2, 14, 1],
    ['callback-cancelled', 'B', '02:40:06', null, 4, null, null],
    ['callback-a-but-not-b', 'A', '02:50:00', '02:50:05', 2, 45, 1],
    ['callback-a-but-not-b', 'B', '02:50:05', null, 4, null, null],
    ['callback-failed-q850-0', 'A', '03:00:00', '03:00:05', 3, 2, 1],
    ['callback-failed-q850-0', 'B', '03:00:05', null, 1, null, null],
    [null, 'A', '03:30:00', '03:30:15', null, 60, 1],
    [null, 'B', '03:30:01', '03:30:15', 4, 60, 1],
    ['lost-cdr', 'A', '03:50:00', '03:50:06', 3, 70, 2],
  ])
})

describe('statistics', () => {
  test('by day of Asia/Shanghai, app and number', async () => {
    const stats = await rows(
      `SELECT bucket_start::text AS bucket, app_key, bind_num, attempts::int, answered::int, asr::float, effective::int, ner::float,
        busy::int, no_answer::int, rejected::int, unreachable::int, cancelled::int, failed::int, unknown::int, in_progress::int,
        talk_seconds::int, acd_seconds::float, legs::int, legs_answered::int, leg_asr::float, post_dial_delay_p50::float AS p50,
        post_dial_delay_p95::float AS p95, billed_minutes::int
      FROM ops.call_stats($1, $2, 'day', 'Asia/Shanghai')`,
      [`${day} 00:00+00`, `${dayAfter} 12:00+00`],
    )
    const dayBefore = new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10)
    expect(stats.map((row) => Object.values(row))).toEqual([
      [
        `${dayBefore} 16:00:00+00`,
        'app-callback',
        company,
        4,
        1,
        0.25,
        3,
        0.75,
        0,
        1,
        0,
        1,
        1,
        0,
        0,
        0,
        125,
        125,
        8,
        5,
        0.625,
        3,
        4.7,
        9,
      ],
      [
        `${dayBefore} 16:00:00+00`,
        'app-note',
        company,
        9,
        5,
        0.5556,
        8,
        0.8889,
        1,
        1,
        1,
        0,
        0,
        1,
        0,
        0,
        235,
        47,
        9,
        5,
        0.5556,
        3,
        4.7,
        6,
      ],
      [`${dayBefore} 16:00:00+00`, 'app-note', null, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 70, 70, 1, 1, 1, 3, 3, 2],
      [`${dayBefore} 16:00:00+00`, 'app-private', x, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 60, 60, 2, 2, 1, 4, 4, 2],
      [
        `${dayBefore} 16:00:00+00`,
        'app-verify',
        company,
        1,
        1,
        1,
        1,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        20,
        20,
        1,
        1,
        1,
        2,
        2,
        1,
      ],
      [`${day} 16:00:00+00`, 'app-note', company, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 40, 40, 1, 1, 1, 3, 3, 1],
    ])
  })

  test('in other zones and buckets the same calls fall elsewhere', async () => {
    const attempts = (bucket: string, zone: string) =>
      rows(
        `SELECT bucket_start::text AS bucket, sum(attempts)::int AS attempts FROM ops.call_stats($1, $2, $3, $4)
          WHERE app_key = 'app-note' GROUP BY 1 ORDER BY 1`,
        [`${day} 00:00+00`, `${dayAfter} 00:00+00`, bucket, zone],
      )
    expect(await attempts('day', 'UTC')).toEqual([{ bucket: `${day} 00:00:00+00`, attempts: 11 }])
    expect(await attempts('hour', 'UTC')).toEqual([
      { bucket: `${day} 02:00:00+00`, attempts: 3 },
      { bucket: `${day} 03:00:00+00`, attempts: 4 },
      { bucket: `${day} 04:00:00+00`, attempts: 2 },
      { bucket: `${day} 15:00:00+00`, attempts: 1 },
      { bucket: `${day} 23:00:00+00`, attempts: 1 },
    ])
    expect(await attempts('30 minutes', 'UTC')).toHaveLength(7)
    expect(await attempts('8 hours', 'Asia/Shanghai')).toEqual([
      { bucket: `${day} 00:00:00+00`, attempts: 9 },
      { bucket: `${day} 08:00:00+00`, attempts: 1 },
      { bucket: `${day} 16:00:00+00`, attempts: 1 },
    ])
  })

  test('why calls failed', async () => {
    const failures = await rows(
      `SELECT outcome, reason, calls::int, share::float FROM ops.failures($1, $2) ORDER BY calls DESC, outcome, reason`,
      [`${day} 00:00+00`, `${dayAfter} 12:00+00`],
    )
    expect(failures.map((row) => [row.outcome, row.calls, row.share])).toEqual(
      ['busy', 'cancelled', 'failed', 'no answer', 'no answer', 'rejected', 'unreachable'].map((outcome) => [
        outcome,
        1,
        0.1429,
      ]),
    )
    expect(
      await rows(`SELECT outcome FROM ops.failures($1, $2, 'app-callback') ORDER BY 1`, [
        `${day} 00:00+00`,
        `${dayAfter} 12:00+00`,
      ]),
    ).toEqual([{ outcome: 'cancelled' }, { outcome: 'no answer' }, { outcome: 'unreachable' }])
  })

  test('the bill: days of Asia/Shanghai, by the end of the call, the corrected CDR once', async () => {
    const bill =
      await rows(`SELECT day::text, app_key, scenario, bind_num, calls::int, a_legs_billed::int, a_minutes::int,
      b_legs_billed::int, b_minutes::int, billed_minutes::int, leg_seconds::int FROM ops.billing_daily ORDER BY 1, 2`)
    expect(bill.map((row) => Object.values(row))).toEqual([
      [day, 'app-callback', 'click2Call', company, 4, 4, 6, 1, 3, 9, 321],
      [day, 'app-note', 'callnotify', company, 8, 4, 4, 0, 0, 4, 145],
      [day, 'app-private', 'privateNumber', x, 1, 1, 1, 1, 1, 2, 120],
      [day, 'app-verify', 'callVerify', company, 1, 1, 1, 0, 0, 1, 20],
      [dayAfter, 'app-note', 'callnotify', company, 2, 2, 3, 0, 0, 3, 130],
    ])
  })

  test('frequent callees: who was dialled more than once', async () => {
    const frequent = await rows(
      `SELECT callee, app_key, calls::int, answered::int FROM ops.frequent_callees WHERE day = $1 ORDER BY 2, 3 DESC`,
      [day],
    )
    expect(frequent.map((row) => Object.values(row))).toEqual([
      ['+86138****0021', 'app-callback', 4, 4],
      ['+86139****0022', 'app-callback', 4, 1],
      ['+86138****0021', 'app-note', 10, 6],
    ])
  })

  test('concurrent legs: the most at one time in each hour', async () => {
    const peaks = await rows(
      `SELECT hour::time::text AS hour, app_key, peak_legs::int FROM ops.concurrent_legs WHERE day = $1 AND peak_legs > 0 ORDER BY hour, 2`,
      [day],
    )
    expect(peaks.map((row) => Object.values(row))).toEqual([
      ['02:00:00', 'app-callback', 2],
      ['02:00:00', 'app-note', 1],
      ['03:00:00', 'app-callback', 2],
      ['03:00:00', 'app-note', 1],
      ['03:00:00', 'app-private', 2],
      ['03:00:00', 'app-verify', 1],
      ['04:00:00', 'app-note', 1],
      ['15:00:00', 'app-note', 1],
    ])
    // The call over midnight of Asia/Shanghai occupies the first hour of the next day too.
    const next = await rows(
      `SELECT hour::time::text AS hour, peak_legs::int FROM ops.concurrent_legs WHERE day = $1 AND peak_legs > 0 ORDER BY ops.concurrent_legs.hour`,
      [dayAfter],
    )
    expect(next).toEqual([
      { hour: '16:00:00', peak_legs: 1 },
      { hour: '23:00:00', peak_legs: 1 },
      { hour: '00:00:00', peak_legs: 1 },
    ])
  })
})

test('recordings are listed without their address', async () => {
  const list = await rows('SELECT *, call_started_at::time::text AS started FROM ops.recordings')
  expect(list).toMatchObject([{ session_id: 'callback-answered', started: '02:00:00', likely_gone: false }])
  expect(JSON.stringify(list)).not.toMatch(/ostor|wav/)
})

describe('gaps', () => {
  test('the lost CDR, the lost status, the repeated CDR', async () => {
    expect(await rows('SELECT day::text, session_id, presumed, resends_left FROM ops.missing_cdrs')).toEqual([
      { day, session_id: 'lost-cdr', presumed: false, resends_left: 0 },
    ])
    expect(await rows('SELECT day::text, session_id, app_key FROM ops.cdrs_without_events')).toEqual([
      { day, session_id: 'lost-status', app_key: 'app-note' },
    ])
    expect(
      await rows(
        'SELECT session_id, call_end_time::time::text AS ended, seconds, counts, cdr_count::int FROM ops.repeated_cdrs ORDER BY 2',
      ),
    ).toEqual([
      { session_id: 'corrected', ended: '04:10:30', seconds: 25, counts: false, cdr_count: 2 },
      { session_id: 'corrected', ended: '04:10:50', seconds: 45, counts: true, cdr_count: 2 },
    ])
  })

  test('delays: status after 1 s, CDRs after 3 s but two', async () => {
    const delays =
      await rows(`SELECT kind, sum(callbacks)::int AS callbacks, max(delay_max)::float AS longest, sum(over_a_minute)::int AS late,
      sum(over_an_hour)::int AS resent FROM ops.callback_delay GROUP BY 1 ORDER BY 1`)
    expect(delays).toEqual([
      { kind: 'fee', callbacks: 17, longest: 18_000, late: 2, resent: 1 },
      { kind: 'status', callbacks: 52, longest: 1, late: 0, resent: 0 },
    ])
  })

  test('subscriptions: every app has both', async () => {
    const list = await rows(
      'SELECT app_key, name, sessions::int, events::int, cdrs::int, finding FROM ops.subscriptions ORDER BY 1',
    )
    expect(list.map((row) => Object.values(row))).toEqual([
      ['app-callback', null, 4, 15, 4, 'both come / 状态与话单均正常'],
      ['app-note', 'Notices', 11, 28, 11, 'both come / 状态与话单均正常'],
      ['app-private', null, 1, 5, 1, 'both come / 状态与话单均正常'],
      ['app-verify', 'Codes', 1, 4, 1, 'both come / 状态与话单均正常'],
    ])
  })
})
