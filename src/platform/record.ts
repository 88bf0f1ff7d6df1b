import { type Static, Type } from 'typebox'

/** Which of the two callbacks a record came in: a call status event, or one CDR of a `feeLst`. */
export type RecordKind = 'status' | 'fee'

/** The same, and what is neither: a notice, such as numStatus of the private-number product. */
export type CallbackKind = RecordKind | 'notice'

/** An object as JSON.parse gave it; nobody has checked its fields. */
export type JsonObject = { [field: string]: unknown }

/**
 * The status event inside a callback, which is its envelope: the event's type stands beside its `statusInfo`.
 * A CDR has no such wrapping: its record is the element of `feeLst` itself.
 */
export interface StatusRecord {
  eventType: string
  statusInfo: unknown
}

/** Where something is wrong, and what. The message never holds the value, which may be a phone number. */
export const Place = Type.Object({
  pointer: Type.String({
    description: 'JSON Pointer (RFC 6901) from the record, or from the body for what concerns the body',
  }),
  message: Type.String(),
})
export type Place = Static<typeof Place>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
