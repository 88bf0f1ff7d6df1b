import { describe, expect, test } from 'vitest'
import type { EventFact } from '../../src/calls/types.ts'
import {
  at,
  callback,
  callbackEvents,
  callee,
  caller,
  cdr,
  clock,
  event,
  foldContext,
  folder,
  legA,
  notification,
  x,
} from './facts.ts'

const foldAll = folder(await foldContext())

function state(facts: Parameters<typeof foldAll>[0], now: string) {
  const { call } = foldAll(facts, { now: at(now) })
  return {
    live: call.is_live,
    ended: clock(call.ended_at),
    finished: call.is_finished,
    outcome: call.outcome,
    recheck: clock(call.recheck_at),
  }
}

const ringing = [event('callout', '10:00:00', legA), event('alerting', '10:00:03', legA)]
const answered = [...ringing, event('answer', '10:00:05', legA)]
const hungUp = event('disconnect', '10:01:00', { ...legA, state_code: 0 })

describe('a call without a CDR', () => {
  test('is in progress, and answered from the moment of the answer', () => {
    const live = { live: true, ended: null, finished: false }
    expect(state(ringing, '10:00:04')).toEqual({ ...live, outcome: 'in progress', recheck: '2026-11-13 11:00:03' })
    expect(state(answered, '10:00:05')).toEqual({ ...live, outcome: 'answered', recheck: '2026-11-13 11:00:05' })
  })

  test('of a callback is answered when B does, not when A does', () => {
    const events = callbackEvents().slice(0, 6)
    expect(state(events.slice(0, 5), '10:00:12').outcome).toBe('in progress')
    expect(state(events, '10:00:15').outcome).toBe('answered')
  })

  test('is over with a disconnect of each leg, at once', () => {
    expect(state([...answered, hungUp], '10:01:01')).toEqual({
      live: false,
      ended: '10:01:00',
      finished: false,
      outcome: 'answered',
      recheck: '2026-11-13 11:01:00',
    })
    expect(state(callbackEvents(), '10:02:00')).toMatchObject({ live: false, ended: '10:02:00' })
    expect(state(callbackEvents().slice(0, 7), '10:02:00')).toMatchObject({ live: true, ended: null })
  })

  test('is finished when no CDR can be expected any more', () => {
    expect(state([...answered, hungUp], '2026-11-13 11:00:59')).toMatchObject({ finished: false })
    expect(state([...answered, hungUp], '2026-11-13 11:01:00')).toMatchObject({ finished: true, recheck: null })
  })

  test('without an end is live for 25 hours after the last that was seen of it, and then neither live nor ended', () => {
    expect(state(answered, '2026-11-13 11:00:04')).toMatchObject({ live: true })
    const { call } = foldAll(answered, { now: at('2026-11-13 11:00:05') })
    expect(call).toMatchObject({ is_live: false, end_seen: false, ended_at: null, bill_day: null, is_finished: true })
    expect(call).toMatchObject({ outcome: 'answered', talk_seconds: null, a_minutes: null, recheck_at: null })
    expect(state(ringing, '2026-11-13 11:00:05')).toMatchObject({ outcome: 'unknown', live: false })
  })

  test('whose events are from the future is not live for longer: they were seen when they came', () => {
    const ahead = event('callout', '2027-06-01 10:00:00', { ...legA, received_at: at('10:00:00') })
    expect(state([ahead], '2026-11-13 10:59:59')).toMatchObject({ live: true, recheck: '2026-11-13 11:00:00' })
    expect(state([ahead], '2026-11-13 11:00:00')).toMatchObject({ live: false })
  })

  test('goes on when it is redialed after a disconnect', () => {
    const again = event('callout', '10:01:05', legA)
    expect(state([...answered, hungUp, again], '10:30:00')).toMatchObject({ live: true, ended: null })
    const over = event('disconnect', '10:01:30', { ...legA, state_code: 8102 })
    expect(state([...answered, hungUp, again, over], '10:30:00')).toMatchObject({ live: false, ended: '10:01:30' })
  })

  test('ends with a disconnect that names no leg, however many there are', () => {
    const events = callbackEvents().slice(0, 6)
    const nameless = event('disconnect', '10:02:00', { state_code: 0 })
    expect(state([...events, nameless], '10:02:00')).toMatchObject({ live: false, ended: '10:02:00' })
    expect(state([nameless], '10:02:00')).toMatchObject({ live: false, ended: '10:02:00' })
  })

  test('of private number has one disconnect for both legs', () => {
    const leg = { caller: x, called: callee }
    const callin = event('callin', '10:00:00', { caller, called: x })
    const bye = (fields: Partial<EventFact>) => event('disconnect', '10:01:00', { ...leg, ...fields })
    const talked = [callin, event('callout', '10:00:01', leg), event('answer', '10:00:10', leg), bye({ state_code: 0 })]
    expect(state(talked, '10:01:00')).toMatchObject({ live: false, ended: '10:01:00', outcome: 'answered' })
    expect(state([callin, bye({ state_code: 7516 })], '10:01:00')).toMatchObject({ live: false, outcome: 'cancelled' })
  })
})

describe('a call with a CDR', () => {
  test('is over', () => {
    const { call } = foldAll([notification(), ...ringing], { now: at('10:01:04') })
    expect(call).toMatchObject({ is_live: false, end_seen: true, is_finished: true, recheck_at: null })
    expect(call).toMatchObject({ cdr_received_at: at('10:01:03'), ended_at: at('10:01:00') })
  })

  test('ended when it says so, else when it failed, else with its disconnect, else with its last stage', () => {
    const end = (...facts: Parameters<typeof foldAll>[0]) => clock(foldAll(facts).call.ended_at)
    const open = { call_end_time: null, fail_time: null }
    expect(end(notification({ fail_time: '10:00:30' }), hungUp)).toBe('10:01:00')
    expect(end(notification({ ...open, fail_time: '10:00:30' }), hungUp)).toBe('10:00:30')
    expect(end(notification(open), hungUp)).toBe('10:01:00')
    expect(end(notification(open))).toBe('10:00:05')
    // A disconnect before the last stage is that of an earlier attempt.
    expect(end(notification({ ...open, call_out_answer_time: '10:05:00' }), hungUp)).toBe('10:05:00')
  })

  test('has minutes by estimate when an event supplied the end or the answer', () => {
    const minutes = (...facts: Parameters<typeof foldAll>[0]) => {
      const { a_minutes, b_minutes, minutes_estimated } = foldAll(facts).call
      return [a_minutes, b_minutes, minutes_estimated]
    }
    expect(minutes(notification(), ...answered, hungUp)).toEqual([1, 0, false])
    expect(minutes(notification({ call_end_time: null }), hungUp)).toEqual([1, 0, true])
    expect(minutes(notification({ call_out_answer_time: null }), ...answered)).toEqual([1, 0, true])
    expect(minutes(callback({ fwd_answer_time: null }), ...callbackEvents())).toEqual([2, 2, true])
    // Nothing hangs on the end of a call that nobody answered.
    expect(minutes(cdr({ service_type: '001', call_out_start_time: '10:00:00' }), hungUp)).toEqual([0, 0, false])
  })
})

test('the day of the bill is that of the end in Asia/Shanghai', () => {
  const day = (end: string) => foldAll([cdr({ call_end_time: end })]).call.bill_day
  expect(day('2026-11-12 15:59:59')).toBe('2026-11-12')
  expect(day('2026-11-12 16:00:00')).toBe('2026-11-13')
  expect(day('2026-12-31 16:00:00')).toBe('2027-01-01')
})

describe('recording', () => {
  const recording = (fields: Parameters<typeof notification>[0], now: string) => {
    const { call } = foldAll([notification(fields)], { now: at(now) })
    return [call.recording, clock(call.recheck_at)]
  }

  test('is there for seven days after the call', () => {
    expect(recording({ record_flag: 1 }, '10:02:00')).toEqual(['there', '2026-11-19 10:01:00'])
    expect(recording({ record_flag: 1 }, '2026-11-19 10:00:59')).toEqual(['there', '2026-11-19 10:01:00'])
    expect(recording({ record_flag: 1 }, '2026-11-19 10:01:00')).toEqual(['expired', null])
  })

  test('is there without a flag when it has a name or an address', () => {
    expect(recording({ record_flag: 0, record_object_name: '1.wav' }, '10:02:00')).toEqual(['none', null])
    expect(recording({ record_object_name: '1.wav' }, '10:02:00')[0]).toBe('there')
    expect(recording({ record_file_download_url: 'https://example.com/1.wav' }, '10:02:00')[0]).toBe('there')
    expect(recording({}, '10:02:00')[0]).toBe('none')
  })

  test('began when the CDR says so, within a call', () => {
    const began = (time: string) =>
      clock(foldAll([notification({ record_start_time: time })]).call.recording_started_at)
    expect(began('10:00:06')).toBe('10:00:06')
    expect(began('1970-01-01 00:00:00')).toBe(null)
  })
})
