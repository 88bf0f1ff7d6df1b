import { createHmac, type KeyObject } from 'node:crypto'
import { isAbsent } from './fields.ts'
import { isJsonObject, type JsonObject, type RecordKind } from './record.ts'
import { parseTime } from './times.ts'

export type DigestKey = KeyObject | Uint8Array

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
export function recordDigest(key: DigestKey, kind: RecordKind, record: unknown): string {
  return keyedDigest(key, `${kind}\n${canonicalJson(kind, record)}`)
}

/** HMAC-SHA-256 cut to 128 bits, as 32 hex digits; text counts as UTF-8. */
export function keyedDigest(key: DigestKey, data: string | Uint8Array): string {
  return createHmac('sha256', key).update(data).digest('hex').slice(0, 32)
}

function write(value: unknown): string {
  if (typeof value === 'string') return quote(parseTime(value) ?? value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(write).join()}]`
  const object = value as JsonObject
  let members = ''
  for (const { name, label } of inOrder(Object.keys(object))) {
    const member = object[name]
    if (!isAbsent(member)) members += `,${label}${write(member)}`
  }
  return `{${members.slice(1)}}`
}

interface Label {
  name: string
  /** The name as it is written, with its colon. */
  label: string
}

/**
 * Sorting the names costs as much as all else, and the platform sends few shapes: the last ones are remembered. Large
 * ones are not, for senders choose names.
 */
const shapes: { names: string[]; labels: Label[] }[] = []
const rememberedShapes = 16
const rememberedNames = 64
let oldestShape = 0

function inOrder(names: string[]): Label[] {
  const known = shapes.find((shape) => isSame(shape.names, names))
  if (known) return known.labels
  // Without a comparison toSorted() goes by code units, whatever the locale.
  const labels = names.toSorted().map((name) => ({ name, label: `${quote(name)}:` }))
  if (names.length <= rememberedNames) {
    shapes[oldestShape] = { names, labels }
    oldestShape = (oldestShape + 1) % rememberedShapes
  }
  return labels
}

function isSame(some: string[], others: string[]): boolean {
  return some.length === others.length && some.every((name, i) => name === others[i])
}

// Nearly every text is plain ASCII without a quote or backslash, and then this is what JSON.stringify says, sooner.
function quote(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text)
}
