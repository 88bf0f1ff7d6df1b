import { type BadRecord, bad } from './checked.ts'
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

interface Finding {
  reason: BadRecord['reason']
  message: string
  path: string[]
}

/**
 * Looks through a whole record, names included, for what neither text nor jsonb of Postgres can hold (NUL, lone
 * surrogates, numbers that JSON.parse made infinite) and for nesting so deep that walking it is a risk.
 */
export function findUnstorable(record: unknown): BadRecord | undefined {
  const finding = walk(record, 1)
  return finding && bad(finding.reason, finding.path.map(segment).join(''), finding.message)
}

function walk(value: unknown, depth: number): Finding | undefined {
  switch (typeof value) {
    case 'string':
      return checkText(value, 'the text')
    case 'number':
      return Number.isFinite(value)
        ? undefined
        : { reason: 'non_finite_number', message: 'the number is too large', path: [] }
    case 'object':
      return value === null ? undefined : walkMembers(value, depth)
    default:
      return undefined
  }
}

function walkMembers(container: object, depth: number): Finding | undefined {
  if (depth > MAX_DEPTH) {
    return { reason: 'too_deep', message: `objects and arrays are nested more than ${MAX_DEPTH} deep`, path: [] }
  }
  if (Array.isArray(container)) {
    for (let index = 0; index < container.length; index++) {
      const finding = walk(container[index], depth + 1)
      if (finding) return under(String(index), finding)
    }
    return undefined
  }
  for (const name of Object.keys(container)) {
    // The place of a bad name is the object: a pointer with NUL in it could not be stored either.
    const badName = checkText(name, 'the name of a member')
    if (badName) return badName
    const finding = walk((container as JsonObject)[name], depth + 1)
    if (finding) return under(name, finding)
  }
  return undefined
}

function checkText(text: string, what: string): Finding | undefined {
  if (text.includes('\0')) return { reason: 'nul_character', message: `${what} holds a NUL character`, path: [] }
  if (text.isWellFormed()) return undefined
  return { reason: 'lone_surrogate', message: `${what} holds half a surrogate pair`, path: [] }
}

function under(name: string, finding: Finding): Finding {
  finding.path.unshift(name)
  return finding
}

// The sender chooses names, so a pointer must not grow with them.
function segment(name: string): string {
  return `/${name.length > MAX_SEGMENT ? '…' : name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
