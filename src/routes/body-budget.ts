/** What one source may hold at a time: several bodies of any size that is taken. All together hold four times that. */
const leastShare = 16 * 2 ** 20
const shares = 4

/**
 * Keeps the large bodies that are being read within memory: whoever begins many and ends none would else hold a
 * BODY_LIMIT with each connection, until they are too slow.
 */
export class BodyBudget {
  readonly share: number
  readonly #bySource = new Map<string, number>()
  #held = 0

  constructor(bodyLimit: number) {
    this.share = Math.max(leastShare, 2 * bodyLimit)
  }

  get held(): number {
    return this.#held
  }

  /**
   * Undefined when there is room, else what to answer. It is 429 when a source holds its share, which is its own doing,
   * and 503 when all hold too much.
   * @param source undefined: our own proxy, which speaks for many and has no share
   */
  hold(source: string | undefined, bytes: number): 429 | 503 | undefined {
    const ofSource = source === undefined ? 0 : (this.#bySource.get(source) ?? 0) + bytes
    if (ofSource > this.share) return 429
    if (this.#held + bytes > shares * this.share) return 503
    if (source !== undefined) this.#bySource.set(source, ofSource)
    this.#held += bytes
    return undefined
  }

  release(source: string | undefined, bytes: number): void {
    this.#held -= bytes
    if (source === undefined) return
    const left = (this.#bySource.get(source) ?? 0) - bytes
    if (left > 0) this.#bySource.set(source, left)
    else this.#bySource.delete(source)
  }
}
