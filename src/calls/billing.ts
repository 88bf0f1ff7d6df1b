import type { Leg } from './legs.ts'
import type { ScenarioRule } from './scenario-rules.ts'
import { secondsBetween } from './times.ts'
import type { Side } from './types.ts'

/**
 * Minutes of a leg on the platform's bill: every started one, at least one of an answered leg, none of a leg that the
 * scenario leaves out (protocol.md: billing). The CDR is what is billed: without one nobody knows.
 */
export function billedMinutes(leg: Leg, side: Side, rule: ScenarioRule, hasCdr: boolean): number | null {
  if (!hasCdr) return null
  const seconds = rule.billed.includes(side) ? secondsBetween(leg.answeredAt, leg.endedAt) : null
  return seconds === null ? 0 : Math.max(1, Math.ceil(seconds / 60))
}
