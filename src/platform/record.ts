import { type Static, Type } from 'typebox'

/** Which of the two callbacks a record came in: a call status event, or one CDR of a `feeLst`. */
export type RecordKind = 'status' | 'fee'

/** The same, and what is neither: a notice, such as numStatus of the private-number product. */
export type CallbackKind = RecordKind | 'notice'

/** An object as JSON.parse gave it; nobody has checked its fields. */
export type JsonObject = { [field: string]: unknown }

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
