import { expect, test } from 'vitest'
import type { CallRow, PrivateCallRow } from '../../src/calls/types.ts'
import { at, event, factsOf, foldContext, folder, type PlatformBody } from './facts.ts'

/** Bodies as the platform documents them, numbers invented; what is masked is masked there. */

const foldAll = folder(await foldContext({ now: at('2019-01-24 04:00:00') }))

function golden(bodies: PlatformBody[], sessionId: string, call: Partial<CallRow>, whole: Partial<PrivateCallRow>) {
  const folded = foldAll(
    bodies.flatMap((body) => factsOf(body)),
    { sessionId },
  )
  expect(folded.call).toEqual({ ...nothing, ...references(folded.call), ...call })
  expect(folded.privateCall).toEqual({ ...nobody, call_ref: folded.call.call_ref, session_id: sessionId, ...whole })
}

/** Which references there are is said by whether there is what they refer to; what they are is tested elsewhere. */
function references(call: CallRow) {
  const { call_ref, bind_ref, a_ref, b_ref, user_data_ref, subscription_ref } = call
  return { call_ref, bind_ref, a_ref, b_ref, user_data_ref, subscription_ref }
}

const nobody: Omit<PrivateCallRow, 'call_ref' | 'session_id'> = {
  a_number: null,
  b_number: null,
  shown_to_a: null,
  shown_to_b: null,
  bind_num: null,
  user_data: null,
  subscription_id: null,
  extension: null,
  digits: null,
  record_domain: null,
  record_bucket_name: null,
  record_object_name: null,
  record_file_download_url: null,
}

const nothing: Partial<CallRow> = {
  app_key: null,
  sp_id: null,
  scenario: null,
  service_type: null,
  mode: null,
  direction: null,
  bound_party: null,
  bind_num: null,
  a_number: null,
  b_number: null,
  shown_to_a: null,
  shown_to_b: null,
  user_data: null,
  a_started_at: null,
  a_ringing_at: null,
  a_answered_at: null,
  a_ended_at: null,
  b_started_at: null,
  b_ringing_at: null,
  b_answered_at: null,
  b_ended_at: null,
  ringing_at: null,
  answered_at: null,
  ended_at: null,
  bill_day: null,
  ring_seconds: null,
  talk_seconds: null,
  post_dial_delay_seconds: null,
  a_seconds: null,
  b_seconds: null,
  a_post_dial_delay_seconds: null,
  b_post_dial_delay_seconds: null,
  cdr_received_at: null,
  is_live: false,
  end_seen: false,
  is_finished: false,
  is_effective: false,
  reason_code: null,
  reason_source: null,
  reason_en: null,
  reason_zh: null,
  release_point: null,
  a_q850: null,
  b_q850: null,
  sip_status: null,
  state_code: null,
  hung_up_by: null,
  party_type: null,
  digits: null,
  digit_count: null,
  recording: 'none',
  recording_started_at: null,
  a_minutes: null,
  b_minutes: null,
  minutes_estimated: false,
  event_count: 0,
  cdr_count: 0,
  recheck_at: null,
}

const hungUpNormally: Partial<CallRow> = {
  outcome: 'answered',
  end_seen: true,
  is_finished: true,
  is_effective: true,
  reason_code: 0,
  reason_source: 'release point',
  reason_en: 'answered call, then a party hung up normally',
  reason_zh: '接通后主动挂机',
  release_point: 0,
}

const voiceSession = '1201_612_4294967295_20190124030424@callenabler245.huaweicaas.com'

const callout: PlatformBody = {
  eventType: 'callout',
  statusInfo: {
    sessionId: voiceSession,
    timestamp: '2019-01-24 03:04:24',
    caller: '+8613800000022',
    called: '+8613800000021',
  },
}

const callbackCdr = {
  direction: 0,
  spId: 'CaaS_Test_01',
  appKey: 'ka4kESI5s3YyurL1wpx63s9YnEm2',
  icid: 'CAE-20190124110424-12019775',
  bindNum: '+8675512345678',
  sessionId: voiceSession,
  callerNum: '+8613800000022',
  calleeNum: '+8613800000021',
  fwdDisplayNum: '+8613800000022',
  fwdDstNum: '+8613800000023',
  fwdStartTime: '2019-01-24 03:04:31',
  fwdAlertingTime: '2019-01-24 03:04:36',
  fwdAnswerTime: '2019-01-24 03:04:38',
  callEndTime: '2019-01-24 03:04:49',
  fwdUnaswRsn: 0,
  ulFailReason: 0,
  sipStatusCode: 0,
  callOutStartTime: '2019-01-24 03:04:24',
  callOutAlertingTime: '2019-01-24 03:04:27',
  callOutAnswerTime: '2019-01-24 03:04:31',
  callOutUnaswRsn: 0,
  recordFlag: 0,
  ttsPlayTimes: 0,
  ttsTransDuration: 0,
  serviceType: '002',
  hostName: 'callenabler245.huaweicaas.com',
}

/** What the CDR of the callback makes of a call, whoever's numbers are in it. */
const callbackCall: Partial<CallRow> = {
  ...hungUpNormally,
  session_id: voiceSession,
  app_key: 'ka4kESI5s3YyurL1wpx63s9YnEm2',
  sp_id: 'CaaS_Test_01',
  scenario: 'click2Call',
  service_type: '002',
  direction: 0,
  bind_num: '+8675512345678',
  a_number: '+86138****0021',
  b_number: '+86138****0023',
  shown_to_a: '+86138****0022',
  shown_to_b: '+86138****0022',
  started_at: at('2019-01-24 03:04:24'),
  a_started_at: at('2019-01-24 03:04:24'),
  a_ringing_at: at('2019-01-24 03:04:27'),
  a_answered_at: at('2019-01-24 03:04:31'),
  a_ended_at: at('2019-01-24 03:04:49'),
  b_started_at: at('2019-01-24 03:04:31'),
  b_ringing_at: at('2019-01-24 03:04:36'),
  b_answered_at: at('2019-01-24 03:04:38'),
  b_ended_at: at('2019-01-24 03:04:49'),
  ringing_at: at('2019-01-24 03:04:36'),
  answered_at: at('2019-01-24 03:04:38'),
  ended_at: at('2019-01-24 03:04:49'),
  bill_day: '2019-01-24',
  ring_seconds: 2,
  talk_seconds: 11,
  post_dial_delay_seconds: 5,
  a_seconds: 18,
  b_seconds: 11,
  a_post_dial_delay_seconds: 3,
  b_post_dial_delay_seconds: 5,
  first_received_at: at('2019-01-24 03:04:52'),
  last_received_at: at('2019-01-24 03:04:52'),
  cdr_received_at: at('2019-01-24 03:04:52'),
  a_minutes: 1,
  b_minutes: 1,
  cdr_count: 1,
}

const callbackNumbers: Partial<PrivateCallRow> = {
  a_number: '+8613800000021',
  b_number: '+8613800000023',
  shown_to_a: '+8613800000022',
  shown_to_b: '+8613800000022',
  bind_num: '+8675512345678',
}

test('callout of the Node.js sample', () => {
  golden(
    [callout],
    voiceSession,
    {
      session_id: voiceSession,
      a_number: '+86138****0021',
      shown_to_a: '+86138****0022',
      started_at: at('2019-01-24 03:04:24'),
      a_started_at: at('2019-01-24 03:04:24'),
      first_received_at: at('2019-01-24 03:04:25'),
      last_received_at: at('2019-01-24 03:04:25'),
      outcome: 'in progress',
      is_live: true,
      event_count: 1,
      recheck_at: at('2019-01-25 04:04:24'),
    },
    { a_number: '+8613800000021', shown_to_a: '+8613800000022' },
  )
})

test('callout of the Python sample, masked by the platform and with userData', () => {
  const statusInfo = {
    sessionId: voiceSession,
    timestamp: '2019-01-24 03:04:24',
    caller: '+86138*******2',
    called: '+86138*******1',
    userData: 'customerId123',
  }
  golden(
    [{ eventType: 'callout', statusInfo }],
    voiceSession,
    {
      session_id: voiceSession,
      a_number: '****',
      shown_to_a: '****',
      started_at: at('2019-01-24 03:04:24'),
      a_started_at: at('2019-01-24 03:04:24'),
      first_received_at: at('2019-01-24 03:04:25'),
      last_received_at: at('2019-01-24 03:04:25'),
      outcome: 'in progress',
      is_live: true,
      event_count: 1,
      recheck_at: at('2019-01-25 04:04:24'),
    },
    { a_number: '+86138*******1', shown_to_a: '+86138*******2', user_data: 'customerId123' },
  )
})

test('CDR of a callback call, as documented', () => {
  golden([{ eventType: 'fee', feeLst: [callbackCdr] }], voiceSession, callbackCall, callbackNumbers)
})

test('the two of one session are one call', () => {
  golden(
    [callout, { eventType: 'fee', feeLst: [callbackCdr] }],
    voiceSession,
    { ...callbackCall, event_count: 1, first_received_at: at('2019-01-24 03:04:25') },
    callbackNumbers,
  )
})

test('CDR of a callback, masked by the platform', () => {
  const masked = {
    appKey: 'ka4k******YnEm2',
    bindNum: '+8675512****78',
    callerNum: '+86138****0022',
    calleeNum: '+86138****0021',
    fwdDisplayNum: '+86138****0022',
    fwdDstNum: '+86138****7021',
  }
  golden(
    [{ eventType: 'fee', feeLst: [{ ...callbackCdr, ...masked }] }],
    voiceSession,
    { ...callbackCall, app_key: 'ka4k******YnEm2', bind_num: '+8675512****78', b_number: '+86138****7021' },
    {
      a_number: '+86138****0021',
      b_number: '+86138****7021',
      shown_to_a: '+86138****0022',
      shown_to_b: '+86138****0022',
      bind_num: '+8675512****78',
    },
  )
})

test('the tails of notification and verification CDRs, with empty texts', () => {
  const { fwdDisplayNum, fwdDstNum, fwdStartTime, fwdAlertingTime, fwdAnswerTime, ...oneLeg } = callbackCdr
  const feeLst = [{ ...oneLeg, serviceType: '001', failTime: '', userData: '', fwdDstNum: '', ttsPlayTimes: 1 }]
  const oneLegCall: Partial<CallRow> = {
    ...callbackCall,
    scenario: 'playback',
    service_type: '001',
    b_number: null,
    shown_to_b: null,
    b_started_at: null,
    b_ringing_at: null,
    b_answered_at: null,
    b_ended_at: null,
    ringing_at: at('2019-01-24 03:04:27'),
    answered_at: at('2019-01-24 03:04:31'),
    ring_seconds: 4,
    talk_seconds: 18,
    post_dial_delay_seconds: 3,
    b_seconds: null,
    b_post_dial_delay_seconds: null,
    b_minutes: 0,
  }
  golden([{ eventType: 'fee', feeLst }], voiceSession, oneLegCall, {
    a_number: '+8613800000021',
    shown_to_a: '+8613800000022',
    bind_num: '+8675512345678',
  })
})

const privateSession = '1200_1029_4294967295_20190123091514@callenabler246.huaweicaas.com'

const privateCdr = {
  direction: 1,
  spId: 'example_omp',
  appKey: 'V1Z965****UJ1sQ1WP',
  icid: 'ba171f34e6953fcd751edc77127748f4.3757223714.337238282.9',
  bindNum: '+8613800000022',
  sessionId: privateSession,
  subscriptionId: 'e97b2863-e7ad-4b4c-87c0-91b0171fe803',
  callerNum: '+8613800000021',
  calleeNum: '+8613800000022',
  fwdDisplayNum: '+8613800000022',
  fwdDstNum: '+8613800000023',
  callInTime: '2019-01-23 09:15:14',
  fwdStartTime: '2019-01-23 09:15:15',
  fwdAlertingTime: '2019-01-23 09:15:21',
  fwdAnswerTime: '2019-01-23 09:15:36',
  callEndTime: '2019-01-23 09:16:41',
  fwdUnaswRsn: 0,
  ulFailReason: 0,
  sipStatusCode: 0,
  callOutUnaswRsn: 0,
  recordFlag: 1,
  recordStartTime: '2019-01-23 09:15:37',
  recordDomain: 'ostor.example.com',
  recordBucketName: 'sp-v1z965****j1sq1wp',
  recordObjectName: '19012309153712050118304.wav',
  ttsPlayTimes: 0,
  ttsTransDuration: 0,
  mptyId: 'e97b2863-e7ad-4b4c-87c0-91b0171fe803',
  serviceType: '004',
  hostName: 'callenabler246.huaweicaas.com',
}

const privateCall: Partial<CallRow> = {
  ...hungUpNormally,
  session_id: privateSession,
  app_key: 'V1Z965****UJ1sQ1WP',
  sp_id: 'example_omp',
  scenario: 'privateNumber',
  service_type: '004',
  mode: 'AXB',
  direction: 1,
  bound_party: 'A',
  bind_num: '+86138****0022',
  a_number: '+86138****0021',
  b_number: '+86138****0023',
  shown_to_a: '+86138****0022',
  shown_to_b: '+86138****0022',
  started_at: at('2019-01-23 09:15:14'),
  a_started_at: at('2019-01-23 09:15:14'),
  a_ended_at: at('2019-01-23 09:16:41'),
  b_started_at: at('2019-01-23 09:15:15'),
  b_ringing_at: at('2019-01-23 09:15:21'),
  b_answered_at: at('2019-01-23 09:15:36'),
  b_ended_at: at('2019-01-23 09:16:41'),
  ringing_at: at('2019-01-23 09:15:21'),
  answered_at: at('2019-01-23 09:15:36'),
  ended_at: at('2019-01-23 09:16:41'),
  bill_day: '2019-01-23',
  ring_seconds: 15,
  talk_seconds: 65,
  post_dial_delay_seconds: 6,
  b_seconds: 65,
  b_post_dial_delay_seconds: 6,
  first_received_at: at('2019-01-23 09:16:44'),
  last_received_at: at('2019-01-23 09:16:44'),
  cdr_received_at: at('2019-01-23 09:16:44'),
  recording: 'there',
  recording_started_at: at('2019-01-23 09:15:37'),
  a_minutes: 0,
  b_minutes: 2,
  cdr_count: 2,
  recheck_at: at('2019-01-30 09:16:41'),
}

const privateNumbers: Partial<PrivateCallRow> = {
  a_number: '+8613800000021',
  b_number: '+8613800000023',
  shown_to_a: '+8613800000022',
  shown_to_b: '+8613800000022',
  bind_num: '+8613800000022',
  subscription_id: 'e97b2863-e7ad-4b4c-87c0-91b0171fe803',
  record_domain: 'ostor.example.com',
  record_bucket_name: 'sp-v1z965****j1sq1wp',
  record_object_name: '19012309153712050118304.wav',
}

test('two equal CDRs of private number, as in the PHP sample', () => {
  golden([{ eventType: 'fee', feeLst: [privateCdr, privateCdr] }], privateSession, privateCall, privateNumbers)
})

test('CDR of private number AX with service type 003', () => {
  golden(
    [{ eventType: 'fee', feeLst: [{ ...privateCdr, serviceType: '003', appKey: '****' }] }],
    privateSession,
    { ...privateCall, service_type: '003', mode: 'AX', app_key: '****', cdr_count: 1 },
    privateNumbers,
  )
})

test('disconnect of private number: its numbers are nobody known', () => {
  const session = '1200_1827_4294967295_20190124023003@callenabler246.huaweicaas.com'
  const statusInfo = {
    sessionId: session,
    timestamp: '2019-01-24 02:30:22',
    caller: '+8613800000022',
    called: '+8613800000023',
    stateCode: 0,
    stateDesc: 'The user releases the call.',
    subscriptionId: '1d39eaef-9279-4d18-b806-72e43ab3f85c',
  }
  // With the callin that comes before it.
  const callin = event('callin', '2019-01-24 02:30:03', { caller: '+8613800000021', called: '+8613800000022' })
  const folded = foldAll([callin, ...factsOf({ eventType: 'disconnect', statusInfo })], { sessionId: session })
  expect(folded.privateCall).toMatchObject({
    a_number: '+8613800000021',
    shown_to_a: '+8613800000022',
    b_number: null,
    shown_to_b: null,
    bind_num: null,
    subscription_id: '1d39eaef-9279-4d18-b806-72e43ab3f85c',
  })
  expect(folded.call).toMatchObject({
    session_id: session,
    scenario: 'privateNumber',
    outcome: 'answered',
    state_code: 0,
    ended_at: at('2019-01-24 02:30:22'),
    end_seen: true,
    is_finished: false,
  })
})
