import { type Static, Type } from 'typebox'

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
