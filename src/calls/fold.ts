import { callRow } from './call-row.ts'
import { courseOf } from './course.ts'
import { digitsOf } from './digits.ts'
import { countingFacts } from './facts.ts'
import { firstField } from './fields.ts'
import { identityOf } from './identity.ts'
import { partiesOf } from './parties.ts'
import { privateRow } from './private-row.ts'
import { callRef } from './references.ts'
import type { FoldContext, FoldedCall, SessionFacts } from './types.ts'

/**
 * The call that the facts of one session (at least one) make, as it stands at `context.now`. Pure: the same facts, in any
 * order and however often, make the same call, and until its recheck_at the clock does not change it. Never throws.
 */
export function fold(facts: SessionFacts, context: FoldContext): FoldedCall {
  const counting = countingFacts(facts)
  const { cdr, events } = counting
  const identity = identityOf(counting, facts.placedScenario, context)
  const course = courseOf(counting, identity.rule, context.codes, context.now)
  const call = {
    facts,
    counting,
    identity,
    course,
    callRef: callRef(context.references.signed, facts.sessionId),
    parties: partiesOf(cdr, course.eventLegs, identity.rule),
    digits: digitsOf(cdr, events, identity.scenario === 'privateNumber'),
    userData: firstField(counting, 'user_data'),
    subscription: firstField(counting, 'subscription_id'),
  }
  return { call: callRow(call, context), privateCall: privateRow(call) }
}
