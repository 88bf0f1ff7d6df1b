import type { CountingFacts } from './facts.ts'
import { present } from './numbers.ts'
import { boundPartyOf, modeOf } from './private-number.ts'
import { scenarioOf } from './scenario.ts'
import { ruleOf, type ScenarioRule } from './scenario-rules.ts'
import type { CallScenario, CdrFact, FoldContext, Mode, Scenario, Side } from './types.ts'

/** Whose call it is, and of which kind. */
export interface Identity {
  appKey: string | null
  serviceType: string | null
  scenario: CallScenario | null
  rule: ScenarioRule
  mode: Mode | null
  boundParty: Side | null
  /** bind_num is the company's own number and no X. */
  hasCompanyNumber: boolean
}

export function identityOf(facts: CountingFacts, placed: Scenario | null, context: FoldContext): Identity {
  const { cdr, events } = facts
  const appKey = appKeyOf(facts)
  const code = serviceTypeOf(cdr)
  const serviceType = code === null ? undefined : context.codes.serviceTypes.get(code)
  const declared = appKey === null ? undefined : context.scenarios.get(appKey)
  const scenario = scenarioOf({ placed, serviceType, declared, cdr, events })
  const isPrivate = scenario === 'privateNumber'
  const mode = isPrivate ? modeOf(serviceType, cdr, events) : null
  return {
    appKey,
    serviceType: code,
    scenario,
    rule: ruleOf(scenario),
    mode,
    boundParty: isPrivate ? boundPartyOf(cdr?.direction ?? null, mode) : null,
    // A service type that nobody knows may be a new mode of private number; one of it outweighs who placed the call.
    hasCompanyNumber:
      !isPrivate && (code === null || (serviceType !== undefined && serviceType.scenario !== 'privateNumber')),
  }
}

/** appKey of the CDR; events carry none, but their signature does. */
function appKeyOf({ cdr, events }: CountingFacts): string | null {
  return (
    present(cdr?.app_key) ?? cdr?.signed_by ?? events.find(({ signed_by }) => signed_by !== null)?.signed_by ?? null
  )
}

/** Service type as documented: 001, also where a CDR has the number 1. */
function serviceTypeOf(cdr: CdrFact | null): string | null {
  const sent = present(cdr?.service_type)?.trim() ?? null
  return sent !== null && /^[0-9]+$/.test(sent) ? sent.padStart(3, '0') : sent
}
