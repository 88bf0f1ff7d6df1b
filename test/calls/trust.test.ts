import { describe, expect, test } from 'vitest'
import { b, callback, callbackEvents, event, foldContext, folder, legA, legB, notification } from './facts.ts'

const foldAll = folder(await foldContext())
const signed = { signed_by: 'app-callback' }

describe('a call with signed facts', () => {
  test('gets no answer from an event without a signature', () => {
    const facts = [notification({ ...signed, call_out_answer_time: null }), event('answer', '10:00:05', legA)]
    expect(foldAll(facts).call).toMatchObject({ outcome: 'unknown', a_answered_at: null, a_minutes: 0 })
    const alsoSigned = [facts[0], event('answer', '10:00:05', { ...legA, ...signed })] as typeof facts
    expect(foldAll(alsoSigned).call).toMatchObject({ outcome: 'answered', talk_seconds: 55, minutes_estimated: true })
  })

  test('gets neither digits nor who hung up nor userData from one', () => {
    const forged = [
      event('collectInfo', '10:00:20', { digit_info: '9' }),
      event('disconnect', '10:01:00', { ...legA, party_type: 'platform', user_data: 'forged', state_code: 8102 }),
    ]
    expect(foldAll([...callbackEvents(signed), ...forged]).call).toMatchObject({
      ...foldAll(callbackEvents(signed)).call,
      event_count: 10,
    })
  })

  test('is not moved by an earlier event without one', () => {
    const facts = [notification(signed), event('callout', '09:00:00', legA)]
    expect(foldAll(facts).call.started_at).toBe(foldAll([notification(signed)]).call.started_at)
  })

  test('keeps its signed CDR when another comes later without a signature', () => {
    const forged = callback({ icid: 'z', received_at: Date.parse('2026-12-01'), fwd_answer_time: null })
    expect(foldAll([callback(signed), forged]).call).toMatchObject({ outcome: 'answered', b_minutes: 2, cdr_count: 2 })
  })

  test('has the CDR that came, if only one without a signature did: minutes are what the bill is checked by', () => {
    const { call } = foldAll([...callbackEvents(signed), callback()])
    expect(call).toMatchObject({ outcome: 'answered', a_minutes: 2, b_minutes: 2, cdr_count: 1 })
  })
})

describe('the key of a reference follows the fact that supplied the field', () => {
  const signedRef = foldAll([callback(signed)]).call
  const unsignedRef = foldAll([callback()]).call

  test('signed and unsigned references of one number differ', () => {
    expect(signedRef.a_ref).toMatch(/^[0-9a-f]{16}$/)
    expect(unsignedRef.a_ref).toMatch(/^[0-9a-f]{16}$/)
    for (const name of ['a_ref', 'b_ref', 'bind_ref'] as const) expect(signedRef[name]).not.toBe(unsignedRef[name])
  })

  test('a number of an unsigned CDR beside signed events is unsigned, one of the events is signed', () => {
    const { call } = foldAll([callback({ callee_num: null }), ...callbackEvents(signed)])
    expect(call.a_ref).toBe(signedRef.a_ref)
    expect(call.b_ref).toBe(unsignedRef.b_ref)
  })

  test('the call itself has one reference, whoever tells of it', () => {
    expect(signedRef.call_ref).toBe(unsignedRef.call_ref)
    expect(signedRef.call_ref).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })
})

test('where nothing is signed everything counts', () => {
  const facts = [notification({ call_out_answer_time: null }), event('answer', '10:00:05', legA)]
  expect(foldAll(facts).call).toMatchObject({ outcome: 'answered', minutes_estimated: true, a_minutes: 1 })
})

test('one person has one reference, however the number is written and on which side', () => {
  const forms = ['+8613900000022', '8613900000022', '13900000022', '008613900000022']
  const refs = forms.map((fwd_dst_num) => foldAll([callback({ fwd_dst_num })]).call.b_ref)
  expect(new Set(refs).size).toBe(1)
  expect(foldAll([callback({ callee_num: b })]).call.a_ref).toBe(refs[0])
  expect(foldAll([event('callout', '10:00:00', legB)]).call.a_ref).toBe(refs[0])
})
