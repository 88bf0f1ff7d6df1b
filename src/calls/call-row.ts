import { billedMinutes } from './billing.ts'
import type { Call } from './call.ts'
import { hangUpOf } from './hang-up.ts'
import { maskDeclared, maskId, mayHoldNumber } from './masks.ts'
import { present } from './numbers.ts'
import { maskParties } from './parties.ts'
import { recordingOf } from './recording.ts'
import { referenceOf } from './references.ts'
import { dayInShanghai, earliest, longestCall, secondsBetween, within } from './times.ts'
import type { CallRow, FoldContext, Outcome } from './types.ts'

/** The call as ops see it: a row of ops.calls. One literal, since an object of so many keys is dear to put together. */
export function callRow(call: Call, { references, showUserData, now }: FoldContext): CallRow {
  const { facts, counting, identity, course, parties, digits, userData, subscription } = call
  const { cdr, events } = counting
  const { a, b, dialedLast, answeredAt, ending, outcome, reason, codes } = course
  const { endedAt } = ending
  const masked = maskParties(parties, identity.hasCompanyNumber)
  const hangUp = hangUpOf(cdr, events)
  const recording = recordingOf(cdr, endedAt, now)
  const received = receivedTimes(call)
  // When the answer is known but not its time, nobody knows where ringing ended.
  const rangUntil = dialedLast.answeredAt ?? (outcome === 'answered' ? null : endedAt)
  const aMinutes = billedMinutes(a, 'A', identity.rule, cdr !== null)
  const bMinutes = billedMinutes(b, 'B', identity.rule, cdr !== null)
  return {
    call_ref: call.callRef,
    // Indexed as well, and no longer than the keys of the facts let it be.
    session_id: mayHoldNumber(facts.sessionId) ? null : facts.sessionId,
    app_key: maskId(identity.appKey),
    sp_id: maskId(present(cdr?.sp_id)),
    scenario: identity.scenario,
    service_type: maskId(identity.serviceType),
    mode: identity.mode,
    direction: cdr?.direction ?? null,
    bound_party: identity.boundParty,
    bind_num: masked.bind,
    bind_ref: referenceOf(references, 'number', parties.bind),
    a_number: masked.a,
    b_number: masked.b,
    shown_to_a: masked.shownToA,
    shown_to_b: masked.shownToB,
    a_ref: referenceOf(references, 'number', parties.a),
    b_ref: referenceOf(references, 'number', parties.b),
    user_data_ref: referenceOf(references, 'user_data', userData),
    subscription_ref: referenceOf(references, 'subscription', subscription),
    user_data: showUserData && userData ? maskDeclared(userData.text) : null,

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
    first_received_at: received.first,
    last_received_at: received.last,
    cdr_received_at: cdr?.received_at ?? null,

    outcome,
    is_live: ending.isLive,
    end_seen: endedAt !== null,
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

    a_minutes: aMinutes,
    b_minutes: bMinutes,
    minutes_estimated:
      isEstimated(aMinutes, a.isAnsweredByEvent, ending.isFromEvent) ||
      isEstimated(bMinutes, b.isAnsweredByEvent, ending.isFromEvent),

    event_count: facts.eventCount,
    cdr_count: facts.cdrCount,
    recheck_at: earliest([ending.changesAt, recording.expiresAt]),
  }
}

/** When the first and the last of all its facts came, those that do not count too. */
function receivedTimes({ facts }: Call): { first: number; last: number } {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const { received_at } of [...facts.events, ...facts.cdrs]) {
    first = Math.min(first, received_at)
    last = Math.max(last, received_at)
  }
  return { first, last }
}

/** NER: the network did its work. Who gave up after it rang could have been answered. */
function isEffective(outcome: Outcome, hasRung: boolean): boolean {
  if (outcome === 'cancelled') return hasRung
  return outcome === 'answered' || outcome === 'busy' || outcome === 'no answer' || outcome === 'rejected'
}

/** Whether minutes hang on a time that an event supplied. */
function isEstimated(minutes: number | null, isAnsweredByEvent: boolean, isEndedByEvent: boolean): boolean {
  return minutes !== null && minutes > 0 && (isAnsweredByEvent || isEndedByEvent)
}
