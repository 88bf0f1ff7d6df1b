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
  const walk = new Walk()
  walk.through(value)
  return walk.found
}

/** The smaller, the graver. */
const gravity: Partial<Record<BadRecordReason, number>> = { too_deep: 0, non_finite_number: 1 }

/** An object or array on the way from the record to where the walk is. `names` are those of an object. */
interface Step {
  container: object
  names: string[] | undefined
  size: number
  next: number
}

class Walk {
  found: BadRecord | undefined
  /** Instead of recursion. */
  readonly #path: Step[] = []

  through(record: unknown): void {
    this.#look(record)
    for (let step = this.#path.at(-1); step; step = this.#path.at(-1)) {
      if (this.found?.reason === 'too_deep') return
      if (step.next === step.size) this.#path.pop()
      else this.#look(nextMember(step))
    }
  }

  #look(value: unknown): void {
    if (typeof value === 'string') this.#lookAtText(value, 'the text')
    else if (typeof value === 'number' && !Number.isFinite(value)) {
      this.#note('non_finite_number', 'the number is too large')
    } else if (typeof value === 'object' && value !== null) this.#enter(value)
  }

  #enter(container: object): void {
    if (this.#path.length === MAX_DEPTH) {
      this.#note('too_deep', `objects and arrays are nested more than ${MAX_DEPTH} deep`)
      return
    }
    const names = Array.isArray(container) ? undefined : Object.keys(container)
    // The place of a bad name is the object: a pointer with NUL in it could not be stored either.
    for (const name of names ?? []) this.#lookAtText(name, 'the name of a member')
    this.#path.push({ container, names, size: (names ?? (container as unknown[])).length, next: 0 })
  }

  #lookAtText(text: string, what: string): void {
    if (text.includes('\0')) this.#note('nul_character', `${what} holds a NUL character`)
    else if (!text.isWellFormed()) this.#note('lone_surrogate', `${what} holds half a surrogate pair`)
  }

  #note(reason: BadRecordReason, message: string): void {
    const grave = (one: BadRecordReason) => gravity[one] ?? 2
    if (this.found && grave(reason) >= grave(this.found.reason)) return
    this.found = bad(reason, this.#path.map(segment).join(''), message)
  }
}

function nextMember(step: Step): unknown {
  const index = step.next++
  const { container, names } = step
  return names ? (container as JsonObject)[names[index] as string] : (container as unknown[])[index]
}

/** The part of a JSON Pointer that leads on from here. The sender chooses names, so it must not grow with them. */
function segment({ names, next }: Step): string {
  const name = names ? (names[next - 1] as string) : String(next - 1)
  return `/${name.length > MAX_SEGMENT ? '…' : name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
