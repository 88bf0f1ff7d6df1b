import { describe, expect, test } from 'vitest'
import {
  a,
  b,
  callback,
  callbackEvents,
  callee,
  caller,
  cdr,
  clock,
  company,
  event,
  foldContext,
  folder,
  legA,
  legB,
  notification,
  privateNumber,
  x,
} from './facts.ts'

const foldAll = folder(await foldContext())

/** Start, ring, answer and end of both legs. */
function legs(...facts: Parameters<typeof foldAll>) {
  const { call } = foldAll(...facts)
  return {
    a: [call.a_started_at, call.a_ringing_at, call.a_answered_at, call.a_ended_at].map(clock),
    b: [call.b_started_at, call.b_ringing_at, call.b_answered_at, call.b_ended_at].map(clock),
  }
}

describe('numbers', () => {
  test('of a callback: A is called first, B then', () => {
    const { call, privateCall } = foldAll([callback()])
    expect(privateCall).toMatchObject({ a_number: a, b_number: b, bind_num: company })
    expect(call).toMatchObject({ a_number: '+86138****0021', b_number: '+86139****0022', bind_num: company })
    expect(call).toMatchObject({ shown_to_a: '+86****21', shown_to_b: '+86****21' })
  })

  test('the company shows its own number whole, and nobody else has it so', () => {
    const { call } = foldAll([callback({ caller_num: company, fwd_dst_num: company })])
    expect(call).toMatchObject({ shown_to_a: company, bind_num: company, b_number: '+86****78' })
  })

  test('of private number: the caller, the callee, and X for both, which leads to one person', () => {
    const { call, privateCall } = foldAll([privateNumber()])
    expect(privateCall).toMatchObject({ a_number: caller, b_number: callee, shown_to_a: x, shown_to_b: x, bind_num: x })
    expect(call).toMatchObject({ a_number: '+86138****0031', b_number: '+86139****0032', bind_num: '+86170****0001' })
    expect(call).toMatchObject({ shown_to_a: '+86170****0001', shown_to_b: '+86170****0001' })
  })

  test('a service type that nobody knows may be private number: its bindNum is masked', () => {
    expect(foldAll([callback({ service_type: '006' })]).call.bind_num).toBe('+86****78')
    expect(foldAll([callback({ service_type: null })]).call.bind_num).toBe(company)
  })

  test('events fill what the CDR leaves open in voice', () => {
    const blank = { caller_num: '', callee_num: null, fwd_dst_num: null, fwd_display_num: ' ' }
    expect(foldAll([callback(blank), ...callbackEvents()]).privateCall).toMatchObject({
      a_number: a,
      b_number: b,
      shown_to_a: legA.caller,
      shown_to_b: legB.caller,
    })
  })

  test('events of private number give no number but those of callin', () => {
    const events = [
      event('callin', '10:00:00', { caller, called: x }),
      event('callout', '10:00:01', { caller: x, called: callee }),
      event('disconnect', '10:01:00', { caller: '+8613800000099', called: callee, state_code: 0 }),
    ]
    const nothing = { b_number: null, shown_to_b: null, bind_num: null }
    expect(foldAll(events).privateCall).toMatchObject({ a_number: caller, shown_to_a: x, ...nothing })
    expect(foldAll(events.slice(1), { scenarios: new Map([['app', 'privateNumber']]) }).call.a_number).not.toBe(null)
    const declared = events.slice(1).map((one) => ({ ...one, signed_by: 'app' }))
    expect(foldAll(declared, { scenarios: new Map([['app', 'privateNumber']]) }).privateCall).toMatchObject({
      a_number: null,
      shown_to_a: null,
      ...nothing,
    })
    expect(foldAll([privateNumber({ caller_num: null, fwd_dst_num: null }), ...events]).privateCall).toMatchObject({
      a_number: caller,
      b_number: null,
    })
  })
})

describe('stages', () => {
  test('of a callback', () => {
    const expected = {
      a: ['10:00:00', '10:00:02', '10:00:06', '10:02:00'],
      b: ['10:00:07', '10:00:10', '10:00:15', '10:02:00'],
    }
    expect(legs([callback()])).toEqual(expected)
    expect(legs(callbackEvents())).toEqual(expected)
    expect(legs([callback(), ...callbackEvents()])).toEqual(expected)
  })

  test('of private number: the leg to X neither rings nor is answered', () => {
    const expected = {
      a: ['10:00:00', null, null, '10:02:10'],
      b: ['10:00:01', '10:00:04', '10:00:10', '10:02:10'],
    }
    expect(legs([privateNumber()])).toEqual(expected)
    const leg = { caller: x, called: callee }
    const events = [
      event('callin', '10:00:00', { caller, called: x }),
      event('callout', '10:00:01', leg),
      event('alerting', '10:00:04', leg),
      event('answer', '10:00:10', leg),
      event('disconnect', '10:02:10', { ...leg, state_code: 0 }),
    ]
    expect(legs(events)).toEqual(expected)
  })

  test('of a leg that was not dialed there are none', () => {
    const failed = { fwd_start_time: null, fwd_alerting_time: null, fwd_answer_time: null }
    expect(legs([callback(failed)]).b).toEqual([null, null, null, null])
  })

  test('events fill those that the CDR leaves open', () => {
    const gaps = { call_out_alerting_time: null, fwd_start_time: null, fwd_answer_time: null }
    expect(legs([callback(gaps), ...callbackEvents()])).toEqual(legs([callback()]))
  })

  test('the number called tells whose an event is, in any order and form', () => {
    const gaps = { call_out_answer_time: null, fwd_answer_time: null }
    const answers = [
      event('answer', '10:00:15', { called: '13900000022' }),
      event('answer', '10:00:06', { called: '13800000021' }),
    ]
    expect(legs([callback(gaps), ...answers])).toEqual(legs([callback()]))
  })

  test('an event without a number tells nothing of a call with two legs, and all of a call with one', () => {
    const answer = event('answer', '10:00:05')
    expect(legs([callback({ fwd_answer_time: null }), answer]).b[2]).toBe(null)
    expect(legs([notification({ call_out_answer_time: null }), answer]).a[2]).toBe('10:00:05')
  })

  test('redials under one session are one leg: its first times and its last end', () => {
    const facts = [
      event('callout', '10:00:00', legA),
      event('alerting', '10:00:03', legA),
      event('disconnect', '10:00:30', { ...legA, state_code: 8101 }),
      event('callout', '10:00:40', legA),
      event('alerting', '10:00:44', legA),
      event('answer', '10:00:50', legA),
    ]
    expect(legs(facts).a).toEqual(['10:00:00', '10:00:03', '10:00:50', null])
    const { call } = foldAll([...facts, event('disconnect', '10:01:00', { ...legA, state_code: 0 })])
    expect(call).toMatchObject({ outcome: 'answered', talk_seconds: 10, state_code: 0, event_count: 7 })
  })

  test('of several CDRs the one received last counts, whatever it says', () => {
    const first = notification({ icid: 'b' })
    const corrected = notification({ icid: 'a', call_end_time: '10:03:00', received_at: first.received_at + 1 })
    expect(foldAll([first, corrected]).call).toMatchObject({ talk_seconds: 175, a_minutes: 3, cdr_count: 2 })
    // Received at once: the later one; at one time: the greater icid.
    const later = notification({ call_end_time: '10:02:00', received_at: first.received_at })
    expect(foldAll([first, later]).call.talk_seconds).toBe(115)
    const other = notification({ icid: 'c', call_out_answer_time: '10:00:30', received_at: first.received_at })
    expect(foldAll([first, other]).call.talk_seconds).toBe(30)
  })
})

describe('a time that contradicts the others is none', () => {
  test.each([
    ['an answer before the start', { call_out_answer_time: '09:59:59' }],
    ['an answer after the end', { call_out_answer_time: '10:01:01' }],
    ['an answer of the day before', { call_out_answer_time: '2026-11-11 08:59:59' }],
    ['an answer of another century', { call_out_answer_time: '0001-01-01 00:00:02' }],
  ])('%s', (_what, fields) => {
    const { call } = foldAll([notification(fields)])
    expect(call).toMatchObject({ a_answered_at: null, answered_at: null, talk_seconds: null, a_seconds: null })
    expect(call).toMatchObject({ a_minutes: 0, outcome: 'unknown', is_effective: false })
  })

  test.each([
    ['ringing before the start', { call_out_alerting_time: '09:00:00' }],
    ['ringing after the answer', { call_out_alerting_time: '10:00:06' }],
    ['ringing in the year 2000', { call_out_alerting_time: '2000-01-01 00:00:00' }],
  ])('%s', (_what, fields) => {
    const { call } = foldAll([notification(fields)])
    expect(call).toMatchObject({ ringing_at: null, ring_seconds: null, post_dial_delay_seconds: null })
    expect(call).toMatchObject({ a_post_dial_delay_seconds: null, talk_seconds: 55 })
  })

  test('a start after the end, and a leg to B that began before the call did', () => {
    const { call } = foldAll([notification({ call_out_start_time: '10:30:00' })])
    expect(call).toMatchObject({ a_started_at: null, post_dial_delay_seconds: null, talk_seconds: 55 })
    expect(clock(call.started_at)).toBe('10:00:02')
    expect(legs([callback({ fwd_start_time: '09:00:00' })]).b).toEqual([null, '10:00:10', '10:00:15', '10:02:00'])
  })

  test('an event that contradicts the CDR does not fill it', () => {
    const gap = { call_out_answer_time: null }
    for (const time of ['09:59:59', '10:00:01', '10:01:01', '2026-11-14 10:00:05'])
      expect(foldAll([notification(gap), event('answer', time, legA)]).call).toMatchObject({ a_answered_at: null })
  })

  test('a call of 25 hours has its duration, a longer one none', () => {
    const long = (end: string) =>
      foldAll([
        event('callout', '10:00:00', legA),
        event('answer', '10:00:05', legA),
        event('disconnect', end, { ...legA, state_code: 0 }),
      ]).call
    expect(long('2026-11-13 11:00:05')).toMatchObject({ talk_seconds: 90_000, outcome: 'answered' })
    expect(long('2026-11-13 11:00:06')).toMatchObject({ talk_seconds: null, a_seconds: null, outcome: 'answered' })
  })
})

describe('durations of the call', () => {
  test('post-dial delay is that of the leg dialed last, and only from a ringing time', () => {
    expect(foldAll([callback()]).call).toMatchObject({
      post_dial_delay_seconds: 3,
      a_post_dial_delay_seconds: 2,
      b_post_dial_delay_seconds: 3,
    })
    const silent = foldAll([callback({ fwd_alerting_time: null })]).call
    expect(silent).toMatchObject({ post_dial_delay_seconds: null, a_post_dial_delay_seconds: 2, ring_seconds: null })
  })

  test('a leg that comes in has no post-dial delay', () => {
    expect(foldAll([privateNumber()]).call).toMatchObject({
      post_dial_delay_seconds: 3,
      a_post_dial_delay_seconds: null,
      b_post_dial_delay_seconds: 3,
    })
  })

  test('an alerting event whose callout got lost is no delay of 0', () => {
    const facts = [event('alerting', '10:00:03', legA), event('answer', '10:00:05', legA)]
    expect(foldAll(facts).call).toMatchObject({ a_started_at: null, post_dial_delay_seconds: null, ring_seconds: 2 })
  })

  test('ringing of A ends with the answer of A where B was never dialed', () => {
    const fields = { fwd_start_time: null, fwd_alerting_time: null, fwd_answer_time: null, ul_fail_reason: 553 }
    expect(foldAll([callback(fields)]).call).toMatchObject({ ring_seconds: 4, talk_seconds: null })
  })

  test('the earliest time known is the start: of any leg, CDR or event', () => {
    expect(clock(foldAll([notification(), event('callout', '09:59:58', legA)]).call.started_at)).toBe('09:59:58')
    expect(clock(foldAll([cdr({ fail_time: '10:00:09' })]).call.started_at)).toBe('10:00:09')
    expect(clock(foldAll([event('answer', '10:00:05', legA)]).call.started_at)).toBe('10:00:05')
  })
})
