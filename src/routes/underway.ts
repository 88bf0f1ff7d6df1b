import { isSameBody, type Sighting } from './sighting-table.ts'

/** Callbacks that may wait at a time, each with its body in memory. Those of the platform never wait. */
export const mostWaiting = 64

interface Claim {
  sighting: Sighting
  /** Callbacks under way with this body. */
  callbacks: number
  waiting?: (() => void)[]
}

/** Which body stands for a nonce while its outcome is open: what came is remembered only once it was taken. */
export class Underway {
  readonly #claims = new Map<string, Claim>()
  #waiting = 0

  /** Nonces under way, and callbacks that wait. */
  get size(): number {
    return this.#claims.size + this.#waiting
  }

  /** Whether the nonce is this body's until `leave`; false when another body stands for it. */
  claim(token: string, sighting: Sighting): boolean {
    const claim = this.#claims.get(token)
    if (!claim) this.#claims.set(token, { sighting, callbacks: 1 })
    else if (isSameBody(claim.sighting, sighting)) claim.callbacks++
    else return false
    return true
  }

  leave(token: string): void {
    const claim = this.#claims.get(token)
    if (!claim) return
    if (--claim.callbacks === 0) this.#claims.delete(token)
    for (const resume of claim.waiting?.splice(0) ?? []) resume()
  }

  /** Resolves to true once a callback of the nonce has ended; to false at once when too many wait already. */
  async wait(token: string): Promise<boolean> {
    const claim = this.#claims.get(token)
    if (!claim) return true
    if (this.#waiting >= mostWaiting) return false
    this.#waiting++
    claim.waiting ??= []
    const { waiting } = claim
    await new Promise<void>((resolve) => waiting.push(resolve))
    this.#waiting--
    return true
  }
}
