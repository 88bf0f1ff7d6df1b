import { eventType, hasSignature } from './facts.ts'
import { type Field, fieldOf } from './fields.ts'
import { isSameNumber, present } from './numbers.ts'
import type { ScenarioRule } from './scenario-rules.ts'
import type { CdrFact, EventFact, Meanings, Side } from './types.ts'

/** What the status events say of one leg. */
export interface EventLeg {
  number: Field | null
  /** Number shown to it. */
  shown: Field | null
  started: number | null
  ringing: number | null
  answered: number | null
  /** Its last disconnect, unless something went on after it. */
  ended: number | null
  /** It began and did not end. */
  isOpen: boolean
  /** An answer came, or a state code that stands in answered calls only. */
  wasAnswered: boolean
}

export interface EventLegs {
  a: EventLeg
  b: EventLeg
}

/** What the events say of each leg. Redials are one leg: its first times and its last end. */
export function legsOfEvents(
  events: readonly EventFact[],
  cdr: CdrFact | null,
  rule: ScenarioRule,
  stateCodes: Meanings,
): EventLegs {
  const a = noLeg()
  const b = noLeg()
  const sideOf = rule.product === 'privateNumber' ? sideInPrivateNumber : sideByNumber(events, cdr, rule)
  for (const event of events) {
    const type = eventType(event)
    const side = sideOf(event, type)
    if (side !== null) addTo(side === 'A' ? a : b, event, type, stateCodes)
    // One that names no leg ends all of them, and private number sends one for both.
    if (type === 'disconnect' && (side === null || rule.product === 'privateNumber')) {
      for (const leg of [a, b]) if (leg.isOpen) close(leg, event)
    }
  }
  return { a, b }
}

function addTo(leg: EventLeg, event: EventFact, type: string, stateCodes: Meanings): void {
  // The leg to X is seen from the caller, who dials; all others from the platform, which dials them.
  leg.number ??= fieldOf(event, type === 'callin' ? event.caller : event.called)
  leg.shown ??= fieldOf(event, type === 'callin' ? event.called : event.caller)
  switch (type) {
    case 'callin':
    case 'callout':
      leg.started ??= event.occurred_at
      open(leg)
      break
    case 'alerting':
      leg.ringing ??= event.occurred_at
      open(leg)
      break
    case 'answer':
      leg.answered ??= event.occurred_at
      leg.wasAnswered = true
      open(leg)
      break
    case 'disconnect':
      if (event.state_code !== null && stateCodes.get(event.state_code)?.outcome === 'answered') leg.wasAnswered = true
      close(leg, event)
  }
}

function open(leg: EventLeg): void {
  leg.isOpen = true
  leg.ended = null
}

function close(leg: EventLeg, { occurred_at }: EventFact): void {
  leg.isOpen = false
  leg.ended = occurred_at
}

/** Private number: callin is the leg to X, the rest the one from X (protocol.md: private-number events). */
function sideInPrivateNumber(_event: EventFact, type: string): Side | null {
  if (type === 'callin') return 'A'
  return type === 'collectinfo' ? null : 'B'
}

/**
 * The legs of a callback send the same events and are told apart by the number called: the CDR says whose it is, else
 * who is called first is A. An event without a number is of no leg.
 */
function sideByNumber(
  events: readonly EventFact[],
  cdr: CdrFact | null,
  rule: ScenarioRule,
): (event: EventFact, type: string) => Side | null {
  if (rule.b === null) return (_event, type) => (type === 'callin' ? null : 'A')
  // Signed events are not compared with what a stranger may say: the side that they fall on would tell who guessed right.
  const isComparable = cdr !== null && (hasSignature(cdr) || !events.some(hasSignature))
  const a = isComparable ? cdr[rule.a.number] : null
  const b = isComparable ? cdr[rule.b.number] : null
  const dialed = (event: EventFact) => (eventType(event) === 'callin' ? null : present(event.called))
  const first = events.map(dialed).find((called) => called !== null) ?? null
  return (event) => {
    const called = dialed(event)
    if (called === null) return null
    if (isSameNumber(called, a)) return 'A'
    if (isSameNumber(called, b)) return 'B'
    return isSameNumber(called, first) ? 'A' : 'B'
  }
}

function noLeg(): EventLeg {
  return {
    number: null,
    shown: null,
    started: null,
    ringing: null,
    answered: null,
    ended: null,
    isOpen: false,
    wasAnswered: false,
  }
}
