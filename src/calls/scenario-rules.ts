import type { CallScenario, Product, Side } from './types.ts'

/** Columns of the CDR that tell of one leg. */
export interface LegColumns {
  number: 'caller_num' | 'callee_num' | 'fwd_dst_num'
  shown: 'caller_num' | 'callee_num' | 'fwd_display_num'
  started: 'call_in_time' | 'call_out_start_time' | 'fwd_start_time'
  ringing: 'call_out_alerting_time' | 'fwd_alerting_time' | null
  answered: 'call_out_answer_time' | 'fwd_answer_time' | null
  q850: 'call_out_unasw_rsn' | 'fwd_unasw_rsn'
}

export interface ScenarioRule {
  /** Decides what the codes mean. */
  product: Product
  a: LegColumns
  /** null: the scenario has no second leg, whatever its CDRs say. */
  b: LegColumns | null
  /** Whose answer makes the call answered. */
  answeredBy: Side
  /** Whose minutes the platform bills to the enterprise. */
  billed: readonly Side[]
}

/** The platform dials A first and shows callerNum (protocol.md: CDR callback). */
const dialedFirst: LegColumns = {
  number: 'callee_num',
  shown: 'caller_num',
  started: 'call_out_start_time',
  ringing: 'call_out_alerting_time',
  answered: 'call_out_answer_time',
  q850: 'call_out_unasw_rsn',
}

/**
 * Somebody calls X: a leg that comes in neither rings nor is answered by itself (protocol.md: private-number parties).
 */
const comesIn: LegColumns = {
  number: 'caller_num',
  shown: 'callee_num',
  started: 'call_in_time',
  ringing: null,
  answered: null,
  q850: 'call_out_unasw_rsn',
}

/** The platform forwards to B (protocol.md: CDR callback). */
const forwarded: LegColumns = {
  number: 'fwd_dst_num',
  shown: 'fwd_display_num',
  started: 'fwd_start_time',
  ringing: 'fwd_alerting_time',
  answered: 'fwd_answer_time',
  q850: 'fwd_unasw_rsn',
}

/**
 * What each scenario is made of. Billed by the started minute: both legs of a callback call, the only leg of
 * notification and verification (protocol.md: billing), and of private number X to the callee alone (protocol.md:
 * private-number billing).
 */
const rules: Record<CallScenario, ScenarioRule> = {
  click2Call: { product: 'voice', a: dialedFirst, b: forwarded, answeredBy: 'B', billed: ['A', 'B'] },
  callnotify: { product: 'voice', a: dialedFirst, b: null, answeredBy: 'A', billed: ['A'] },
  callVerify: { product: 'voice', a: dialedFirst, b: null, answeredBy: 'A', billed: ['A'] },
  playback: { product: 'voice', a: dialedFirst, b: null, answeredBy: 'A', billed: ['A'] },
  privateNumber: { product: 'privateNumber', a: comesIn, b: forwarded, answeredBy: 'B', billed: ['B'] },
}

/** The rule of a scenario. Of an unknown one a single leg has been seen, which is dialed like those of playback. */
export function ruleOf(scenario: CallScenario | null): ScenarioRule {
  return rules[scenario ?? 'playback']
}
