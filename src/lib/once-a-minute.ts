/** Keys remembered a minute; of more than these at once, a line each would be a flood of its own. */
const mostKeys = 1_000

/** Lets one line a minute through for a source, or for what else is told apart: a flood of refusals floods no log. */
export class OncePerMinute {
  /** How many lines of a key were left out, in this minute and in the one before it in which there were any. */
  #leftOut = new Map<string, number>()
  #before = new Map<string, number>()
  #minute = 0

  /** Whether nothing was said of this key in this minute. */
  isDue(key: string, now = Date.now()): boolean {
    const minute = Math.floor(now / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#before = this.#leftOut
      this.#leftOut = new Map()
    }
    const leftOut = this.#leftOut.get(key)
    if (leftOut === undefined && this.#leftOut.size >= mostKeys) return false
    this.#leftOut.set(key, leftOut === undefined ? 0 : leftOut + 1)
    return leftOut === undefined
  }

  /** How many lines the one that is due now stands for, besides itself. */
  leftOutBefore(key: string): number {
    return this.#before.get(key) ?? 0
  }
}
