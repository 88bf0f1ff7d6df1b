import type { EventLegs } from './event-legs.ts'
import { type Field, fieldOf } from './fields.ts'
import { companyNumber, maskNumber } from './masks.ts'
import { isSameNumber } from './numbers.ts'
import type { LegColumns, ScenarioRule } from './scenario-rules.ts'
import type { CdrFact } from './types.ts'

/** Who takes part, whole. */
export interface Parties {
  a: Field | null
  b: Field | null
  shownToA: Field | null
  shownToB: Field | null
  /** The company's number that placed the call; private number: X. */
  bind: Field | null
}

/**
 * Numbers of the CDR, and of the events what it leaves open. In private number those of callin alone: caller and called
 * of other events need not be the real parties (protocol.md: private-number events).
 */
export function partiesOf(cdr: CdrFact | null, legs: EventLegs, rule: ScenarioRule): Parties {
  const of = (column: LegColumns['number' | 'shown'] | undefined) => fieldOf(cdr, column && cdr?.[column])
  const b = rule.b && rule.product === 'voice' ? legs.b : null
  return {
    a: of(rule.a.number) ?? legs.a.number,
    b: of(rule.b?.number) ?? b?.number ?? null,
    shownToA: of(rule.a.shown) ?? legs.a.shown,
    shownToB: of(rule.b?.shown) ?? b?.shown ?? null,
    bind: fieldOf(cdr, cdr?.bind_num),
  }
}

/** The same as ops may see them. */
export type MaskedParties = { [Name in keyof Parties]: string | null }

/**
 * The company's own number is whole, as what it places calls with and as what it shows; X is not, since it leads to one
 * person. Whether a signed number is the company's, no CDR without a signature can say: that would tell who guessed it.
 */
export function maskParties({ a, b, shownToA, shownToB, bind }: Parties, hasCompanyNumber: boolean): MaskedParties {
  const mask = (field: Field | null) => field && maskNumber(field.text)
  const isOwn = (field: Field) =>
    hasCompanyNumber && bind && (bind.isSigned || !field.isSigned) && isSameNumber(field.text, bind.text)
  const shown = (field: Field | null) => (field && isOwn(field) ? companyNumber(field.text) : mask(field))
  return { a: mask(a), b: mask(b), shownToA: shown(shownToA), shownToB: shown(shownToB), bind: shown(bind) }
}
