import type { Course } from './course.ts'
import type { Digits } from './digits.ts'
import type { CountingFacts } from './facts.ts'
import type { Field } from './fields.ts'
import type { Identity } from './identity.ts'
import type { Parties } from './parties.ts'
import type { SessionFacts } from './types.ts'

/** All that is known of a call, before anything of it is masked. */
export interface Call {
  facts: SessionFacts
  counting: CountingFacts
  callRef: string
  identity: Identity
  course: Course
  parties: Parties
  digits: Digits
  userData: Field | null
  subscription: Field | null
}
