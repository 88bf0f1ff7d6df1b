import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import type { EventInsert } from '../../src/store/events.ts'
import { freshDatabase } from '../support/database.ts'
import { cdr, events, store } from './scripted-day.ts'

let pool: pg.Pool

const hour = 3_600_000
/** `yyyy-MM-dd HH:mm:ss` so many hours ago. */
const ago = (hours: number) => new Date(Date.now() - hours * hour).toISOString().replace('T', ' ').slice(0, 19)

const legB = { called: '+8613900000022' }

/** A notification that was answered and ended so many hours ago. */
function notification(session: string, app: string, endedAgo: number): EventInsert[] {
  return events(session, app, [
    [ago(endedAgo + 0.02), 'callout'],
    [ago(endedAgo + 0.01), 'answer'],
    [ago(endedAgo), 'disconnect', { state_code: 0 }],
  ])
}

async function missing(): Promise<Record<string, unknown[]>> {
  const { rows } = await pool.query('SELECT session_id, app_key, presumed, resends_left FROM ops.missing_cdrs')
  return Object.fromEntries(rows.map(({ session_id, ...row }) => [session_id, Object.values(row)]))
}

const working = { app_key: 'app-works', service_type: '001' }

beforeAll(async () => {
  pool = (await freshDatabase()).pool
  const cdrs = [
    cdr('whole', ago(3), { ...working, call_out_start_time: ago(3.02), call_end_time: ago(3) }),
    // It ended on the next day of UTC, and its events on both.
    cdr('midnight', `${ago(24).slice(0, 10)} 00:30:00`, {
      ...working,
      call_end_time: `${ago(24).slice(0, 10)} 00:30:00`,
    }),
    cdr('private-whole', ago(5), {
      app_key: 'app-private',
      service_type: '004',
      call_in_time: ago(5.02),
      call_end_time: ago(5),
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
    ...notification('unsigned-whole', 'app-unsigned', 5).map((row) => ({ ...row, signed_by: null })),

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
    ...notification('unsigned-lost', 'nobody', 2.5).map((row) => ({ ...row, signed_by: null })),
  ]
  await store(pool, cdrs, callEvents)
})

test('missing CDRs: ended calls of apps that have CDRs, with the re-sends that are left', async () => {
  expect(await missing()).toEqual({
    // Six re-sends an hour apart, of which two have gone by.
    'lost-cdr': ['app-works', false, 4],
    'long-lost': ['app-works', false, 0],
    'both-legs-ended': ['app-works', false, 4],
    // No disconnect, but nothing for 25 hours.
    'lost-disconnect': ['app-works', true, 0],
    // 100 minutes after its end the private-number product has sent after 1, 5 and 14 minutes; 120, 323 and 623 are to come.
    'private-lost': ['app-private', false, 3],
    // Without a signature nobody knows the app; that CDRs come at all is enough.
    'unsigned-lost': [null, false, 4],
  })
})

test('a call that goes on, or a leg of it, is in progress', async () => {
  const { rows } = await pool.query(
    `SELECT session_id, outcome FROM ops.calls WHERE session_id IN ('still-talking', 'second-leg-open', 'lost-disconnect') ORDER BY 1`,
  )
  // The second leg was not answered yet, the first of still-talking was.
  expect(rows).toEqual([
    { session_id: 'lost-disconnect', outcome: 'answered' },
    { session_id: 'second-leg-open', outcome: 'in progress' },
    { session_id: 'still-talking', outcome: 'answered' },
  ])
})

test('an app without feeUrl is one line of subscriptions, and so is one without statusUrl', async () => {
  const { rows } = await pool.query(
    `SELECT app_key, sessions::int, events::int, cdrs::int, finding FROM ops.subscriptions ORDER BY 1`,
  )
  const byApp = Object.fromEntries(rows.map(({ app_key, ...row }) => [app_key, Object.values(row)]))
  expect(byApp['app-no-fee']).toEqual([
    1,
    3,
    0,
    'no CDR ever: is feeUrl registered? / 从未收到话单：是否已登记 feeUrl？',
  ])
  expect(byApp['app-no-status']?.[3]).toMatch(/^no event for a week: is statusUrl registered\?/)
  // Events that name no app have it from the CDR of their session.
  expect(byApp['app-unsigned']).toEqual([1, 3, 1, 'both come / 状态与话单均正常'])
})

test('CDRs without events: not of apps that send none at all', async () => {
  expect((await pool.query('SELECT session_id FROM ops.cdrs_without_events')).rows).toEqual([])
  await store(pool, [cdr('lost-status', ago(4), { ...working, call_end_time: ago(4) })], [])
  expect((await pool.query('SELECT session_id, app_key FROM ops.cdrs_without_events')).rows).toEqual([
    { session_id: 'lost-status', app_key: 'app-works' },
  ])
})

test('a CDR that comes at last closes the gap', async () => {
  expect(Object.keys(await missing())).toContain('lost-cdr')
  await store(
    pool,
    [cdr('lost-cdr', ago(2.5), { ...working, call_end_time: ago(2.5), received_at: new Date().toISOString() })],
    [],
  )
  expect(Object.keys(await missing())).not.toContain('lost-cdr')
  const { rows } = await pool.query(`SELECT has_cdr, has_events FROM ops.calls WHERE session_id = 'lost-cdr'`)
  expect(rows).toEqual([{ has_cdr: true, has_events: true }])
})

test('two hours down: status is silent and lost, CDRs come late', async () => {
  const database = await freshDatabase()
  const full = Math.floor(Date.now() / hour) * hour
  const at = (weeks: number, hoursBack: number, minute: number) =>
    new Date(full - weeks * 7 * 24 * hour - hoursBack * hour + minute * 60_000)
      .toISOString()
      .replace('T', ' ')
      .slice(0, 19)
  const cdrs = []
  const callEvents = []
  // 20 calls an hour in four weeks; three weeks would do for the median.
  for (const weeks of [1, 2, 4])
    for (const back of [2, 3])
      for (let n = 0; n < 20; n++) {
        const session = `w${weeks}-${back}-${n}`
        cdrs.push(cdr(session, at(weeks, back, n), { ...working, call_end_time: at(weeks, back, n) }))
        callEvents.push(...events(session, 'app-works', [[at(weeks, back, n), 'disconnect', { state_code: 0 }]]))
      }
  // The two hours: no events, and CDRs of the later re-send.
  for (const back of [2, 3])
    for (let n = 0; n < 5; n++)
      cdrs.push(
        cdr(`down-${back}-${n}`, at(0, back, n), {
          ...working,
          call_end_time: at(0, back, n),
          received_at: new Date().toISOString(),
        }),
      )
  // Before and after it works.
  cdrs.push(cdr('before', at(0, 30, 0), { ...working, call_end_time: at(0, 30, 0) }))
  callEvents.push(...events('before', 'app-works', [[at(0, 30, 0), 'disconnect', { state_code: 0 }]]))
  await store(database.pool, cdrs, callEvents)

  const { rows } = await database.pool.query(
    'SELECT hour, kind, callbacks::int, expected::int FROM ops.silence WHERE silent ORDER BY hour',
  )
  expect(rows).toEqual([
    { hour: new Date(full - 3 * hour), kind: 'status', callbacks: 0, expected: 20 },
    { hour: new Date(full - 2 * hour), kind: 'status', callbacks: 0, expected: 20 },
  ])
  const lost = await database.pool.query('SELECT count(*)::int AS n FROM ops.cdrs_without_events')
  expect(lost.rows).toEqual([{ n: 10 }])
  const late = await database.pool.query(
    `SELECT sum(over_an_hour)::int AS n FROM ops.callback_delay WHERE kind = 'fee'`,
  )
  expect(late.rows[0].n).toBeGreaterThanOrEqual(9)
})

test('an event that comes after the CDR counts for its call', async () => {
  const session = 'late-status'
  await store(pool, [cdr(session, ago(2), { ...working, call_end_time: ago(2) })], [])
  await store(pool, [], events(session, 'app-works', [[ago(2), 'disconnect', { state_code: 8010 }]]))
  const { rows } = await pool.query(`SELECT has_events, cdr_count::int FROM ops.calls WHERE session_id = $1`, [session])
  expect(rows).toEqual([{ has_events: true, cdr_count: 1 }])
})
