/** Sources remembered a minute; of more than these at once, a line each would be a flood of its own. */
const mostSources = 1_000

/** Lets one line a source a minute through, so that a flood of refusals does not become a flood of logs. */
export class OncePerMinute {
  readonly #seen = new Set<string>()
  #minute = 0

  /** Whether nothing was said of this source in this minute. */
  isDue(source: string, now = Date.now()): boolean {
    const minute = Math.floor(now / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#seen.clear()
    }
    if (this.#seen.has(source) || this.#seen.size >= mostSources) return false
    this.#seen.add(source)
    return true
  }
}
