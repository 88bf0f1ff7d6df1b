import { isAbsent } from './fields.ts'
import { type HmacKey, hmacSha256 } from './hmac.ts'
import { isJsonObject, type JsonObject, type RecordKind } from './record.ts'
import { parseTime } from './times.ts'

/**
 * A record as text that stays the same however the platform writes the record when it sends it again: names in the
 * order of their UTF-16 code units, members that are null or "" left out, times with one blank, eventType in lower
 * case. Of a status record eventType and statusInfo count, nothing beside them. Array elements all stay.
 *
 * It must not depend on which fields have a column, else a new column would make every stored record look new; so
 * any text that reads as a time counts as one, wherever it stands.
 */
export function canonicalJson(kind: RecordKind, record: unknown): string {
  if (kind === 'fee' || !isJsonObject(record)) return write(record)
  const { eventType, statusInfo } = record
  return write({ eventType: typeof eventType === 'string' ? eventType.toLowerCase() : eventType, statusInfo })
}

/**
 * The digest by which a record is known again: HMAC-SHA-256 over kind, line feed and canonical JSON, cut to 128 bits,
 * as 32 hex digits. Keyed, because a plain digest of a phone number can be searched in seconds.
 */
export function recordDigest(key: HmacKey, kind: RecordKind, record: unknown): string {
  return keyedDigest(key, `${kind}\n${canonicalJson(kind, record)}`)
}

/** HMAC-SHA-256 cut to 128 bits, as 32 hex digits; text counts as UTF-8. */
export function keyedDigest(key: HmacKey, data: string | Uint8Array): string {
  return hmacSha256(key, data, 'hex').slice(0, 32)
}

function write(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(parseTime(value) ?? value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(write).join()}]`
  const object = value as JsonObject
  const shape = shapeOf(Object.keys(object))
  const copy = flatCopy(object, shape)
  if (copy) return JSON.stringify(copy)
  const members = shape.names.filter((name) => !isAbsent(object[name]))
  return `{${members.map((name) => `${JSON.stringify(name)}:${write(object[name])}`).join()}}`
}

/**
 * A copy in the canonical form, which JSON.stringify writes as it is: for records, which are nearly always flat, that
 * leaves V8 a third of the garbage. Undefined for what no object can hold in order.
 */
function flatCopy(object: JsonObject, { names, blank }: Shape): JsonObject | undefined {
  if (!blank) return undefined
  const copy = { ...blank }
  for (const name of names) {
    const member = object[name]
    if (typeof member === 'object' && member !== null) return undefined
    if (isAbsent(member)) copy[name] = undefined
    else copy[name] = typeof member === 'string' ? (parseTime(member) ?? member) : member
  }
  return copy
}

/** The names of an object, in order. */
interface Shape {
  names: string[]
  /** An object with these names, to be copied; undefined where it would put them into another order. */
  blank?: JsonObject
}

/**
 * Sorting the names costs as much as all else, and the platform sends few shapes: the last ones are remembered. Large
 * ones are not, for senders choose names.
 */
const shapes: { asSent: string[]; shape: Shape }[] = []
const rememberedShapes = 16
const rememberedNames = 64
let oldestShape = 0

function shapeOf(asSent: string[]): Shape {
  const known = shapes.find((shape) => isSame(shape.asSent, asSent))
  if (known) return known.shape
  // Without a comparison toSorted() goes by code units, whatever the locale.
  const shape: Shape = { names: asSent.toSorted() }
  if (asSent.length > rememberedNames) return shape
  if (!asSent.some(isOdd))
    shape.blank = JSON.parse(`{${shape.names.map((name) => `${JSON.stringify(name)}:null`).join()}}`)
  shapes[oldestShape] = { asSent, shape }
  oldestShape = (oldestShape + 1) % rememberedShapes
  return shape
}

function isSame(some: string[], others: string[]): boolean {
  return some.length === others.length && some.every((name, i) => name === others[i])
}

/** Names that an object puts first, or that reach its prototype. */
function isOdd(name: string): boolean {
  return /^[0-9]+$/.test(name) || name === '__proto__'
}
