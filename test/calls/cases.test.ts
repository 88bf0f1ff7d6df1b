import { describe, expect, test } from 'vitest'
import { a, at, b, cdr, clock, event, factsOf, foldContext, folder, legA, legB, type PlatformBody } from './facts.ts'

const context = await foldContext({ now: at('2026-11-28 10:00:00') })
const foldAll = folder(context)

/** Folds callback bodies of one session, as the platform sends them. */
function callOf(...bodies: PlatformBody[]) {
  return foldAll(bodies.flatMap((body) => factsOf(body)))
}

/** A CDR of private number, AXB, that has everything but an answer. */
const privateCdr = {
  direction: 1,
  spId: 'sp1',
  appKey: 'appPN',
  bindNum: '+8617012340001',
  sessionId: 'pn',
  subscriptionId: 'sub-pn-1',
  callerNum: '+8613800000031',
  calleeNum: '+8617012340001',
  fwdDisplayNum: '+8617012340001',
  fwdDstNum: '+8613900000032',
  callInTime: '2026-11-27 10:00:00',
  fwdStartTime: '2026-11-27 10:00:01',
  fwdAlertingTime: '2026-11-27 10:00:04',
  callEndTime: '2026-11-27 10:02:10',
  fwdUnaswRsn: 0,
  ulFailReason: 0,
  sipStatusCode: 0,
  callOutUnaswRsn: 0,
  recordFlag: 0,
  serviceType: '004',
  hostName: 'h',
}

const notification = {
  direction: 0,
  spId: 'sp1',
  appKey: 'appBugs',
  bindNum: '+8675512345678',
  sessionId: 'odd',
  callerNum: '+8675512345678',
  calleeNum: '+8613800000021',
  callOutStartTime: '2026-11-12 00:00:00',
  serviceType: '001',
  hostName: 'h1',
}

const fee = (record: Record<string, string | number>): PlatformBody => ({ eventType: 'fee', feeLst: [record] })

test('01: of a private-number call X to the callee alone is billed', () => {
  const { call } = callOf(fee({ ...privateCdr, fwdAnswerTime: '2026-11-27 10:00:10' }))
  expect(call).toMatchObject({ outcome: 'answered', talk_seconds: 120, a_minutes: 0, b_minutes: 2 })
})

describe('03: release points of private number', () => {
  test.each([
    [7502, 'cancelled', "caller hung up while the callee's phone rang"],
    [7503, 'rejected', 'callee hung up'],
    [7504, 'rejected', 'call refused'],
    [8014, 'failed', 'AXB: invalid call'],
    [8022, 'failed', 'AXE, B calls X: binding missing or expired'],
    [8035, 'no answer', 'callee did not answer, ringing timed out'],
  ])('%i: %s', (ulFailReason, outcome, reason_en) => {
    const { call } = callOf(fee({ ...privateCdr, ulFailReason }))
    expect(call).toMatchObject({ outcome, reason_en, reason_code: ulFailReason, reason_source: 'release point' })
  })
})

test('05: an answer of another year is none, and nothing is billed', () => {
  const { call } = callOf(
    fee({ ...notification, callOutAnswerTime: '2018-11-12 00:00:05', callEndTime: '2026-11-12 00:01:00' }),
  )
  expect(call).toMatchObject({ talk_seconds: null, a_answered_at: null, a_minutes: 0, b_minutes: 0 })
  expect(call).toMatchObject({ started_at: at('2026-11-12 00:00:00'), ended_at: at('2026-11-12 00:01:00') })
})

test('06: an end that is a placeholder is none: the call ended when it says it failed', () => {
  const facts = [
    cdr({
      service_type: '001',
      callee_num: a,
      call_out_start_time: '2026-11-12 00:00:00',
      call_out_answer_time: '2026-11-12 00:00:05',
      call_end_time: '1970-01-01 00:00:00',
      fail_time: '2026-11-12 00:01:00',
      cdr_time: '2026-11-12 00:01:00',
    }),
  ]
  expect(foldAll(facts).call).toMatchObject({
    outcome: 'answered',
    ended_at: at('2026-11-12 00:01:00'),
    talk_seconds: 55,
    a_minutes: 1,
  })
})

describe('08: one disconnect of a callback with two legs', () => {
  const facts = [
    event('callout', '10:00:00', legA),
    event('answer', '10:00:05', legA),
    event('callout', '10:00:05', legB),
    event('answer', '10:00:09', legB),
    event('disconnect', '10:01:00', { ...legB, state_code: 0 }),
  ]

  test('is not the end while the other leg may go on', () => {
    const { call } = foldAll(facts, { now: at('10:10:59') })
    expect(call).toMatchObject({ is_live: true, end_seen: false, ended_at: null, outcome: 'answered' })
    expect(clock(call.recheck_at)).toBe('10:11:00')
  })

  test('ends the call when nothing comes after it for ten minutes', () => {
    const { call } = foldAll(facts, { now: at('10:11:00') })
    expect(call).toMatchObject({ is_live: false, end_seen: true, ended_at: at('10:01:00'), talk_seconds: 51 })
    expect(call).toMatchObject({ a_ended_at: at('10:01:00'), a_seconds: 55, b_seconds: 51 })
  })

  test('does not when something came after it', () => {
    const { call } = foldAll([...facts, event('alerting', '10:02:00', legA)], { now: at('10:30:00') })
    expect(call).toMatchObject({ is_live: true, end_seen: false, ended_at: null })
  })
})

test("09: a first disconnect without partyType does not hide a later one's", () => {
  const facts = [
    event('disconnect', '10:01:00', { ...legA, state_code: 0 }),
    event('disconnect', '10:01:00', { ...legB, state_code: 0, party_type: 'callee' }),
  ]
  expect(foldAll(facts).call).toMatchObject({ hung_up_by: 'B', party_type: 'callee' })
})

test('10: a blank B number is no second leg', () => {
  const record = {
    ...notification,
    fwdDstNum: ' ',
    callOutAnswerTime: '2026-11-12 00:00:04',
    callEndTime: '2026-11-12 00:00:44',
    ulFailReason: 0,
  }
  const { call } = callOf(fee(record))
  expect(call).toMatchObject({ outcome: 'answered', talk_seconds: 40, b_number: null, b_ref: null, a_minutes: 1 })
  // Nor without a service type, where a second party would make it a callback.
  const { serviceType, ...untyped } = record
  expect(callOf(fee(untyped)).call).toMatchObject({ scenario: null, outcome: 'answered', talk_seconds: 40 })
  expect(callOf(fee({ ...untyped, fwdDstNum: b })).call).toMatchObject({ scenario: 'click2Call', outcome: 'unknown' })
})

describe('12: text fields as JSON numbers', () => {
  test('digits', () => {
    const statusInfo = { sessionId: 'num-1', timestamp: '2026-11-27 10:00:00', digitInfo: 1 }
    expect(callOf({ eventType: 'collectInfo', statusInfo }).call).toMatchObject({ digits: '1', digit_count: 1 })
  })

  test('numbers and service type', () => {
    const record = {
      ...notification,
      callerNum: 8675512345678,
      calleeNum: 8613800000021,
      serviceType: 1,
      callEndTime: '2026-11-12 00:00:10',
    }
    const { call, privateCall } = callOf(fee(record))
    expect(call).toMatchObject({ scenario: 'playback', service_type: '001', a_number: '86138****0021' })
    // The company's number and A's are the same as with a + before them.
    const sent = callOf(fee({ ...record, callerNum: '+8675512345678', calleeNum: '+8613800000021' })).call
    expect(call.a_ref).toBe(sent.a_ref)
    expect(call.shown_to_a).toBe('8675512345678')
    expect(privateCall.a_number).toBe('8613800000021')
  })
})
