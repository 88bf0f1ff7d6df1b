import { type BadRecord, type BadRecordReason, bad } from './checked.ts'
import type { JsonObject } from './record.ts'

/** Objects and arrays inside each other, the record being the first. */
const MAX_DEPTH = 32
const MAX_SEGMENT = 64

declare global {
  interface String {
    /** In Node 20 (V8 11.3), not yet in the typings of ES2023. */
    isWellFormed(): boolean
  }
}

/**
 * Looks through any value, names included, for what neither text nor jsonb of Postgres can hold (NUL, lone surrogates,
 * numbers that JSON.parse made infinite) and for nesting so deep that code which recurses could not walk it. To be
 * asked before anything else is done with a value.
 *
 * Of several findings the one counts because of which the record cannot be written as JSON again: too deep before not
 * finite before all else. Whoever keeps the record must know.
 */
export function findUnstorable(value: unknown): BadRecord | undefined {
  const found = look(value, 0)
  return found && bad(found.reason, found.pointer, found.message)
}

interface Finding {
  reason: BadRecordReason
  /** From the value that was looked at. */
  pointer: string
  message: string
}

/** The smaller, the graver. */
const gravity: Partial<Record<BadRecordReason, number>> = { too_deep: 0, non_finite_number: 1 }

function look(value: unknown, depth: number): Finding | undefined {
  if (typeof value === 'string') return lookAtText(value, 'the text')
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return { reason: 'non_finite_number', pointer: '', message: 'the number is too large' }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === MAX_DEPTH) {
    return { reason: 'too_deep', pointer: '', message: `objects and arrays are nested more than ${MAX_DEPTH} deep` }
  }
  return Array.isArray(value) ? lookInArray(value, depth) : lookInObject(value as JsonObject, depth)
}

function lookInArray(items: readonly unknown[], depth: number): Finding | undefined {
  let gravest: Finding | undefined
  for (let i = 0; i < items.length && gravest?.reason !== 'too_deep'; i++)
    gravest = graver(gravest, look(items[i], depth + 1), String(i))
  return gravest
}

function lookInObject(members: JsonObject, depth: number): Finding | undefined {
  let gravest: Finding | undefined
  const names = Object.keys(members)
  // The place of a bad name is the object: a pointer with NUL in it could not be stored either.
  for (const name of names) gravest ??= lookAtText(name, 'the name of a member')
  for (const name of names) {
    if (gravest?.reason === 'too_deep') break
    gravest = graver(gravest, look(members[name], depth + 1), name)
  }
  return gravest
}

function lookAtText(text: string, what: string): Finding | undefined {
  if (text.includes('\0')) return { reason: 'nul_character', pointer: '', message: `${what} holds a NUL character` }
  if (text.isWellFormed()) return undefined
  return { reason: 'lone_surrogate', pointer: '', message: `${what} holds half a surrogate pair` }
}

/** The graver of what was found so far and what is found in a member; of two alike the first. */
function graver(before: Finding | undefined, found: Finding | undefined, name: string): Finding | undefined {
  if (!found || (before && (gravity[before.reason] ?? 2) <= (gravity[found.reason] ?? 2))) return before
  return { ...found, pointer: `/${segment(name)}${found.pointer}` }
}

/** A member in a JSON Pointer. The sender chooses names, so it must not grow with them. */
function segment(name: string): string {
  return name.length > MAX_SEGMENT ? '…' : name.replaceAll('~', '~0').replaceAll('/', '~1')
}
