import { type Static, Type } from 'typebox'
import { Place } from './record.ts'

/**
 * The answer to everything taken. The platform judges by resultcode where there is one: "0" is success (protocol.md:
 * answer).
 */
export const Accepted = Type.Object(
  { resultcode: Type.Literal('0'), resultdesc: Type.Literal('Success') },
  { description: 'Taken: stored, or on durable storage and stored later' },
)

export type Accepted = Static<typeof Accepted>

export const accepted: Accepted = { resultcode: '0', resultdesc: 'Success' }

/** The answer to a refused callback. */
export const Refusal = Type.Object(
  {
    resultcode: Type.String({ description: 'The HTTP status' }),
    resultdesc: Type.String(),
    errors: Type.Array(Place),
  },
  { description: 'Not taken' },
)
export type Refusal = Static<typeof Refusal>

/** @param status HTTP status of the answer */
export function refusal(status: number, resultdesc: string, errors: Place[] = []): Refusal {
  return { resultcode: String(status), resultdesc, errors }
}
