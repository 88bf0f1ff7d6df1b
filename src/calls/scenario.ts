import { eventType } from './facts.ts'
import { isSameNumber, present } from './numbers.ts'
import type { CallScenario, CdrFact, EventFact, Scenario, ServiceType } from './types.ts'

export interface ScenarioEvidence {
  /** Scenario of rtc.placed_calls. */
  placed: Scenario | null
  /** What the CDR's serviceType means. */
  serviceType: ServiceType | undefined
  /** Scenario of rtc.apps. */
  declared: Scenario | undefined
  cdr: CdrFact | null
  events: readonly EventFact[]
}

/**
 * Which scenario a call is. Who placed it knows best; then the service type decides, and only where there is none that
 * is known, what the owner declared, and what is there.
 */
export function scenarioOf(evidence: ScenarioEvidence): CallScenario | null {
  const { placed, serviceType, declared, cdr, events } = evidence
  if (placed) return placed
  if (serviceType?.scenario === 'playback') return playbackOf(evidence) ?? 'playback'
  if (serviceType) return serviceType.scenario
  if (declared === 'click2Call' || declared === 'privateNumber') return declared
  if (declared) return playbackOf(evidence)
  if (comesIn(cdr, events)) return 'privateNumber'
  if (hasSecondParty(cdr, events)) return 'click2Call'
  return playbackOf(evidence)
}

/**
 * Only notifications ask for digits; else an application is declared to be for one of the two (protocol.md: status
 * callback).
 */
function playbackOf({ declared, cdr, events }: ScenarioEvidence): CallScenario | null {
  if (cdr && (cdr.dyn_ivr_start_time !== null || present(cdr.dyn_ivr_path))) return 'callnotify'
  if (events.some((event) => eventType(event) === 'collectinfo')) return 'callnotify'
  return declared === 'callnotify' || declared === 'callVerify' ? declared : null
}

/** Calls of private number come in; a leg that the platform dialed first is the voice product's, which knows no binding. */
function comesIn(cdr: CdrFact | null, events: readonly EventFact[]): boolean {
  if (cdr && cdr.call_out_start_time !== null) return false
  if (cdr && (cdr.call_in_time !== null || present(cdr.subscription_id) !== null)) return true
  return events.some((event) => eventType(event) === 'callin')
}

/** A number that is blank or A's own is no second party; times of a second leg are one. */
function hasSecondParty(cdr: CdrFact | null, events: readonly EventFact[]): boolean {
  if (cdr) {
    const b = present(cdr.fwd_dst_num)
    if (b !== null && !isSameNumber(b, cdr.callee_num)) return true
    if (cdr.fwd_start_time !== null || cdr.fwd_alerting_time !== null || cdr.fwd_answer_time !== null) return true
  }
  const first = events.find(({ called }) => present(called) !== null)?.called ?? null
  return events.some(({ called }) => present(called) !== null && !isSameNumber(called, first))
}
