import { billedMinutes } from './billing.ts'
import type { Call } from './call.ts'
import type { Field } from './fields.ts'
import { hangUpOf } from './hang-up.ts'
import { maskDeclared, maskId, mayHoldNumber } from './masks.ts'
import { present } from './numbers.ts'
import { maskParties } from './parties.ts'
import { type Recording, recordingOf } from './recording.ts'
import { type ReferenceKind, referenceOf } from './references.ts'
import { dayInShanghai, earliest, longestCall, secondsBetween, within } from './times.ts'
import type { CallRow, FoldContext, Outcome } from './types.ts'

/** The call as ops see it, in the order of the columns of ops.calls. */
export function callRow(call: Call, context: FoldContext): CallRow {
  const { counting, course, facts } = call
  const recording = recordingOf(counting.cdr, course.ending.endedAt, context.now)
  return {
    ...who(call, context),
    ...when(call, context.now),
    ...what(call, recording),
    ...money(call),
    event_count: facts.eventCount,
    cdr_count: facts.cdrCount,
    recheck_at: earliest([course.ending.changesAt, recording.expiresAt]),
  }
}

function who({ facts, counting, callRef, identity, parties, userData, subscription }: Call, context: FoldContext) {
  const { cdr } = counting
  const reference = (kind: ReferenceKind, field: Field | null) => referenceOf(context.references, kind, field)
  const masked = maskParties(parties, identity.hasCompanyNumber)
  return {
    call_ref: callRef,
    session_id: mayHoldNumber(facts.sessionId) ? null : facts.sessionId,
    app_key: maskId(identity.appKey),
    sp_id: maskId(present(cdr?.sp_id)),
    scenario: identity.scenario,
    service_type: maskId(identity.serviceType),
    mode: identity.mode,
    direction: cdr?.direction ?? null,
    bound_party: identity.boundParty,
    bind_num: masked.bind,
    bind_ref: reference('number', parties.bind),
    a_number: masked.a,
    b_number: masked.b,
    shown_to_a: masked.shownToA,
    shown_to_b: masked.shownToB,
    a_ref: reference('number', parties.a),
    b_ref: reference('number', parties.b),
    user_data_ref: reference('user_data', userData),
    subscription_ref: reference('subscription', subscription),
    user_data: context.showUserData ? maskDeclared(userData?.text ?? null) : null,
  } satisfies Partial<CallRow>
}

function when({ facts, counting, course }: Call, now: number) {
  const { a, b, dialedLast, answeredAt, outcome } = course
  const { endedAt } = course.ending
  const received = [...facts.events, ...facts.cdrs]
  // When an answer is known but not its time, nobody knows where ringing ended.
  const rangUntil = dialedLast.answeredAt ?? (outcome === 'answered' ? null : endedAt)
  return {
    started_at: course.startedAt ?? now,
    a_started_at: a.startedAt,
    a_ringing_at: a.ringingAt,
    a_answered_at: a.answeredAt,
    a_ended_at: a.endedAt,
    b_started_at: b.startedAt,
    b_ringing_at: b.ringingAt,
    b_answered_at: b.answeredAt,
    b_ended_at: b.endedAt,
    ringing_at: dialedLast.ringingAt,
    answered_at: answeredAt,
    ended_at: endedAt,
    bill_day: endedAt === null ? null : dayInShanghai(endedAt),
    ring_seconds: secondsBetween(dialedLast.ringingAt, rangUntil),
    talk_seconds: secondsBetween(answeredAt, endedAt),
    post_dial_delay_seconds: secondsBetween(dialedLast.startedAt, dialedLast.ringingAt),
    a_seconds: secondsBetween(a.answeredAt, a.endedAt),
    b_seconds: secondsBetween(b.answeredAt, b.endedAt),
    a_post_dial_delay_seconds: secondsBetween(a.startedAt, a.ringingAt),
    b_post_dial_delay_seconds: secondsBetween(b.startedAt, b.ringingAt),
    first_received_at: received.reduce((first, fact) => Math.min(first, fact.received_at), Number.POSITIVE_INFINITY),
    last_received_at: received.reduce((last, fact) => Math.max(last, fact.received_at), Number.NEGATIVE_INFINITY),
    cdr_received_at: counting.cdr?.received_at ?? null,
  } satisfies Partial<CallRow>
}

function what({ counting, course, digits }: Call, recording: Recording) {
  const { cdr, events } = counting
  const { ending, outcome, reason, codes, dialedLast } = course
  const hangUp = hangUpOf(cdr, events)
  return {
    outcome,
    is_live: ending.isLive,
    end_seen: ending.endedAt !== null,
    is_finished: ending.isFinished,
    is_effective: isEffective(outcome, dialedLast.ringingAt !== null),
    reason_code: reason?.code ?? null,
    reason_source: reason?.source ?? null,
    reason_en: reason?.en ?? null,
    reason_zh: reason?.zh ?? null,
    release_point: codes.releasePoint,
    a_q850: course.aQ850,
    b_q850: course.bQ850,
    sip_status: codes.sipStatus,
    state_code: codes.stateCode,
    hung_up_by: hangUp.by,
    party_type: hangUp.partyType,
    digits: digits.masked,
    digit_count: digits.count,
    recording: recording.state,
    recording_started_at: cdr && within(cdr.record_start_time, cdr.cdr_time - longestCall, cdr.cdr_time + longestCall),
  } satisfies Partial<CallRow>
}

function money({ counting, course, identity }: Call) {
  const hasCdr = counting.cdr !== null
  const { a, b, ending } = course
  const aMinutes = billedMinutes(a, 'A', identity.rule, hasCdr)
  const bMinutes = billedMinutes(b, 'B', identity.rule, hasCdr)
  return {
    a_minutes: aMinutes,
    b_minutes: bMinutes,
    minutes_estimated:
      (Boolean(aMinutes) && (a.isAnsweredByEvent || ending.isFromEvent)) ||
      (Boolean(bMinutes) && (b.isAnsweredByEvent || ending.isFromEvent)),
  } satisfies Partial<CallRow>
}

/** NER: the network did its work. One who gave up after ringing could have been answered. */
function isEffective(outcome: Outcome, hasRung: boolean): boolean {
  if (outcome === 'cancelled') return hasRung
  return outcome === 'answered' || outcome === 'busy' || outcome === 'no answer' || outcome === 'rejected'
}
