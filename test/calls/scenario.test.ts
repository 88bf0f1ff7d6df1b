import { describe, expect, test } from 'vitest'
import type { CallScenario, EventFact, Scenario } from '../../src/calls/types.ts'
import {
  a,
  b,
  callback,
  callee,
  caller,
  cdr,
  event,
  foldContext,
  folder,
  legA,
  legB,
  notification,
  privateNumber,
  x,
} from './facts.ts'

const scenarios = new Map<string, Scenario>([
  ['app-note', 'callnotify'],
  ['app-verify', 'callVerify'],
  ['app-callback', 'click2Call'],
  ['app-private', 'privateNumber'],
])
const foldAll = folder(await foldContext({ scenarios }))
const of = (app: string): Partial<EventFact> => ({ signed_by: app })
const digits = event('collectInfo', '10:00:20', { digit_info: '1' })

describe('the service type of the CDR decides', () => {
  test.each<[string, CallScenario | null]>([
    ['001', 'playback'],
    ['002', 'click2Call'],
    ['003', 'privateNumber'],
    ['004', 'privateNumber'],
    ['005', 'privateNumber'],
    ['007', 'privateNumber'],
    ['1', 'playback'],
    ['006', null],
  ])('%s: %s', (service_type, scenario) => {
    const fields = { app_key: 'unknown', service_type, call_out_start_time: '10:00:00', callee_num: a }
    expect(foldAll([cdr(fields)]).call.scenario).toBe(scenario)
  })

  test('before the fields that are there: a notification with a second number has no B', () => {
    const { call } = foldAll([notification({ fwd_dst_num: b, fwd_start_time: '10:00:06' })])
    expect(call).toMatchObject({ scenario: 'callnotify', outcome: 'answered', b_number: null, b_started_at: null })
  })

  test('before what is declared: a callback of an app of notifications is one', () => {
    expect(foldAll([callback({ app_key: 'app-note' })]).call.scenario).toBe('click2Call')
    expect(foldAll([privateNumber({ app_key: 'app-note' })]).call.scenario).toBe('privateNumber')
    expect(foldAll([notification({ app_key: 'app-callback' })]).call.scenario).toBe('playback')
  })
})

describe('notification or verification', () => {
  test.each<[string, CallScenario, Parameters<typeof foldAll>]>([
    ['placed from here', 'callVerify', [[notification()], { placedScenario: 'callVerify' }]],
    ['digits were keyed', 'callnotify', [[notification({ app_key: 'app-verify' }), digits]]],
    ['dynamic IVR', 'callnotify', [[notification({ app_key: 'app-verify', dyn_ivr_path: '0-2' })]]],
    ['dynamic IVR began', 'callnotify', [[notification({ app_key: 'unknown', dyn_ivr_start_time: '10:00:06' })]]],
    ['declared', 'callVerify', [[notification({ app_key: 'app-verify' })]]],
    ['declared', 'callnotify', [[notification({ app_key: 'app-note' })]]],
    ['nobody knows', 'playback', [[notification({ app_key: 'unknown' })]]],
    ['nobody knows', 'playback', [[notification({ app_key: null })]]],
  ])('%s: %s', (_why, scenario, facts) => {
    expect(foldAll(...facts).call.scenario).toBe(scenario)
  })

  test('a call placed from here is what it was placed as, digits or not', () => {
    expect(foldAll([notification(), digits], { placedScenario: 'callVerify' }).call.scenario).toBe('callVerify')
  })
})

describe('events alone', () => {
  const callin = event('callin', '10:00:00', { caller, called: x })
  const outA = event('callout', '10:00:00', legA)
  const outB = event('callout', '10:00:07', legB)
  test.each<[string, CallScenario | null, EventFact[]]>([
    ['one leg', null, [outA]],
    ['two legs', 'click2Call', [outA, outB]],
    ['the same number again', null, [outA, event('callout', '10:00:30', legA)]],
    ['a blank number', null, [outA, event('callout', '10:00:30', { called: ' ' })]],
    ['callin', 'privateNumber', [callin, event('callout', '10:00:01', { caller: x, called: callee })]],
    ['digits', 'callnotify', [outA, digits]],
    ['a declared callback before B is dialed', 'click2Call', [{ ...outA, ...of('app-callback') }]],
    ['a declared notification that dials twice', 'callnotify', [outA, outB].map((e) => ({ ...e, ...of('app-note') }))],
    ['a declared private number before callin', 'privateNumber', [{ ...outB, ...of('app-private') }]],
    ['extension of AXE', 'privateNumber', [callin, digits]],
  ])('%s: %s', (_what, scenario, facts) => {
    expect(foldAll(facts).call.scenario).toBe(scenario)
  })

  test('eventType is compared without regard to case', () => {
    const facts = [
      event('CALLOUT', '10:00:00', legA),
      event('Answer', '10:00:05', legA),
      event('Disconnect', '10:01:00', legA),
    ]
    expect(foldAll(facts).call).toMatchObject({ outcome: 'answered', talk_seconds: 55, end_seen: true })
  })
})

describe('a CDR without a service type', () => {
  test('that came in is private number', () => {
    const { call } = foldAll([privateNumber({ service_type: null, app_key: null })])
    expect(call).toMatchObject({ scenario: 'privateNumber', a_number: '+86138****0031', b_minutes: 2, a_minutes: 0 })
    expect(foldAll([cdr({ subscription_id: 'b-1', fail_time: '10:00:05' })]).call.scenario).toBe('privateNumber')
  })

  test('with a second party is a callback, and not when the number is blank or repeated', () => {
    const one = { ...callback(), service_type: null, app_key: null }
    const noTimes = { fwd_start_time: null, fwd_alerting_time: null, fwd_answer_time: null }
    expect(foldAll([one]).call.scenario).toBe('click2Call')
    expect(foldAll([{ ...one, ...noTimes }]).call.scenario).toBe('click2Call')
    expect(foldAll([{ ...one, fwd_dst_num: null }]).call.scenario).toBe('click2Call')
    expect(foldAll([{ ...one, ...noTimes, fwd_dst_num: '  ' }]).call.scenario).toBe(null)
    expect(foldAll([{ ...one, ...noTimes, fwd_dst_num: '13800000021' }]).call.scenario).toBe(null)
  })
})

describe('private number', () => {
  test.each([
    ['003', null, 'AX'],
    ['004', null, 'AXB'],
    ['004', 'Block', 'X'],
    ['005', null, 'AXE'],
    ['007', null, 'AXYB'],
  ])('service type %s with notifyMode %s is %s', (service_type, notify_mode, mode) => {
    expect(foldAll([privateNumber({ service_type, notify_mode })]).call.mode).toBe(mode)
  })

  test.each([
    ['callin with notifyMode', [event('callin', '10:00:00', { caller, called: x, notify_mode: 'Block' })], 'X'],
    ['digits', [event('callin', '10:00:00', { caller, called: x }), digits], 'AXE'],
    ['callin alone', [event('callin', '10:00:00', { caller, called: x })], null],
  ])('without a CDR: %s', (_what, facts, mode) => {
    expect(foldAll(facts).call.mode).toBe(mode)
  })

  test.each([
    [0, '003', 'B'],
    [1, '003', 'A'],
    [2, '003', null],
    [1, '004', 'A'],
    [0, '005', 'B'],
    [0, '007', null],
    [null, '003', null],
  ])('direction %s in service type %s: the bound user is %s', (direction, service_type, side) => {
    expect(foldAll([privateNumber({ direction, service_type })]).call).toMatchObject({ direction, bound_party: side })
  })

  test('X mode has no binding', () => {
    expect(foldAll([privateNumber({ direction: 1, notify_mode: 'Block' })]).call.bound_party).toBe(null)
  })

  test('voice calls have neither mode nor bound party', () => {
    expect(foldAll([callback({ direction: 1 })]).call).toMatchObject({ mode: null, bound_party: null, direction: 1 })
  })

  test('the extension keyed is private, however short', () => {
    const facts = [privateNumber({ service_type: '005', extend_number: '12' }), { ...digits, digit_info: '12' }]
    const { call, privateCall } = foldAll(facts)
    expect(call).toMatchObject({ digits: '***', digit_count: 2 })
    expect(privateCall).toMatchObject({ extension: '12', digits: '12' })
    expect(foldAll([event('callin', '10:00:00', { caller, called: x }), digits]).privateCall.extension).toBe('1')
  })
})
