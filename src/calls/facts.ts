import { longestCall } from './times.ts'
import type { CdrFact, EventFact, SessionFacts } from './types.ts'

/** The facts of a session that make its call. */
export interface CountingFacts {
  /** In the order in which they happened, each once; with a verified signature all or none. */
  events: EventFact[]
  cdr: CdrFact | null
}

/**
 * Whoever knows the URL but not the secret shall change nothing of a signed call: events without a verified signature
 * do not count where anything of the session has one, and a CDR without one never beside one that has.
 *
 * Of several CDRs the one received last counts: a corrected CDR stands beside the first one, and phones that redial make
 * one each. Events further from it than a call can last belong to something else.
 */
export function countingFacts({ events, cdrs }: SessionFacts): CountingFacts {
  let cdr: CdrFact | null = null
  for (const other of cdrs) if (cdr === null || compareCdrs(other, cdr) > 0) cdr = other

  const key = cdr?.cdr_time
  const isSigned = events.some(hasSignature) || (cdr !== null && hasSignature(cdr))
  const ordered = events
    .filter((event) => !isSigned || hasSignature(event))
    .filter(({ occurred_at }) => key === undefined || Math.abs(occurred_at - key) <= longestCall)
    .sort(compareEvents)
  return { events: ordered.filter((event, i) => !isSameEvent(event, ordered[i - 1])), cdr }
}

export function hasSignature({ signed_by }: EventFact | CdrFact): boolean {
  return signed_by !== null
}

function compareCdrs(a: CdrFact, b: CdrFact): number {
  return (
    Number(hasSignature(a)) - Number(hasSignature(b)) ||
    a.received_at - b.received_at ||
    a.cdr_time - b.cdr_time ||
    compareText(a.icid, b.icid)
  )
}

/** Place of an event in a call, for those of the same second. */
const ranks = new Map([
  ['callin', 1],
  ['callout', 2],
  ['alerting', 3],
  ['answer', 4],
  ['collectinfo', 5],
  ['disconnect', 7],
])

function compareEvents(a: EventFact, b: EventFact): number {
  return (
    a.occurred_at - b.occurred_at ||
    rankOf(a) - rankOf(b) ||
    a.received_at - b.received_at ||
    compareText(a.event_key, b.event_key)
  )
}

function rankOf(event: EventFact): number {
  return ranks.get(eventType(event)) ?? 6
}

/** eventType is compared without regard to case (protocol.md: envelope). */
export function eventType({ event_type }: EventFact): string {
  return event_type.toLowerCase()
}

function isSameEvent(a: EventFact, b: EventFact | undefined): boolean {
  return b !== undefined && a.event_key === b.event_key && a.occurred_at === b.occurred_at
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
