import { expect, test } from 'vitest'
import { callEventColumns, checkCallEvent } from '../../src/platform/call-event.ts'
import type { Checked } from '../../src/platform/checked.ts'
import { receiptColumns } from '../../src/platform/split.ts'
import { statusFixture, statusFixtures } from '../fixtures/load.ts'

const now = Date.UTC(2026, 2, 15)
const good = { sessionId: 'session-1', timestamp: '2024-03-05 07:15:00' }
const event = (statusInfo: unknown, eventType: unknown = 'callout') => ({ eventType, statusInfo })

test('disconnect fills its columns', () => {
  expect(checkCallEvent(statusFixture('disconnect'), now)).toEqual({
    ok: true,
    misfits: [],
    row: {
      session_id: '1201_0417_4294967295_20240305071500@callenabler01.example.com',
      event_type: 'disconnect',
      occurred_at: '2024-03-05 07:15:41',
      caller: '+8675500000001',
      called: '+8613800000021',
      user_data: 'order-4711',
      digit_info: null,
      party_type: 'callee',
      state_code: 0,
      state_desc: 'The user releases the call.',
      subscription_id: null,
      notify_mode: null,
      call_rel_direction: null,
      extra: null,
      event_key: null,
      signed_by: null,
      received_at: null,
    },
  })
})

test('collectInfo has digits and no numbers', () => {
  expect(rowOf(checkCallEvent(statusFixture('collect-info'), now))).toMatchObject({
    event_type: 'collectInfo',
    digit_info: '1',
    caller: null,
    called: null,
  })
})

test('two blanks in the timestamp are one in the row', () => {
  expect(rowOf(checkCallEvent(statusFixture('answer'), now)).occurred_at).toBe('2024-03-05 07:15:09')
})

test('fields of the private-number product have columns', () => {
  expect(rowOf(checkCallEvent(statusFixture('private-number-disconnect'), now))).toMatchObject({
    subscription_id: '00000000-0000-4000-8000-000000000031',
    notify_mode: 'Notify',
    call_rel_direction: 1,
    extra: null,
  })
})

test.each(statusFixtures)('%s has exactly the columns that are declared, and those of the receiver', (name) => {
  const row = rowOf(checkCallEvent(statusFixture(name), now))
  expect(Object.keys(row).sort()).toEqual([...callEventColumns.map(({ column }) => column), ...receiptColumns].sort())
})

test.each([
  ['CALLOUT', 'callout'],
  ['COLLECTINFO', 'collectInfo'],
  ['collectinfo', 'collectInfo'],
  ['Callin', 'callin'],
  ['somethingNew', 'somethingNew'],
  ['toString', 'toString'],
  ['𝕏'.repeat(1024), '𝕏'.repeat(1024)],
])('event type %s is stored as %s', (sent, stored) => {
  expect(rowOf(checkCallEvent(event(good, sent), now)).event_type).toBe(stored)
})

test('digits sent as a number are text, and codes sent as text are numbers', () => {
  const checked = checkCallEvent(event({ ...good, digitInfo: 12, stateCode: '-1' }, 'collectInfo'), now)
  expect(checked).toMatchObject({ ok: true, misfits: [] })
  expect(rowOf(checked)).toMatchObject({ digit_info: '12', state_code: -1, extra: null })
})

test('members beside statusInfo are kept under their pointer', () => {
  const record = { ...event({ ...good, caller: 0.5, other: 1 }), caller: 'x', requestId: 7 }
  expect(rowOf(checkCallEvent(record, now)).extra).toEqual({ caller: 0.5, other: 1, '/caller': 'x', '/requestId': 7 })
})

test.each([
  [null, 'not_an_object', ''],
  [[], 'not_an_object', ''],
  [event(null), 'not_an_object', '/statusInfo'],
  [event([good]), 'not_an_object', '/statusInfo'],
  [event(good, 5), 'malformed_event_type', '/eventType'],
  [event(good, ''), 'malformed_event_type', '/eventType'],
  [event(good, 'x'.repeat(1025)), 'malformed_event_type', '/eventType'],
  [event(good, 'x'.repeat(3000)), 'malformed_event_type', '/eventType'],
  [event({ timestamp: good.timestamp }), 'missing_session_id', '/statusInfo/sessionId'],
  [event({ ...good, sessionId: null }), 'missing_session_id', '/statusInfo/sessionId'],
  [event({ ...good, sessionId: '' }), 'missing_session_id', '/statusInfo/sessionId'],
  [event({ ...good, sessionId: true }), 'malformed_session_id', '/statusInfo/sessionId'],
  [event({ ...good, sessionId: 'x'.repeat(1025) }), 'malformed_session_id', '/statusInfo/sessionId'],
  [event({ sessionId: 's' }), 'missing_time', '/statusInfo/timestamp'],
  [event({ ...good, timestamp: '' }), 'missing_time', '/statusInfo/timestamp'],
  [event({ ...good, timestamp: null }), 'missing_time', '/statusInfo/timestamp'],
  [event({ ...good, timestamp: '2019-02-30 00:00:00' }), 'malformed_time', '/statusInfo/timestamp'],
  [event({ ...good, timestamp: 1548299064 }), 'malformed_time', '/statusInfo/timestamp'],
  [event({ ...good, timestamp: 'null' }), 'malformed_time', '/statusInfo/timestamp'],
  [event({ ...good, timestamp: '1999-12-31 23:59:59' }), 'time_out_of_range', '/statusInfo/timestamp'],
  [event({ ...good, timestamp: '2100-01-01 00:00:00' }), 'time_out_of_range', '/statusInfo/timestamp'],
  [event({ ...good, timestamp: '2027-04-15 00:00:01' }), 'time_out_of_range', '/statusInfo/timestamp'],
  [event({ ...good, userData: 'a\0b' }), 'nul_character', '/statusInfo/userData'],
  [event(good, 'call\0out'), 'nul_character', '/eventType'],
  [{ ...event(good), other: ['\ud83d'] }, 'lone_surrogate', '/other/0'],
])('%j is bad: %s at %s', (record, reason, pointer) => {
  expect(checkCallEvent(record, now)).toEqual({ ok: false, reason, errors: [{ pointer, message: expect.any(String) }] })
})

test('a session id of 1,024 characters beyond the basic plane is good', () => {
  expect(checkCallEvent(event({ ...good, sessionId: '😀'.repeat(1024) }), now).ok).toBe(true)
  expect(checkCallEvent(event({ ...good, sessionId: '😀'.repeat(1025) }), now).ok).toBe(false)
})

function rowOf<Row>(checked: Checked<Row>): Row {
  if (!checked.ok) throw new Error(checked.reason)
  return checked.row
}
