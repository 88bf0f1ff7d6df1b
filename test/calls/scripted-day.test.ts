import { expect, test } from 'vitest'
import { fold } from '../../src/calls/fold.ts'
import type { CallRow, CdrFact, EventFact, FoldedCall, Scenario } from '../../src/calls/types.ts'
import { callEvents, cdrs, day, dayAfter, privateSession } from '../store/scripted-day.ts'
import { cdr, event, foldContext } from './facts.ts'

const scenarios = new Map<string, Scenario>([
  ['app-note', 'callnotify'],
  ['app-verify', 'callVerify'],
])
const context = await foldContext({ scenarios, now: Date.now() })

/** Rows of that day have times as text. */
function fact<Fact>(row: object): Fact {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      const isTime = /_(time|at)$/.test(name) && typeof value === 'string'
      return [name, isTime ? Date.parse(`${value.replace(' ', 'T')}${value.endsWith('Z') ? '' : 'Z'}`) : value]
    }),
  ) as Fact
}

function callOf(sessionId: string): FoldedCall {
  const events = callEvents
    .filter(({ session_id }) => session_id === sessionId)
    .map((row) => ({ ...event('', '00:00:00'), ...fact<EventFact>(row) }))
  const its = cdrs
    .filter(({ session_id }) => session_id === sessionId)
    .map((row) => ({ ...cdr({ call_end_time: null }), ...fact<CdrFact>(row) }))
  const counts = { eventCount: events.length, cdrCount: its.length }
  return fold({ sessionId, events, cdrs: its, placedScenario: null, ...counts }, context)
}

const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString().slice(11, 19))

function shape(call: CallRow): unknown[] {
  const { started_at, ringing_at, answered_at, ended_at } = call
  const times = [started_at, ringing_at, answered_at, ended_at].map(time)
  const seconds = [call.ring_seconds, call.talk_seconds, call.post_dial_delay_seconds]
  return [call.scenario, call.outcome, ...times, ...seconds, call.event_count > 0, call.cdr_count]
}

/** session → scenario, outcome, started, ringing, answered, ended, ring, talk, delay, has events, CDRs. */
const expected: Record<string, unknown[]> = {
  'callback-answered': ['click2Call', 'answered', '02:00:00', '02:00:15', '02:00:20', '02:02:25', 5, 125, 5, true, 1],
  'note-busy': ['callnotify', 'busy', '02:10:00', null, null, '02:10:05', null, null, null, true, 1],
  'note-no-answer': ['callnotify', 'no answer', '02:20:00', '02:20:05', null, '02:21:05', 60, null, 5, true, 1],
  'note-rejected': ['callnotify', 'rejected', '02:30:00', '02:30:04', null, '02:30:10', 6, null, 4, true, 1],
  'callback-cancelled': ['click2Call', 'cancelled', '02:40:00', '02:40:10', null, '02:40:20', 10, null, 4, true, 1],
  'callback-a-but-not-b': ['click2Call', 'no answer', '02:50:00', '02:50:09', null, '02:50:50', 41, null, 4, true, 1],
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
    1,
  ],
  'note-failed-no-reason': ['callnotify', 'failed', '03:05:00', null, null, '03:05:02', null, null, null, true, 1],
  'note-digits': ['callnotify', 'answered', '03:10:00', '03:10:03', '03:10:08', '03:11:08', 5, 60, 3, true, 1],
  verify: ['callVerify', 'answered', '03:20:00', '03:20:02', '03:20:05', '03:20:25', 3, 20, 2, true, 1],
  [privateSession]: ['privateNumber', 'answered', '03:30:00', '03:30:05', '03:30:15', '03:31:15', 10, 60, 4, true, 1],
  'lost-status': ['callnotify', 'answered', '03:40:00', '03:40:02', '03:40:04', '03:40:34', 2, 30, 2, false, 1],
  'lost-cdr': ['callnotify', 'answered', '03:50:00', '03:50:03', '03:50:06', '03:51:16', 3, 70, 3, true, 0],
  'late-cdr': ['callnotify', 'answered', '04:00:00', '04:00:02', '04:00:04', '04:00:14', 2, 10, 2, true, 1],
  corrected: ['callnotify', 'answered', '04:10:00', '04:10:02', '04:10:05', '04:10:50', 3, 45, 2, true, 2],
  'midnight-beijing': ['callnotify', 'answered', '15:59:30', '15:59:33', '15:59:40', '16:01:10', 7, 90, 3, true, 1],
  'midnight-utc': ['callnotify', 'answered', '23:59:30', '23:59:33', '23:59:40', '00:00:20', 7, 40, 3, true, 1],
}

test.each(Object.entries(expected))('%s', (sessionId, call) => {
  expect(shape(callOf(sessionId).call)).toEqual(call)
})

test('that is the whole day', () => {
  const sessions = [...callEvents, ...cdrs].map(({ session_id }) => session_id)
  expect([...new Set(sessions)].sort()).toEqual(Object.keys(expected).sort())
})

/** session → billed minutes of A and B, seconds of A and B. */
test.each([
  ['callback-answered', [3, 3], [135, 125]],
  ['note-busy', [0, 0], [null, null]],
  ['callback-cancelled', [1, 0], [14, null]],
  ['callback-a-but-not-b', [1, 0], [45, null]],
  ['callback-failed-q850-0', [1, 0], [2, null]],
  // Private number: X to the callee alone is billed, and no answer of the leg to X exists.
  [privateSession, [0, 1], [null, 60]],
  // What no CDR tells is not on a bill.
  ['lost-cdr', [null, null], [70, null]],
])('legs and bill of %s', (sessionId, minutes, seconds) => {
  const { call } = callOf(sessionId)
  expect([call.a_minutes, call.b_minutes]).toEqual(minutes)
  expect([call.a_seconds, call.b_seconds]).toEqual(seconds)
  expect(call.minutes_estimated).toBe(false)
})

test('the bill goes by the day in Asia/Shanghai on which a call ended', () => {
  expect(callOf('callback-answered').call.bill_day).toBe(day)
  expect(callOf('midnight-beijing').call.bill_day).toBe(dayAfter)
  expect(callOf('midnight-utc').call.bill_day).toBe(dayAfter)
})
