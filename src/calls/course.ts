import { type Ending, endingOf } from './ending.ts'
import { type EventLegs, legsOfEvents } from './event-legs.ts'
import type { CountingFacts } from './facts.ts'
import { stateCodeOf } from './hang-up.ts'
import { type Leg, legOf, noLeg } from './legs.ts'
import { type Codes, type Reason, reasonOfAnswered, reasonOfFailed } from './reason.ts'
import type { ScenarioRule } from './scenario-rules.ts'
import { earliest } from './times.ts'
import type { CdrFact, CodeTables, Outcome } from './types.ts'

/** How a call went. */
export interface Course {
  eventLegs: EventLegs
  a: Leg
  b: Leg
  /** B where the platform dialed B, else A. */
  dialedLast: Leg
  startedAt: number | null
  answeredAt: number | null
  ending: Ending
  outcome: Outcome
  reason: Reason | null
  codes: Codes
  aQ850: number | null
  bQ850: number | null
}

export function courseOf(facts: CountingFacts, rule: ScenarioRule, tables: CodeTables, now: number): Course {
  const { cdr, events } = facts
  const stateCodes = tables.stateCodes[rule.product]
  const eventLegs = legsOfEvents(events, cdr, rule, stateCodes)
  const ending = endingOf(cdr, events, eventLegs, now)
  const a = legOf(cdr, rule.a, eventLegs.a, null, ending.endedAt)
  const b = rule.b ? legOf(cdr, rule.b, eventLegs.b, a.startedAt, ending.endedAt) : noLeg
  const dialedLast = b.isThere ? b : a

  const answeredAt = (rule.answeredBy === 'B' ? b : a).answeredAt
  // Without a CDR a state code of answered calls stands for an answer event that got lost; when it was is not known.
  const wasAnswered = cdr === null && (rule.answeredBy === 'B' ? eventLegs.b : eventLegs.a).wasAnswered
  const isAnswered = answeredAt !== null || wasAnswered

  const { aQ850, bQ850 } = q850Of(cdr, rule)
  const codes: Codes = {
    releasePoint: cdr?.ul_fail_reason ?? null,
    q850: b.isThere ? bQ850 : aQ850,
    otherQ850: b.isThere ? aQ850 : bQ850,
    stateCode: stateCodeOf(events, stateCodes, isAnswered),
    sipStatus: nonZero(cdr?.sip_status_code),
  }
  return {
    eventLegs,
    a,
    b,
    dialedLast,
    startedAt: earliestOf(facts, a, b, ending.endedAt),
    answeredAt,
    ending,
    ...verdictOf(isAnswered, ending.isLive, codes, tables, rule),
    codes,
    aQ850,
    bQ850,
  }
}

/** A call is answered from the moment of the answer; why it ended is known when it has. */
function verdictOf(
  isAnswered: boolean,
  isLive: boolean,
  codes: Codes,
  tables: CodeTables,
  { product }: ScenarioRule,
): { outcome: Outcome; reason: Reason | null } {
  if (isAnswered) return { outcome: 'answered', reason: isLive ? null : reasonOfAnswered(codes, tables, product) }
  return isLive ? { outcome: 'in progress', reason: null } : reasonOfFailed(codes, tables, product)
}

/**
 * Causes of both legs. CDRs of one leg may have the other one's cause too (protocol.md: CDR callback), which can only
 * be A's.
 */
function q850Of(cdr: CdrFact | null, rule: ScenarioRule): { aQ850: number | null; bQ850: number | null } {
  const aQ850 = nonZero(cdr?.call_out_unasw_rsn)
  const bQ850 = nonZero(cdr?.fwd_unasw_rsn)
  return rule.b ? { aQ850, bQ850 } : { aQ850: aQ850 ?? bQ850, bQ850: null }
}

/** Codes that say "none" by 0. */
function nonZero(code: number | null | undefined): number | null {
  return code || null
}

/** Earliest time that is known of the call; events are in the order of time. */
function earliestOf({ cdr, events }: CountingFacts, a: Leg, b: Leg, endedAt: number | null): number | null {
  const stages = [a.startedAt, a.ringingAt, a.answeredAt, b.startedAt, b.ringingAt, b.answeredAt, endedAt]
  return earliest([...stages, cdr?.cdr_time ?? null, events[0]?.occurred_at ?? null])
}
