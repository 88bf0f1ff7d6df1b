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

/** An array or an object whose members are being written. */
interface Open {
  /** Of an object: the names of its members, in order. */
  names: readonly string[] | undefined
  values: readonly unknown[]
  /** The next of them. */
  at: number
  end: string
}

/** Any value of JSON in the canonical form. A stack instead of recursion, which a deeply nested value would overflow. */
export function canonicalText(root: unknown): string {
  const open: Open[] = [{ names: undefined, values: [root], at: 0, end: '' }]
  let text = ''
  for (let top = open.at(-1); top; top = open.at(-1)) {
    const { names, values, at, end } = top
    if (at === values.length) {
      text += end
      open.pop()
      continue
    }
    if (at > 0) text += ','
    if (names) text += `${JSON.stringify(names[at])}:`
    top.at++
    const value = values[at]
    if (Array.isArray(value)) {
      text += '['
      open.push({ names: undefined, values: value, at: 0, end: ']' })
    } else if (isJsonObject(value)) {
      text += '{'
      // sort() of itself compares code units, whatever the locale.
      const names = Object.keys(value)
        .filter((name) => !isAbsent(value[name]))
        .sort()
      open.push({ names, values: names.map((name) => value[name]), at: 0, end: '}' })
    } else text += scalarText(value)
  }
  return text
}

function scalarText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(parseTime(value) ?? value)
  return JSON.stringify(value) ?? 'null'
}
