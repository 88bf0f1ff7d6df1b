import { NonceTable, type NonceUse } from './nonce-table.ts'

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
  #younger: NonceTable
  #older: NonceTable
  readonly #capacity: number
  /** By 32 bits of the nonce: whoever is woken for another one waits again. */
  readonly #waiting = new Map<number, (() => void)[]>()
  #waits = 0

  constructor(capacity = rememberedCallbacks) {
    this.#capacity = capacity
    this.#younger = new NonceTable(capacity)
    this.#older = new NonceTable(capacity)
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  /**
   * Whether a callback may be taken: not when another body was under its nonce, and only later when one is under way.
   * Of one that may, `leave` is to be told how it ended.
   */
  claim(use: NonceUse): 'admitted' | 'replay' | 'later' {
    const table = this.#tableOf(use)
    const at = table.find(use)
    let state = 0
    if (at >= 0) {
      state = table.state(at)
      if (!table.hasBody(at, use) && state !== 0) return state & taken ? 'replay' : 'later'
    }
    this.#put(use, state + oneUnderway)
    return 'admitted'
  }

  leave(use: NonceUse, isTaken: boolean): void {
    const table = this.#tableOf(use)
    const at = table.find(use)
    if (at < 0) {
      // Forgotten meanwhile.
      if (isTaken) this.#put(use, taken)
    } else if (table.hasBody(at, use)) {
      const state = table.state(at)
      const left = state < oneUnderway ? state : state - oneUnderway
      table.setState(at, isTaken ? left | taken : left)
    }
    if (this.#waits > 0) this.#wake(use)
  }

  /** Resolves to true once a callback of the nonce has ended; to false at once when too many wait already. */
  async wait(use: NonceUse): Promise<boolean> {
    if (this.#waits >= mostWaiting) return false
    const key = keyOf(use)
    const others = this.#waiting.get(key) ?? []
    this.#waiting.set(key, others)
    this.#waits++
    await new Promise<void>((resolve) => others.push(resolve))
    this.#waits--
    return true
  }

  #wake(use: NonceUse): void {
    const all = this.#waiting.get(keyOf(use)) ?? []
    this.#waiting.delete(keyOf(use))
    for (const resume of all) resume()
  }

  /** Where the nonce stands, if it does. */
  #tableOf(use: NonceUse): NonceTable {
    return this.#younger.find(use) < 0 ? this.#older : this.#younger
  }

  #put(use: NonceUse, state: number): void {
    this.#younger.put(use, state)
    if (this.#younger.size < this.#capacity) return
    const forgotten = this.#older
    this.#older = this.#younger
    this.#younger = forgotten
    forgotten.clear()
  }
}

function keyOf([first]: NonceUse): number {
  return first as number
}
