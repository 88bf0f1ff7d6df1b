/**
 * What is scarce, such as memory for bodies that are being read: each source has a share of it, so that one source
 * cannot use up what all need.
 */
export class Budget {
  readonly share: number
  readonly total: number
  readonly #bySource = new Map<string, number>()
  #held = 0

  /**
   * @param share what one source may hold at a time
   * @param total what all sources together may hold
   */
  constructor(share: number, total: number) {
    this.share = share
    this.total = total
  }

  get held(): number {
    return this.#held
  }

  /**
   * Undefined when there is room, else the status to answer: 429 when the source holds its share, which is its own
   * doing, and 503 when all hold too much.
   * @param source undefined: our own proxy, which speaks for many and has no share
   */
  hold(source: string | undefined, amount: number): 429 | 503 | undefined {
    const ofSource = source === undefined ? 0 : (this.#bySource.get(source) ?? 0) + amount
    if (ofSource > this.share) return 429
    if (this.#held + amount > this.total) return 503
    this.charge(source, amount)
    return undefined
  }

  /** Holds without asking whether there is room: what has happened already. */
  charge(source: string | undefined, amount: number): void {
    this.#held += amount
    if (source !== undefined) this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + amount)
  }

  release(source: string | undefined, amount: number): void {
    this.#held -= amount
    if (source === undefined) return
    const left = (this.#bySource.get(source) ?? 0) - amount
    if (left > 0) this.#bySource.set(source, left)
    else this.#bySource.delete(source)
  }
}
