import { createHash } from 'node:crypto'
import type { Field } from './fields.ts'
import { plainNumber } from './numbers.ts'
import type { ReferenceKeys } from './types.ts'

/** What a reference is of: the same text as a number and as userData has different references. */
export type ReferenceKind = 'session' | 'number' | 'user_data' | 'subscription'

/**
 * Reference of a field: 16 hex digits. Equal ones mean equal values; without the key nobody finds the value by trying.
 * The key follows the fact that supplied the field, so that whoever can post unsigned callbacks cannot post candidates
 * and compare.
 */
export function referenceOf(keys: ReferenceKeys, kind: ReferenceKind, field: Field | null): string | null {
  if (field === null) return null
  return digest(
    field.isSigned ? keys.signed : keys.unsigned,
    kind,
    kind === 'number' ? plainNumber(field.text) : field.text,
  ).slice(0, 16)
}

/** call_ref of a session: 128 bits in the form of a UUID. Made with the key `ref` whoever sent the facts: a session is one call. */
export function callRef(key: Buffer, sessionId: string): string {
  const hex = digest(key, 'session', sessionId)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

/**
 * SHA-256 over key, kind and value, and not an HMAC: Postgres has to make the same reference of a number that support
 * looks up, and has sha256() but no HMAC without an extension. What an HMAC guards against, appending to a value whose
 * digest is known, needs the whole digest, and half of it at most is ever shown.
 */
function digest(key: Buffer, kind: ReferenceKind, value: string): string {
  return createHash('sha256').update(key).update(`${kind}:${value}`).digest('hex')
}
