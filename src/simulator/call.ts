import type { JsonObject } from '../platform/record.ts'
import type { Outcome, Scenario } from './outcomes.ts'
import type { Random } from './random.ts'
import { type Leg, makeTimeline, type Timeline } from './timeline.ts'
import { compactBeijingTime, compactTime, platformTime } from './times.ts'

/** What is wanted of a call. */
export interface Wishes {
  /** Its number in the run, and the run's own number: together they make its ids. */
  number: number
  run: number
  scenario: Scenario
  outcome: Outcome
  appKey: string
  /** The company's fixed-line number. */
  displayNbr: string
  /** A; B of a callback call is invented. */
  calleeNbr: string
  userData?: string | undefined
  /** Share of records with fields that stand in no document. */
  unknownFields?: number
  /** When it begins, in seconds since 1970, given how many seconds it lasts. */
  startAt: (duration: number) => number
}

/** A call as its callbacks tell it. Times are seconds since 1970. */
export interface SimulatedCall {
  number: number
  sessionId: string
  scenario: Scenario
  outcome: Outcome
  appKey: string
  startedAt: number
  endedAt: number
  /** Bodies of the status callbacks in the order of the call's states. */
  events: { at: number; body: { eventType: string; statusInfo: JsonObject } }[]
  cdr: JsonObject
}

const host = 'callenabler245.simulator'

/**
 * A synthetic call with every field that is documented for its scenario (protocol.md: CDR callback); nothing else
 * decides but `random`.
 */
export function makeCall(random: Random, wishes: Wishes): SimulatedCall {
  const { number, run, scenario, outcome, appKey } = wishes
  const timeline = makeTimeline(random, scenario, outcome)
  const startedAt = wishes.startAt(timeline.endedAt)
  const sessionId = `1201_${number}_${run}_${compactTime(startedAt)}@${host}`
  const numbers = { shown: wishes.displayNbr, a: wishes.calleeNbr, b: another(random, wishes.calleeNbr) }
  const parts: Parts = { random, wishes, timeline, startedAt, sessionId, numbers }
  return {
    number,
    sessionId,
    scenario,
    outcome,
    appKey,
    startedAt,
    endedAt: startedAt + timeline.endedAt,
    events: makeEvents(parts),
    cdr: makeCdr(parts),
  }
}

/** An invented mobile number. */
export function invent(random: Random): string {
  return `+861380000${String(random.whole(0, 9_999)).padStart(4, '0')}`
}

/** Nobody is called back to himself: both legs would hang up in one and the same event. */
function another(random: Random, than: string): string {
  for (;;) {
    const number = invent(random)
    if (number !== than) return number
  }
}

interface Parts {
  random: Random
  wishes: Wishes
  timeline: Timeline
  startedAt: number
  sessionId: string
  numbers: { shown: string; a: string; b: string }
}

function makeEvents({ random, wishes, timeline, startedAt, sessionId, numbers }: Parts): SimulatedCall['events'] {
  const { a, b, endedAt, digits, ending, hungUpBy } = timeline
  const { scenario, userData, unknownFields = 0 } = wishes
  const events: SimulatedCall['events'] = []
  const push = (at: number, eventType: string, more: JsonObject) => {
    const statusInfo: JsonObject = {
      timestamp: platformTime(startedAt + at),
      ...(userData === undefined ? {} : { userData }),
      sessionId,
      ...more,
      ...(random.chance(unknownFields) ? { mediaInfo: { codec: 'AMR-WB', lossPermille: random.whole(0, 9) } } : {}),
    }
    events.push({ at: startedAt + at, body: { eventType, statusInfo } })
  }
  const toA = { caller: numbers.shown, called: numbers.a }
  const toB = { caller: numbers.shown, called: numbers.b }
  const ring = ({ startedAt, alertingAt, answeredAt }: Leg, parties: JsonObject) => {
    push(startedAt, 'callout', parties)
    if (alertingAt !== undefined) push(alertingAt, 'alerting', parties)
    if (answeredAt !== undefined) push(answeredAt, 'answer', parties)
  }
  ring(a, toA)
  if (b) ring(b, toB)
  // collectInfo carries no numbers (protocol.md: play-and-collect).
  if (digits) push(digits.at, 'collectInfo', { digitInfo: digits.keys.at(-1) })
  const { stateCode, stateDesc } = ending
  // Only in callback calls that asked for it; the values are guesses (protocol.md: party type).
  const partyType = scenario === 'click2Call' && random.chance(0.8) ? { partyType: hungUpBy } : {}
  if (b) push(endedAt, 'disconnect', { ...toB, ...partyType, stateCode, stateDesc })
  push(endedAt, 'disconnect', { ...toA, ...partyType, stateCode, stateDesc })
  return events
}

function makeCdr({ random, wishes, timeline, startedAt, sessionId, numbers }: Parts): JsonObject {
  const { a, b, endedAt, digits, ending } = timeline
  const { scenario, number, userData, unknownFields = 0 } = wishes
  const failure = b ? b.failure : a.failure
  const time = (at: number | undefined) => (at === undefined ? undefined : platformTime(startedAt + at))
  const ended = platformTime(startedAt + endedAt)
  const cdr: JsonObject = {
    direction: 0,
    spId: 'Simulated_01',
    appKey: wishes.appKey,
    icid: `CAE-${compactBeijingTime(startedAt)}-${String(number).padStart(8, '0')}`,
    bindNum: numbers.shown,
    sessionId,
    callerNum: numbers.shown,
    calleeNum: numbers.a,
    ...(b ? { fwdDisplayNum: numbers.shown, fwdDstNum: numbers.b } : {}),
    callOutStartTime: time(a.startedAt),
    callOutAlertingTime: time(a.alertingAt),
    callOutAnswerTime: time(a.answeredAt),
    callOutUnaswRsn: a.failure?.q850 ?? 0,
    fwdStartTime: time(b?.startedAt),
    fwdAlertingTime: time(b?.alertingAt),
    fwdAnswerTime: time(b?.answeredAt),
    // Listed for all three scenarios, although only callback calls have a B.
    fwdUnaswRsn: b?.failure?.q850 ?? 0,
    callEndTime: ended,
    // Stages that did not happen are absent, or "" (protocol.md: absent values).
    failTime: failure ? ended : random.chance(0.2) ? '' : undefined,
    ulFailReason: ending.ulFailReason,
    sipStatusCode: failure?.sipStatusCode ?? 0,
    dynIVRStartTime: digits?.dynamicIvr ? time(a.answeredAt) : undefined,
    dynIVRPath: digits?.dynamicIvr ? digits.keys.join('-') : undefined,
    recordFlag: 0,
    ...(b?.answeredAt !== undefined && random.chance(0.5) ? recording(random, startedAt + b.answeredAt, number) : {}),
    ttsPlayTimes: scenario === 'callnotify' && a.answeredAt !== undefined ? random.whole(1, 3) : 0,
    ttsTransDuration: scenario === 'callnotify' && a.answeredAt !== undefined ? random.whole(0, 2) : 0,
    serviceType: scenario === 'click2Call' ? '002' : '001',
    hostName: host,
    userData: userData ?? (random.chance(0.2) ? '' : undefined),
    ...(random.chance(unknownFields) ? { releaseVersion: '24.9', legIds: [number, number + 1] } : {}),
  }
  return Object.fromEntries(Object.entries(cdr).filter(([, value]) => value !== undefined))
}

function recording(random: Random, at: number, number: number): JsonObject {
  const name = `${compactBeijingTime(at).slice(2)}_${number}.wav`
  const start = { recordFlag: 1, recordStartTime: platformTime(at) }
  // To be used where domain and name are empty (protocol.md: CDR callback).
  if (random.chance(0.2)) return { ...start, recordFileDownloadUrl: `https://ostor.simulator/records/${name}` }
  return { ...start, recordObjectName: name, recordBucketName: 'records', recordDomain: 'ostor.simulator' }
}
