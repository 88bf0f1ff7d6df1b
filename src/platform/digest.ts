import { createHmac, type KeyObject } from 'node:crypto'
import { isAbsent } from './fields.ts'
import { type CallbackKind, isJsonObject } from './record.ts'
import { parseTime } from './times.ts'

export type HmacKey = KeyObject | Uint8Array

/**
 * A record as text that stays the same however the platform writes the record when it sends it again: names in the
 * order of their UTF-16 code units, members that are null or "" left out, times with one blank, eventType in lower
 * case. Of a status record eventType and statusInfo count, nothing beside them. Array elements all stay.
 *
 * It must not depend on which fields have a column, else a new column would make every stored record look new; so
 * any text that reads as a time counts as one, wherever it stands.
 */
export function canonicalJson(kind: CallbackKind, record: unknown): string {
  if (kind === 'fee' || !isJsonObject(record)) return canonicalText(record)
  const eventType = typeof record.eventType === 'string' ? record.eventType.toLowerCase() : record.eventType
  return canonicalText(kind === 'notice' ? { ...record, eventType } : { eventType, statusInfo: record.statusInfo })
}

/**
 * The digest by which a record is known again: HMAC-SHA-256 over kind, line feed and canonical JSON, cut to 128 bits,
 * as 32 hex digits. Keyed, because a plain digest of a phone number can be searched in seconds. A record without a verified
 * signature is never the same as one that has it: else whoever may post could post numbers, and see by what counts as a
 * duplicate which one was called.
 */
export function recordDigest(key: HmacKey, kind: CallbackKind, record: unknown, isSigned: boolean): string {
  return keyedDigest(key, `${isSigned ? '' : 'unsigned '}${kind}\n${canonicalJson(kind, record)}`)
}

/** HMAC-SHA-256 cut to 128 bits, as 32 hex digits; text counts as UTF-8. */
export function keyedDigest(key: HmacKey, data: string | Uint8Array): string {
  return createHmac('sha256', key).update(data).digest('hex').slice(0, 32)
}

/** What is still to be written: a value, or text that stands as it is. */
type Piece = { value: unknown } | { text: string }

/** Any value of JSON in the canonical form. A stack instead of recursion, which a deeply nested value would overflow. */
export function canonicalText(root: unknown): string {
  const todo: Piece[] = [{ value: root }]
  let written = ''
  for (let piece = todo.pop(); piece; piece = todo.pop()) {
    if ('text' in piece) written += piece.text
    else if (typeof piece.value === 'object' && piece.value !== null) {
      for (const inner of piecesOf(piece.value).reverse()) todo.push(inner)
    } else written += scalarText(piece.value)
  }
  return written
}

function piecesOf(container: object): Piece[] {
  if (Array.isArray(container)) {
    const pieces: Piece[] = [{ text: '[' }]
    for (const value of container) pieces.push({ text: pieces.length === 1 ? '' : ',' }, { value })
    pieces.push({ text: ']' })
    return pieces
  }
  const members = Object.entries(container).filter(([, value]) => !isAbsent(value))
  // Code units, whatever the locale.
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  const pieces: Piece[] = []
  for (const [name, value] of members) {
    pieces.push({ text: `${pieces.length === 0 ? '{' : ','}${JSON.stringify(name)}:` }, { value })
  }
  pieces.push({ text: pieces.length === 0 ? '{}' : '}' })
  return pieces
}

function scalarText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(parseTime(value) ?? value)
  return JSON.stringify(value) ?? 'null'
}
