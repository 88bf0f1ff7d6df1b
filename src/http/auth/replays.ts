import { hash } from 'node:crypto'

/** Callbacks remembered at least, and at most twice as many, in some 12 MB. At ten a second that is 80 minutes. */
export const rememberedCallbacks = 50_000
/** Callbacks that may wait at a time, each with its body in memory. Those of the platform never wait. */
export const mostWaiting = 64

/** A nonce and the body that came with it, by digests of 128 bits. */
export interface NonceUse {
  readonly nonce: string
  readonly body: string
}

/** @param token stands for a nonce of an app: see AkskVerifier */
export function nonceUse(token: string, body: Buffer): NonceUse {
  return { nonce: digest(token), body: digest(body) }
}

/** In as few bytes as a string has room for. */
function digest(data: string | Buffer): string {
  return hash('sha256', data, 'buffer').toString('latin1', 0, 16)
}

/**
 * Tells a signed header that comes again with another body: the platform signs the URL, a nonce and the time, not the
 * body, so whoever saw one callback could send others under its header. A re-send with the same body passes. While it is
 * open whether a callback is taken, its body stands for the nonce; others wait. If it is not taken they may be.
 */
export class Replays {
  /**
   * The body of each nonce of which a callback was taken. Two generations: when the younger is full it becomes the older,
   * and what the older held is forgotten.
   */
  #younger = new Map<string, string>()
  #older = new Map<string, string>()
  readonly #capacity: number
  /** Nonces of which callbacks are under way, and how many, all with one body. */
  readonly #underway = new Map<string, { body: string; count: number }>()
  readonly #waiting = new Map<string, (() => void)[]>()
  #waits = 0

  constructor(capacity = rememberedCallbacks) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  /**
   * Whether a callback may be taken: not when another body was under its nonce, and only later when one is under way.
   * Of one that may, `leave` is to be told how it ended.
   */
  claim({ nonce, body }: NonceUse): 'admitted' | 'replay' | 'later' {
    const taken = this.#younger.get(nonce) ?? this.#older.get(nonce)
    if (taken !== undefined && taken !== body) return 'replay'
    const underway = this.#underway.get(nonce)
    if (!underway) this.#underway.set(nonce, { body, count: 1 })
    else if (underway.body === body) underway.count++
    else return 'later'
    return 'admitted'
  }

  leave({ nonce, body }: NonceUse, isTaken: boolean): void {
    const underway = this.#underway.get(nonce)
    if (underway && --underway.count === 0) this.#underway.delete(nonce)
    if (isTaken) this.#remember(nonce, body)
    const waiting = this.#waiting.get(nonce)
    this.#waiting.delete(nonce)
    for (const resume of waiting ?? []) resume()
  }

  /** Resolves to true once a callback of the nonce has ended; to false at once when too many wait already. */
  async wait({ nonce }: NonceUse): Promise<boolean> {
    if (this.#waits >= mostWaiting) return false
    const others = this.#waiting.get(nonce) ?? []
    this.#waiting.set(nonce, others)
    this.#waits++
    await new Promise<void>((resolve) => others.push(resolve))
    this.#waits--
    return true
  }

  #remember(nonce: string, body: string): void {
    this.#younger.set(nonce, body)
    if (this.#younger.size < this.#capacity) return
    this.#older = this.#younger
    this.#younger = new Map()
  }
}
