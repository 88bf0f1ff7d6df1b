import type { CountingFacts } from './facts.ts'
import { hasSignature } from './facts.ts'
import { present } from './numbers.ts'
import type { CdrFact, EventFact } from './types.ts'

/** A text of the call, and whether the fact that supplied it has a verified signature. */
export interface Field {
  text: string
  isSigned: boolean
}

/** The field as a fact says it; null where that has none. */
export function fieldOf(fact: CdrFact | EventFact | null | undefined, text: string | null | undefined): Field | null {
  const found = present(text)
  return fact && found !== null ? { text: found, isSigned: hasSignature(fact) } : null
}

/** What the CDR says, else the first event that says it. */
export function firstField({ cdr, events }: CountingFacts, name: 'user_data' | 'subscription_id'): Field | null {
  const own = fieldOf(cdr, cdr?.[name])
  if (own) return own
  const event = events.find((event) => present(event[name]) !== null)
  return fieldOf(event, event?.[name])
}
