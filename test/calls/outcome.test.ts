import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../src/calls/types.ts'
import {
  type CdrFields,
  callback,
  callee,
  caller,
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

/** A callback whose B was dialed, rang and did not answer. */
const unanswered = (fields: CdrFields) => callback({ fwd_answer_time: null, ...fields })

function verdict(...facts: Parameters<typeof foldAll>[0]) {
  const { outcome, reason_source, reason_code } = foldAll(facts).call
  return [outcome, reason_source, reason_code]
}

const stateCode = (state_code: number) => event('disconnect', '10:02:00', { ...legB, state_code })

describe('why a call was not answered', () => {
  test('the release point speaks first', () => {
    const fields = { ul_fail_reason: 514, fwd_unasw_rsn: 17, sip_status_code: 603 }
    expect(verdict(unanswered(fields), stateCode(8104))).toEqual(['no answer', 'release point', 514])
  })

  test('then the Q.850 cause of the leg that failed, then that of the other one', () => {
    const fields = { ul_fail_reason: 518, fwd_unasw_rsn: 17, call_out_unasw_rsn: 21, sip_status_code: 603 }
    expect(verdict(unanswered(fields), stateCode(8104))).toEqual(['busy', 'Q.850', 17])
    expect(verdict(unanswered({ ...fields, fwd_unasw_rsn: 0 }))).toEqual(['rejected', 'Q.850', 21])
    const notDialed = { fwd_start_time: null, fwd_alerting_time: null, ul_fail_reason: 519 }
    expect(verdict(unanswered({ ...fields, ...notDialed }))).toEqual(['rejected', 'Q.850', 21])
  })

  test('then the state code, then SIP', () => {
    const fields = { ul_fail_reason: 518, fwd_unasw_rsn: 31, sip_status_code: 603 }
    expect(verdict(unanswered(fields), stateCode(8104))).toEqual(['unreachable', 'state code', 8104])
    expect(verdict(unanswered(fields), stateCode(8001))).toEqual(['rejected', 'SIP', 603])
    expect(verdict(unanswered(fields))).toEqual(['rejected', 'SIP', 603])
  })

  test('a code that only says where it ended makes it failed, and is the reason', () => {
    expect(verdict(unanswered({ ul_fail_reason: 518 }))).toEqual(['failed', 'release point', 518])
    expect(verdict(unanswered({ ul_fail_reason: 0 }), stateCode(8001))).toEqual(['failed', 'state code', 8001])
  })

  test('a code of answered calls says nothing of one that was not', () => {
    expect(verdict(unanswered({ ul_fail_reason: 0 }), stateCode(0))).toEqual(['unknown', null, null])
    expect(verdict(unanswered({ ul_fail_reason: 8010, fwd_unasw_rsn: 17 }))).toEqual(['busy', 'Q.850', 17])
  })

  test('codes that are in no table name themselves', () => {
    const { call } = foldAll([unanswered({ ul_fail_reason: 9999 })])
    expect(call).toMatchObject({ outcome: 'unknown', reason_en: 'release point 9999', reason_zh: '拆线点 9999' })
    expect(foldAll([unanswered({ ul_fail_reason: 9999, sip_status_code: 302 })]).call).toMatchObject({
      outcome: 'unknown',
      reason_source: 'SIP',
      reason_en: 'SIP status 302',
    })
    expect(foldAll([unanswered({}), stateCode(9998)]).call.reason_en).toBe('state code 9998')
    expect(foldAll([unanswered({ ul_fail_reason: 518, fwd_unasw_rsn: 200, sip_status_code: 480 })]).call).toMatchObject(
      {
        outcome: 'unreachable',
        b_q850: 200,
      },
    )
  })

  test('the cause of a notification may stand in the column of B', () => {
    const call = notification({ call_out_answer_time: null, ul_fail_reason: 519, fwd_unasw_rsn: 17 })
    expect(foldAll([call]).call).toMatchObject({ outcome: 'busy', a_q850: 17, b_q850: null })
  })

  test('of several state codes the latest that names a failure counts', () => {
    const first = event('disconnect', '10:01:00', { ...legA, state_code: 8102 })
    const last = event('disconnect', '10:01:30', { ...legA, state_code: 8101 })
    const normal = event('disconnect', '10:01:40', { ...legB, state_code: 0 })
    expect(foldAll([unanswered({ ul_fail_reason: 518 }), first, last, normal]).call).toMatchObject({
      outcome: 'no answer',
      state_code: 8101,
    })
  })

  test('zeros of codes that say none by 0 are none; release point 0 is one', () => {
    const call = callback({ call_out_unasw_rsn: 0, fwd_unasw_rsn: 0, sip_status_code: 0, ul_fail_reason: 0 })
    expect(foldAll([call]).call).toMatchObject({ a_q850: null, b_q850: null, sip_status: null, release_point: 0 })
  })
})

describe('an answered call', () => {
  test('has the text of its release point, else of its state code', () => {
    expect(foldAll([callback()]).call).toMatchObject({
      outcome: 'answered',
      reason_source: 'release point',
      reason_en: 'answered call, then a party hung up normally',
      reason_zh: '接通后主动挂机',
    })
    const facts = [event('answer', '10:00:05', legA), event('disconnect', '10:01:00', { ...legA, state_code: 8010 })]
    expect(verdict(...facts)).toEqual(['answered', 'state code', 8010])
  })

  test('is told by the answer, whatever the codes say', () => {
    expect(verdict(callback({ ul_fail_reason: 518, fwd_unasw_rsn: 19 }))).toEqual(['answered', 'release point', 518])
  })

  test('whose answer event got lost is told by a state code of answered calls, without a time', () => {
    const facts = [event('callout', '10:00:00', legA), event('alerting', '10:00:03', legA)]
    const { call } = foldAll([...facts, event('disconnect', '10:01:00', { ...legA, state_code: 0 })])
    expect(call).toMatchObject({ outcome: 'answered', answered_at: null, talk_seconds: null, ring_seconds: null })
  })

  test('that was redialed has the state code of the attempt that was answered', () => {
    const facts = [
      event('disconnect', '10:00:30', { ...legA, state_code: 8102 }),
      event('answer', '10:00:50', legA),
      event('disconnect', '10:01:00', { ...legA, state_code: 0 }),
    ]
    expect(verdict(...facts)).toEqual(['answered', 'state code', 0])
  })

  test('has no reason while it goes on', () => {
    expect(foldAll([event('answer', '12:59:00', legA)]).call).toMatchObject({ outcome: 'answered', reason_en: null })
  })
})

describe('what codes mean depends on the product', () => {
  test.each<[number, Outcome, Outcome]>([
    [8105, 'rejected', 'unreachable'],
    [8008, 'unknown', 'failed'],
    [8002, 'failed', 'failed'],
    [8103, 'unreachable', 'unreachable'],
  ])('release point and state code %i: %s in voice, %s in private number', (code, voice, other) => {
    expect(verdict(unanswered({ ul_fail_reason: code }))[0]).toBe(voice)
    expect(verdict(privateNumber({ fwd_answer_time: null, ul_fail_reason: code }))[0]).toBe(other)
    const callin = event('callin', '10:00:00', { caller, called: x })
    const bye = event('disconnect', '10:00:30', { caller: x, called: callee, state_code: code })
    expect(verdict(callin, bye)[0]).toBe(other)
  })

  test.each([
    ['release point', 8058, 'failed'],
    ['release point', 8139, 'failed'],
    ['release point', 7501, 'cancelled'],
  ])('%s %i is looked up in both tables', (source, code, outcome) => {
    const cdr = privateNumber({ fwd_answer_time: null, ul_fail_reason: code })
    expect(verdict(cdr)).toEqual([outcome, source, code])
    const callin = event('callin', '10:00:00', { caller, called: x })
    const bye = event('disconnect', '10:00:30', { caller: x, called: callee, state_code: code })
    expect(verdict(callin, bye)).toEqual([outcome, 'state code', code])
  })
})

describe('effective, for NER', () => {
  test.each<[string, CdrFields, boolean]>([
    ['answered', {}, true],
    ['busy', { fwd_answer_time: null, ul_fail_reason: 518, fwd_unasw_rsn: 17 }, true],
    ['no answer', { fwd_answer_time: null, ul_fail_reason: 514 }, true],
    ['rejected', { fwd_answer_time: null, ul_fail_reason: 518, fwd_unasw_rsn: 21 }, true],
    ['cancelled', { fwd_answer_time: null, ul_fail_reason: 552 }, true],
    ['cancelled', { fwd_answer_time: null, fwd_alerting_time: null, ul_fail_reason: 553 }, false],
    ['unreachable', { fwd_answer_time: null, ul_fail_reason: 8104 }, false],
    ['failed', { fwd_answer_time: null, ul_fail_reason: 8002 }, false],
    ['unknown', { fwd_answer_time: null }, false],
  ])('%s %o: %s', (outcome, fields, effective) => {
    expect(foldAll([callback(fields)]).call).toMatchObject({ outcome, is_effective: effective })
  })

  test('cancelled before B was dialed: A is the leg dialed last, and rang', () => {
    const fields = { fwd_start_time: null, fwd_alerting_time: null, fwd_answer_time: null, ul_fail_reason: 553 }
    expect(foldAll([callback(fields)]).call).toMatchObject({ outcome: 'cancelled', is_effective: true })
  })
})

describe('who hung up', () => {
  const bye = (fields: Parameters<typeof event>[2]) => event('disconnect', '10:01:00', { ...legA, ...fields })
  test.each([
    [{ party_type: 'caller' }, 'A'],
    [{ party_type: 'callee' }, 'B'],
    [{ party_type: 'platform' }, 'platform'],
    [{ party_type: ' Callee' }, 'B'],
    [{ party_type: 'somebody' }, null],
    [{ party_type: 'constructor' }, null],
    [{ call_rel_direction: 1 }, 'A'],
    [{ call_rel_direction: 2 }, 'B'],
    [{ call_rel_direction: 0 }, null],
    [{}, null],
  ])('%o: %s', (fields, by) => {
    expect(foldAll([bye(fields)]).call.hung_up_by).toBe(by)
  })

  test('the first disconnect that says so counts, and the CDR before it', () => {
    const later = event('disconnect', '10:01:05', { ...legB, party_type: 'caller' })
    expect(foldAll([bye({ party_type: 'callee' }), later]).call).toMatchObject({
      hung_up_by: 'B',
      party_type: 'callee',
    })
    expect(foldAll([bye({ party_type: 'odd' }), later]).call).toMatchObject({ hung_up_by: 'A', party_type: 'odd' })
    expect(foldAll([bye({ party_type: ' ' }), later]).call).toMatchObject({ hung_up_by: 'A', party_type: 'caller' })
    expect(foldAll([privateNumber({ call_rel_direction: 2 }), later]).call.hung_up_by).toBe('B')
  })
})

describe('digits', () => {
  const keyed = (...inputs: string[]) =>
    inputs.map((digit_info, i) => event('collectInfo', `10:00:1${i}`, { digit_info }))
  test.each([
    [['1'], '1', 1],
    [['1', '123456'], '1 ***', 7],
    [['12'], '12', 2],
    [['123'], '***', 3],
    [['*', '#'], '* #', 2],
    // Keyed one by one it would be a number again.
    [['1', '3', '8', '0', '0', '1'], '1 3 8 0 0 1', 6],
    [['1', '3', '8', '0', '0', '1', '2'], '***', 7],
    [[' '], null, null],
  ])('%j shows as %s', (inputs, digits, digit_count) => {
    const { call, privateCall } = foldAll(keyed(...inputs))
    expect(call).toMatchObject({ digits, digit_count })
    expect(privateCall.digits).toBe(digits && inputs.join(' '))
  })

  test('of a dynamic IVR are its path, when none were collected', () => {
    expect(foldAll([notification({ dyn_ivr_path: '0-2' })]).call).toMatchObject({ digits: '0-2', digit_count: 2 })
    expect(foldAll([notification({ dyn_ivr_path: '0-2-3' })]).call).toMatchObject({ digits: '***', digit_count: 3 })
    expect(foldAll([notification({ dyn_ivr_path: '0-2-3' }), ...keyed('1')]).call.digits).toBe('1')
  })
})

describe('billed minutes', () => {
  const minutes = (end: string) => foldAll([notification({ call_end_time: end })]).call.a_minutes
  test('are the started ones, at least one', () => {
    expect(['10:00:05', '10:00:06', '10:01:05', '10:01:06', '10:02:06'].map(minutes)).toEqual([1, 1, 1, 2, 3])
  })

  test('of a leg that was not answered are none, and of a call without a CDR nobody knows', () => {
    expect(foldAll([unanswered({})]).call).toMatchObject({ a_minutes: 2, b_minutes: 0 })
    expect(foldAll([event('answer', '10:00:05', legA)]).call).toMatchObject({ a_minutes: null, b_minutes: null })
  })
})
