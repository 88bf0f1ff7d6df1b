import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { addRedeliveries } from '../../src/store/statistics.ts'
import { callRow, putCalls } from '../support/calls.ts'
import { freshDatabase } from '../support/database.ts'
import { cdr, events, type Fact, store, storeDay } from './scripted-day.ts'

const hour = 3_600_000
/** `yyyy-MM-dd HH:mm:ss` so many hours ago. */
const ago = (hours: number) => new Date(Date.now() - hours * hour).toISOString().replace('T', ' ').slice(0, 19)

const legB = { called: '+8613900000022' }
const working = { app_key: 'app-works', service_type: '001' }

/** A notification that was answered and ended so many hours ago. */
function notification(session: string, app: string | null, endedAgo: number): Fact[] {
  const list = events(session, app ?? '', [
    [ago(endedAgo + 0.02), 'callout'],
    [ago(endedAgo + 0.01), 'answer'],
    [ago(endedAgo), 'disconnect', { state_code: 0 }],
  ])
  return list.map((row) => ({ ...row, signed_by: app }))
}

async function rowsOf(pool: pg.Pool, sql: string): Promise<unknown[][]> {
  return (await pool.query({ text: sql, rowMode: 'array' })).rows
}

describe('calls and their records', () => {
  let pool: pg.Pool
  const missing = async (): Promise<Record<string, unknown[]>> => {
    const rows = await rowsOf(pool, 'SELECT session_id, app_key, presumed, resends_left FROM ops.missing_cdrs')
    return Object.fromEntries(rows.map(([session, ...row]) => [session, row]))
  }

  beforeAll(async () => {
    pool = (await freshDatabase()).pool
    const cdrs = [
      cdr('whole', ago(3), { ...working, call_out_start_time: ago(3.02), call_end_time: ago(3) }),
      // It ended on the next day of UTC, and its events are of both.
      cdr('midnight', `${ago(24).slice(0, 10)} 00:30:00`, {
        ...working,
        call_end_time: `${ago(24).slice(0, 10)} 00:30:00`,
      }),
      cdr('private-whole', ago(5), {
        ...{ app_key: 'app-private', service_type: '004' },
        ...{ call_in_time: ago(5.02), call_end_time: ago(5) },
      }),
      cdr('unsigned-whole', ago(5), { app_key: 'app-unsigned', call_end_time: ago(5) }),
      // Never an event of this one.
      cdr('only-cdr', ago(5), { app_key: 'app-no-status', call_end_time: ago(5) }),
    ]
    const callEvents = [
      ...notification('whole', 'app-works', 3),
      ...events('midnight', 'app-works', [
        [`${ago(48).slice(0, 10)} 23:50:00`, 'callout'],
        [`${ago(24).slice(0, 10)} 00:30:00`, 'disconnect', { state_code: 0 }],
      ]),
      ...notification('private-whole', 'app-private', 5),
      ...notification('unsigned-whole', null, 5),

      ...notification('no-fee-url', 'app-no-fee', 4),
      ...notification('just-ended', 'app-works', 0.1),
      ...notification('lost-cdr', 'app-works', 2.5),
      ...notification('long-lost', 'app-works', 12),
      ...events('lost-disconnect', 'app-works', [
        [ago(26), 'callout'],
        [ago(25.9), 'answer'],
      ]),
      ...events('still-talking', 'app-works', [
        [ago(3), 'callout'],
        [ago(2.9), 'answer'],
      ]),
      ...events('second-leg-just-left', 'app-works', [
        [ago(0.2), 'callout'],
        [ago(0.15), 'callout', legB],
        [ago(0.1), 'disconnect', { state_code: 0 }],
      ]),
      // The disconnect of the second leg was lost: ten minutes without a word end the call.
      ...events('second-leg-open', 'app-works', [
        [ago(3), 'callout'],
        [ago(2.95), 'callout', legB],
        [ago(2.9), 'disconnect', { state_code: 0 }],
      ]),
      ...events('both-legs-ended', 'app-works', [
        [ago(3), 'callout'],
        [ago(2.95), 'callout', legB],
        [ago(2.9), 'disconnect', { state_code: 0 }],
        [ago(2.9), 'disconnect', { ...legB, state_code: 0 }],
      ]),
      ...events('private-lost', 'app-private', [
        [ago(1.8), 'callin', { caller: '+8613800000031', called: '+8613800000099' }],
        [ago(1.75), 'callout', { caller: '+8613800000099', called: '+8613900000032' }],
        [ago(100 / 60), 'disconnect', { caller: '+8613800000099', called: '+8613900000032', state_code: 0 }],
      ]),
      ...notification('unsigned-lost', null, 2.5),
    ]
    await store(pool, cdrs, callEvents)
  })

  test('missing CDRs: calls that ended, of applications that have CDRs, with the re-sends that are left', async () => {
    expect(await missing()).toEqual({
      // Six re-sends an hour apart, of which two have gone by.
      'lost-cdr': ['app-works', false, 4],
      'long-lost': ['app-works', false, 0],
      'both-legs-ended': ['app-works', false, 4],
      'second-leg-open': ['app-works', false, 4],
      // No disconnect, but nothing for 25 hours.
      'lost-disconnect': ['app-works', true, 0],
      // 100 minutes after its end the private-number product has sent after 1, 4 and 9 minutes; 106, 203 and 300 are to come.
      'private-lost': ['app-private', false, 3],
      // Without a signature nobody knows the application; that CDRs come at all is enough.
      'unsigned-lost': [null, false, 4],
    })
  })

  test('calls that go on', async () => {
    expect(await rowsOf(pool, 'SELECT session_id, outcome FROM ops.live_calls ORDER BY 1')).toEqual([
      ['second-leg-just-left', 'in progress'],
      ['still-talking', 'answered'],
    ])
    const [seconds] = await rowsOf(pool, `SELECT seconds FROM ops.live_calls WHERE session_id = 'still-talking'`)
    expect(Math.abs(Number(seconds?.[0]) - 3 * 3600)).toBeLessThan(60)
  })

  test('an application without feeUrl is one line of subscriptions, and so is one without statusUrl', async () => {
    const rows = await rowsOf(
      pool,
      'SELECT app_key, calls::int, events::int, cdrs::int, needs_attention, finding FROM ops.subscriptions',
    )
    const byApp = Object.fromEntries(rows.map(([app, ...row]) => [app, row]))
    expect(byApp['app-no-fee']).toEqual([
      ...[1, 3, 0, true],
      'no CDR ever: is feeUrl registered? / 从未收到话单：是否已登记 feeUrl？',
    ])
    expect(byApp['app-no-status']).toEqual([
      ...[1, 0, 1, true],
      'no event for a week: is statusUrl registered? / 一周内未收到呼叫状态：是否已登记 statusUrl？',
    ])
    // Events that name no application have it from the CDR of their call.
    expect(byApp['app-unsigned']).toEqual([1, 3, 1, false, 'both come / 状态与话单均正常'])
    // A call of which nobody knows the application is no alarm.
    expect(byApp.null).toEqual([1, 3, 0, false, expect.stringMatching(/^application unknown/)])
  })

  test('CDRs without events: not of applications that send none at all', async () => {
    const without = () => rowsOf(pool, 'SELECT session_id, app_key FROM ops.cdrs_without_events')
    expect(await without()).toEqual([])
    await store(pool, [cdr('lost-status', ago(4), { ...working, call_end_time: ago(4) })], [])
    expect(await without()).toEqual([['lost-status', 'app-works']])
    // An event that comes late closes the gap.
    await store(pool, [], events('lost-status', 'app-works', [[ago(4), 'disconnect', { state_code: 8010 }]]))
    expect(await without()).toEqual([])
  })

  test('a CDR that comes at last closes the gap', async () => {
    expect(Object.keys(await missing())).toContain('lost-cdr')
    const received_at = new Date().toISOString()
    await store(pool, [cdr('lost-cdr', ago(2.5), { ...working, call_end_time: ago(2.5), received_at })], [])
    expect(Object.keys(await missing())).not.toContain('lost-cdr')
  })

  test('calls with more than one CDR, and what they changed of the bill', async () => {
    const session = 'corrected'
    const times = { call_out_start_time: ago(2.01), call_out_answer_time: ago(2.01) }
    const receivedAfter = (seconds: number) => new Date(Date.now() - 2 * hour + seconds * 1000).toISOString()
    await store(pool, [cdr(session, ago(2), { ...working, ...times, call_end_time: ago(2) })], [])
    expect(await rowsOf(pool, 'SELECT session_id FROM ops.repeated_cdrs')).toEqual([])
    const ended = { call_end_time: ago(1.95), received_at: receivedAfter(600) }
    await store(pool, [cdr(session, ago(1.95), { ...working, ...times, ...ended })], [])
    expect(await rowsOf(pool, 'SELECT session_id, cdr_count, a_minutes, b_minutes FROM ops.repeated_cdrs')).toEqual([
      [session, 2, 4, 0],
    ])
    expect(
      await rowsOf(
        pool,
        `SELECT b.cause, b.minutes_before, b.minutes_after FROM ops.bill_changes b JOIN ops.calls c USING (call_ref)
          WHERE c.session_id = 'corrected'`,
      ),
    ).toEqual([['corrected', 1, 4]])
  })
})

test('the lost CDR and the lost events of the scripted day', async () => {
  const { pool } = await freshDatabase()
  await storeDay(pool)
  expect(await rowsOf(pool, 'SELECT session_id, presumed, resends_left FROM ops.missing_cdrs')).toEqual([
    ['lost-cdr', false, 0],
  ])
  expect(await rowsOf(pool, 'SELECT session_id, app_key FROM ops.cdrs_without_events')).toEqual([
    ['lost-status', 'app-note'],
  ])
  expect(await rowsOf(pool, 'SELECT session_id, cdr_count, talk_seconds FROM ops.repeated_cdrs')).toEqual([
    ['corrected', 2, 45],
  ])
  expect(
    await rowsOf(
      pool,
      'SELECT app_key, name, calls::int, events::int, cdrs::int, finding FROM ops.subscriptions ORDER BY 1',
    ),
  ).toEqual([
    ['app-callback', null, 4, 15, 4, 'both come / 状态与话单均正常'],
    ['app-note', 'Notices', 11, 28, 11, 'both come / 状态与话单均正常'],
    ['app-private', null, 1, 5, 1, 'both come / 状态与话单均正常'],
    ['app-verify', 'Codes', 1, 4, 1, 'both come / 状态与话单均正常'],
  ])
  // A choice in a menu is shown, what may be a PIN is not.
  expect(await rowsOf(pool, 'SELECT app_key, digits, digit_count FROM ops.digit_inputs')).toEqual([
    ['app-note', '1 ***', 7],
  ])
  const recordings = await rowsOf(pool, 'SELECT * FROM ops.recordings')
  expect(recordings).toHaveLength(1)
  expect(recordings[0]).toEqual(expect.arrayContaining(['callback-answered', 'there']))
  expect(JSON.stringify(recordings)).not.toMatch(/ostor|wav/)
})

test('two hours down: status is silent, and its calls are those without events', async () => {
  const { pool } = await freshDatabase()
  const full = Math.floor(Date.now() / hour) * hour
  const at = (weeks: number, hoursBack: number, minute: number) =>
    new Date(full - weeks * 7 * 24 * hour - hoursBack * hour + minute * 60_000).toISOString()
  const rows = []
  // 20 calls an hour in three of the four weeks before: enough for the median.
  for (const weeks of [1, 2, 4])
    for (const back of [2, 3])
      for (let n = 0; n < 20; n++) rows.push(callRow({ started: at(weeks, back, n), event_count: 1 }))
  // The two hours: no events, and CDRs of the later re-send.
  const late = { cdr_received_at: full }
  for (const back of [2, 3])
    for (let n = 0; n < 5; n++) rows.push(callRow({ started: at(0, back, n), event_count: 0, ...late }))
  // Hours in which nobody calls are not silent.
  rows.push(callRow({ started: at(0, 30, 0) }))
  await putCalls(pool, rows)

  const { rows: silent } = await pool.query(
    'SELECT hour, kind, records::int, expected FROM ops.silence WHERE silent ORDER BY hour',
  )
  expect(silent).toEqual([
    { hour: new Date(full - 3 * hour), kind: 'status', records: 0, expected: 20 },
    { hour: new Date(full - 2 * hour), kind: 'status', records: 0, expected: 20 },
  ])
  expect(await rowsOf(pool, 'SELECT count(*)::int FROM ops.silence')).toEqual([[96]])
  expect(await rowsOf(pool, 'SELECT count(*)::int FROM ops.cdrs_without_events')).toEqual([[10]])
  expect(await rowsOf(pool, `SELECT sum(over_an_hour)::int FROM ops.callback_delay WHERE kind = 'fee'`)).toEqual([[10]])
})

test('records sent again, by hour, kind and application', async () => {
  const { pool } = await freshDatabase()
  await addRedeliveries(pool, [
    { kind: 'status', appKey: null, count: 1 },
    { kind: 'fee', appKey: 'app', count: 2 },
    { kind: 'fee', appKey: 'app', count: 1 },
  ])
  await addRedeliveries(pool, [{ kind: 'fee', appKey: 'app', count: 4 }])
  const rows = await rowsOf(
    pool,
    'SELECT kind, app_key, sum(count)::int FROM ops.redeliveries GROUP BY 1, 2 ORDER BY 1',
  )
  expect(rows).toEqual([
    ['fee', 'app', 7],
    ['status', null, 1],
  ])
  expect(
    await rowsOf(
      pool,
      `SELECT DISTINCT day = (hour AT TIME ZONE 'Asia/Shanghai')::date, now() - hour < interval '2 hours' FROM ops.redeliveries`,
    ),
  ).toEqual([[true, true]])
})

test('open quarantine entries: what a conflict would change, and no digits that came from outside', async () => {
  const { pool } = await freshDatabase()
  const body = Buffer.from(JSON.stringify({ callEndTime: '2026-11-20 02:00:00', '13800000021': 1, feeLst: [null] }))
  await pool.query(
    `INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, errors, body, call_ref, differing,
        minutes_stored, minutes_received, resolved_at)
      VALUES (now(), now(), $1, gen_random_uuid(), 'fee', 'conflict', $2, $3, gen_random_uuid(), '{callEndTime}', 1, 3, NULL),
        (now(), now(), 1, gen_random_uuid(), 'unknown', 'not_json', '[]', '{', NULL, NULL, NULL, NULL, NULL),
        (now(), now(), 1, gen_random_uuid(), 'fee', 'done', '[]', '{}', NULL, NULL, NULL, NULL, now())`,
    [body.length, JSON.stringify([{ pointer: '/13800000021', message: 'is odd' }]), body],
  )
  const { rows } = await pool.query('SELECT * FROM ops.quarantine_open ORDER BY id')
  expect(rows).toMatchObject([
    {
      reason: 'conflict',
      differing: ['callEndTime'],
      minutes_stored: 1,
      minutes_received: 3,
      errors: [{ pointer: '/***', message: 'is odd' }],
      skeleton: { callEndTime: 'text of 19', '***': 'number', feeLst: [null] },
    },
    { reason: 'not_json', call_ref: null, errors: null, skeleton: null },
  ])
  expect(rows[0].call_ref).toMatch(/^[0-9a-f-]{36}$/)
})
