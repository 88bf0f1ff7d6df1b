import { type Sighting, SightingTable } from './sighting-table.ts'

/** Callbacks remembered at least, and at most twice as many, in 8 MiB. At ten a second that is 80 minutes. */
export const rememberedCallbacks = 50_000
/** Callbacks that may wait at a time, each with its body in memory. Those of the platform never wait. */
export const mostWaiting = 64

/** How a nonce stands: whether a callback of it was taken, and how many are under way, all with one body. */
const taken = 1
const oneUnderway = 2

/**
 * Tells a signed header that comes again with another body: the platform signs the URL, a nonce and the time, not the
 * body, so whoever saw one callback could send others under its header. A re-send with the same body passes. While it is
 * open whether a callback is taken, its body stands for the nonce; others wait. If it is not taken they may be.
 */
export class Replays {
  /** Two generations: when the younger is full it becomes the older, and what the older held is forgotten. */
  #younger: SightingTable
  #older: SightingTable
  readonly #capacity: number
  /** By 32 bits of the nonce: whoever is woken for another one waits again. */
  readonly #waiting = new Map<number, (() => void)[]>()
  #waits = 0

  constructor(capacity = rememberedCallbacks) {
    this.#capacity = capacity
    this.#younger = new SightingTable(capacity)
    this.#older = new SightingTable(capacity)
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  /**
   * Whether a callback may be taken: not when another body was under its nonce, and only later when one is under way.
   * Of one that may, `leave` is to be told how it ended.
   */
  claim(sighting: Sighting): 'admitted' | 'replay' | 'later' {
    const table = this.#tableOf(sighting)
    const at = table.find(sighting)
    let state = 0
    if (at >= 0) {
      state = table.state(at)
      if (!table.hasBody(at, sighting) && state !== 0) return state & taken ? 'replay' : 'later'
    }
    this.#put(sighting, state + oneUnderway)
    return 'admitted'
  }

  leave(sighting: Sighting, isTaken: boolean): void {
    const table = this.#tableOf(sighting)
    const at = table.find(sighting)
    if (at < 0) {
      // Forgotten meanwhile.
      if (isTaken) this.#put(sighting, taken)
    } else if (table.hasBody(at, sighting)) {
      const state = table.state(at)
      const left = state < oneUnderway ? state : state - oneUnderway
      table.setState(at, isTaken ? left | taken : left)
    }
    if (this.#waits > 0) this.#wake(sighting)
  }

  /** Resolves to true once a callback of the nonce has ended; to false at once when too many wait already. */
  async wait(sighting: Sighting): Promise<boolean> {
    if (this.#waits >= mostWaiting) return false
    const key = keyOf(sighting)
    const others = this.#waiting.get(key) ?? []
    this.#waiting.set(key, others)
    this.#waits++
    await new Promise<void>((resolve) => others.push(resolve))
    this.#waits--
    return true
  }

  #wake(sighting: Sighting): void {
    const all = this.#waiting.get(keyOf(sighting)) ?? []
    this.#waiting.delete(keyOf(sighting))
    for (const resume of all) resume()
  }

  /** Where the nonce stands, if it does. */
  #tableOf(sighting: Sighting): SightingTable {
    return this.#younger.find(sighting) < 0 ? this.#older : this.#younger
  }

  #put(sighting: Sighting, state: number): void {
    this.#younger.put(sighting, state)
    if (this.#younger.size < this.#capacity) return
    const forgotten = this.#older
    this.#older = this.#younger
    this.#younger = forgotten
    forgotten.clear()
  }
}

function keyOf([first]: Sighting): number {
  return first as number
}
