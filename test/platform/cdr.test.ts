import { expect, test } from 'vitest'
import { cdrColumns, checkCdr } from '../../src/platform/cdr.ts'
import type { Checked } from '../../src/platform/checked.ts'
import { receiptColumns } from '../../src/platform/split.ts'
import keyTimes from '../fixtures/key-times.json' with { type: 'json' }
import { cdrFixture, feeFixture, feeFixtures } from '../fixtures/load.ts'

const now = Date.UTC(2026, 2, 15)
const good = { sessionId: 'session-1', callEndTime: '2024-03-05 07:15:41' }

test('a click2Call CDR fills its columns', () => {
  expect(checkCdr(cdrFixture('fee-click2call'), now)).toEqual({
    ok: true,
    misfits: [],
    row: {
      direction: 0,
      sp_id: 'Example_01',
      app_key: 'ka0000000000000000000000000',
      icid: 'CAE-20240305151500-10000417',
      bind_num: '+8675500000009',
      session_id: '1201_0417_4294967295_20240305071500@callenabler01.example.com',
      caller_num: '+8675500000001',
      callee_num: '+8613800000021',
      fwd_display_num: '+8675500000001',
      fwd_dst_num: '+8613800000022',
      call_in_time: null,
      call_out_start_time: '2024-03-05 07:15:00',
      call_out_alerting_time: '2024-03-05 07:15:03',
      call_out_answer_time: '2024-03-05 07:15:09',
      call_out_unasw_rsn: 0,
      fwd_start_time: '2024-03-05 07:15:09',
      fwd_alerting_time: '2024-03-05 07:15:14',
      fwd_answer_time: '2024-03-05 07:15:18',
      fwd_unasw_rsn: 0,
      call_end_time: '2024-03-05 07:15:41',
      fail_time: null,
      ul_fail_reason: 0,
      sip_status_code: 0,
      dyn_ivr_start_time: null,
      dyn_ivr_path: null,
      record_flag: 1,
      record_start_time: '2024-03-05 07:15:18',
      record_object_name: '24030507151800000001.wav',
      record_bucket_name: 'sp-example',
      record_domain: 'ostor.example.com',
      record_file_download_url: null,
      tts_play_times: 0,
      tts_trans_duration: 0,
      service_type: '002',
      host_name: 'callenabler01.example.com',
      user_data: 'order-4711',
      subscription_id: null,
      extend_number: null,
      notify_mode: null,
      call_rel_direction: null,
      cdr_time: '2024-03-05 07:15:41',
      extra: null,
      event_key: null,
      signed_by: null,
      received_at: null,
    },
  })
})

test('a private-number CDR has its inbound leg, and what is unknown in extra', () => {
  const [first, second] = feeFixture('fee-private-number-twice').feeLst.map((record) => rowOf(checkCdr(record, now)))
  expect(first).toEqual(second)
  expect(first).toMatchObject({
    call_in_time: '2024-03-05 08:00:03',
    subscription_id: '00000000-0000-4000-8000-000000000031',
    extra: { mptyId: '00000000-0000-4000-8000-000000000031' },
  })
})

test('a failed call keeps its release point and SIP status', () => {
  expect(rowOf(checkCdr(cdrFixture('fee-failed-click2call'), now))).toMatchObject({
    ul_fail_reason: 518,
    sip_status_code: 480,
    fwd_unasw_rsn: 0,
    fwd_answer_time: null,
    fail_time: '2024-03-05 09:00:12',
    cdr_time: '2024-03-05 09:00:12',
  })
})

test('empty strings are absent, and leave nothing in extra', () => {
  expect(rowOf(checkCdr(cdrFixture('fee-empty-strings'), now))).toMatchObject({
    fail_time: null,
    fwd_answer_time: null,
    fwd_dst_num: null,
    user_data: null,
    extra: null,
  })
})

test('a notification keeps the keys of its dynamic IVR', () => {
  expect(rowOf(checkCdr(cdrFixture('fee-notification-dynamic-ivr'), now))).toMatchObject({
    dyn_ivr_start_time: '2024-03-05 09:40:12',
    dyn_ivr_path: '0-2-3',
    service_type: '001',
  })
})

test.each(feeFixtures)('%s has exactly the columns that are declared, and those of the receiver', (name) => {
  const row = rowOf(checkCdr(cdrFixture(name), now))
  expect(Object.keys(row).sort()).toEqual([...cdrColumns.map(({ column }) => column), ...receiptColumns].sort())
})

test('a CDR of sessionId and one time is enough, and icid is never null', () => {
  expect(rowOf(checkCdr(good, now))).toMatchObject({ icid: '', direction: null, app_key: null, extra: null })
})

const stages = [
  'callEndTime',
  'failTime',
  'fwdAnswerTime',
  'fwdAlertingTime',
  'fwdStartTime',
  'callOutAnswerTime',
  'callOutAlertingTime',
  'callOutStartTime',
  'callInTime',
]
const allStages = Object.fromEntries(stages.map((name, index) => [name, `2024-03-05 07:15:0${index}`]))

test.each(stages.map((name, index) => [name, index] as const))(
  '%s is the key time without those before it',
  (_, nth) => {
    const absent = Object.fromEntries(
      stages.slice(0, nth).map((name, index) => [name, [null, '', undefined][index % 3]]),
    )
    expect(rowOf(checkCdr({ sessionId: 's', ...allStages, ...absent }, now)).cdr_time).toBe(`2024-03-05 07:15:0${nth}`)
  },
)

// A record that is sent again must meet its row, whatever release stored it: these never change.
test.each(keyTimes)('golden vector: $record has the key time $key', ({ record, key }) => {
  expect(rowOf(checkCdr({ sessionId: 's', ...record }, Date.UTC(2026, 10, 27))).cdr_time).toBe(key)
})

test('the key time does not depend on the clock', () => {
  const record = { ...good, callEndTime: '2027-01-01 00:00:00', failTime: '2026-11-12 00:00:00' }
  expect(checkCdr(record, Date.UTC(2025, 10, 30))).toMatchObject({ ok: false, reason: 'time_out_of_range' })
  expect(rowOf(checkCdr(record, Date.UTC(2026, 10, 30))).cdr_time).toBe('2027-01-01 00:00:00')
})

test('a stage more than 25 hours from the key time does not fit', () => {
  const near = { callOutStartTime: '2026-03-04 06:15:41', recordStartTime: '2026-03-06 08:15:41' }
  const far = {
    callOutAnswerTime: '2026-03-04 06:15:40',
    dynIVRStartTime: '2026-03-06 08:15:42',
    fwdAnswerTime: '2018-11-12 00:00:05',
  }
  const checked = checkCdr(
    { sessionId: 's', callEndTime: '2026-03-05 07:15:41', ...near, ...far },
    Date.UTC(2026, 10, 27),
  )
  expect(checked).toMatchObject({ ok: true, misfits: ['callOutAnswerTime', 'fwdAnswerTime', 'dynIVRStartTime'] })
  expect(rowOf(checked)).toMatchObject({
    call_out_start_time: near.callOutStartTime,
    record_start_time: near.recordStartTime,
    call_out_answer_time: null,
    extra: far,
  })
})

test('an extension has two names in the documents', () => {
  expect(rowOf(checkCdr({ ...good, extendNum: '12' }, now))).toMatchObject({ extend_number: '12', extra: null })
  expect(rowOf(checkCdr({ ...good, extendNum: '12', extendNumber: '' }, now))).toMatchObject({ extend_number: '12' })
  expect(rowOf(checkCdr({ ...good, extendNum: '12', extendNumber: 34 }, now))).toMatchObject({
    extend_number: '34',
    extra: { extendNum: '12' },
  })
})

test('numbers that stand where text belongs are text', () => {
  const sent = { sessionId: 3, callEndTime: good.callEndTime, callerNum: 8675512345678, serviceType: 1, icid: -0 }
  expect(rowOf(checkCdr(sent, now))).toMatchObject({
    ...{ session_id: '3', caller_num: '8675512345678', service_type: '1', icid: '0', extra: null },
  })
})

test('a malformed time is a misfit, and the next one is the key time', () => {
  const checked = checkCdr({ sessionId: 's', ...allStages, callEndTime: '2024-02-30 00:00:00', failTime: 5 }, now)
  expect(checked).toMatchObject({ ok: true, misfits: ['callEndTime', 'failTime'], row: { call_end_time: null } })
  expect(rowOf(checked)).toMatchObject({
    cdr_time: '2024-03-05 07:15:02',
    extra: { callEndTime: '2024-02-30 00:00:00', failTime: 5 },
  })
})

test.each([
  ['direction', '1', 1],
  ['direction', '007', 7],
  ['direction', '-1', -1],
  ['direction', -0, 0],
  ['direction', '', null],
  ['recordFlag', true, 1],
  ['recordFlag', false, 0],
  ['recordFlag', '1', 1],
  ['direction', null, null],
  ['sipStatusCode', 2_147_483_647, 2_147_483_647],
  ['sipStatusCode', -2_147_483_648, -2_147_483_648],
  ['sipStatusCode', '2147483647', 2_147_483_647],
])('%s %j is the integer %s', (name, value, stored) => {
  const checked = checkCdr({ ...good, [name]: value }, now)
  expect(checked).toMatchObject({ ok: true, misfits: [] })
  expect(Object.values(rowOf(checked))).toContain(stored)
})

test.each([
  ['direction', 'outgoing'],
  ['direction', 1.5],
  ['direction', true],
  ['direction', '1.0'],
  ['direction', '+1'],
  ['direction', '--1'],
  ['direction', ' 1'],
  ['direction', '１'],
  ['direction', [0]],
  ['sipStatusCode', 2_147_483_648],
  ['sipStatusCode', '2147483648'],
  ['sipStatusCode', -2_147_483_649],
  ['icid', 0.5],
  ['callerNum', 2 ** 53],
  ['recordFileDownloadUrl', 5],
  ['callInTime', 20240305071541],
  ['failTime', 'null'],
  ['userData', { a: 1 }],
  ['userData', false],
  ['userData', 'x'.repeat(1025)],
  ['recordFileDownloadUrl', 'x'.repeat(2049)],
  ['fwdStartTime', '2019-02-30 00:00:00'],
  ['dynIVRStartTime', 'soon'],
  ['callOutAnswerTime', '0001-01-01 00:00:00'],
  ['failTime', '1970-01-01 00:00:00'],
  ['recordStartTime', '9999-12-31  23:59:59'],
])('%s %j does not fit and is kept as sent', (name, value) => {
  const checked = checkCdr({ ...good, [name]: value }, now)
  expect(checked).toMatchObject({ ok: true, misfits: [name] })
  expect(rowOf(checked).extra).toEqual({ [name]: value })
})

test.each([
  ['userData', '😀'.repeat(1024)],
  ['recordFileDownloadUrl', 'x'.repeat(2048)],
  ['callerNum', '+86138****0021'],
  ['calleeNum', '96520'],
])('%s %s fits', (name, value) => {
  expect(checkCdr({ ...good, [name]: value }, now)).toMatchObject({ ok: true, misfits: [], row: { extra: null } })
})

test('fields that bear the names of object methods are kept like any other', () => {
  const record = JSON.parse(
    '{"sessionId":"s","failTime":"2024-03-05 07:15:41","toString":1,"hasOwnProperty":null,"__proto__":{"direction":1}}',
  )
  const { extra, direction } = rowOf(checkCdr(record, now))
  expect(direction).toBeNull()
  expect(JSON.stringify(extra)).toBe('{"toString":1,"hasOwnProperty":null,"__proto__":{"direction":1}}')
})

test.each([
  [null, 'not_an_object', ''],
  [[good], 'not_an_object', ''],
  ['x', 'not_an_object', ''],
  [{ callEndTime: good.callEndTime }, 'missing_session_id', '/sessionId'],
  [{ ...good, sessionId: '' }, 'missing_session_id', '/sessionId'],
  [{ ...good, sessionId: 0.5 }, 'malformed_session_id', '/sessionId'],
  [{ ...good, sessionId: {} }, 'malformed_session_id', '/sessionId'],
  [{ ...good, sessionId: 'x'.repeat(1025) }, 'malformed_session_id', '/sessionId'],
  [{ sessionId: 's' }, 'missing_time', ''],
  [{ sessionId: 's', callEndTime: '', failTime: null }, 'missing_time', ''],
  [{ sessionId: 's', recordStartTime: good.callEndTime }, 'missing_time', ''],
  [{ sessionId: 's', callEndTime: 'x' }, 'malformed_time', '/callEndTime'],
  [{ sessionId: 's', callEndTime: '1999-12-31 23:59:59' }, 'malformed_time', '/callEndTime'],
  [{ sessionId: 's', callInTime: '2030-01-01 00:00:00' }, 'time_out_of_range', '/callInTime'],
  [{ ...good, userData: '\udc00' }, 'lone_surrogate', '/userData'],
])('%j is bad: %s at %s', (record, reason, pointer) => {
  expect(checkCdr(record, now)).toEqual({ ok: false, reason, errors: [{ pointer, message: expect.any(String) }] })
})

test('every malformed time is named when none is usable', () => {
  const checked = checkCdr({ sessionId: 's', callEndTime: 'x', callInTime: 5 }, now)
  expect(checked).toMatchObject({ errors: [{ pointer: '/callEndTime' }, { pointer: '/callInTime' }] })
})

function rowOf<Row>(checked: Checked<Row>): Row {
  if (!checked.ok) throw new Error(checked.reason)
  return checked.row
}
