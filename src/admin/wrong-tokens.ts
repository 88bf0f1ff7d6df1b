/** Wrong tokens of a source that are answered at once: somebody mistyped, or a script has yesterday's. */
const free = 4
const firstDelayMs = 250
const longestDelayMs = 8_000
/** Milliseconds without a wrong token after which a source starts again. */
const forgottenAfterMs = 600_000
/** Answers that a source may be waiting for at a time. */
const mostWaiting = 4
/** Sources remembered; of more than these at once the oldest are forgotten. */
const mostSources = 1_000

interface Attempts {
  wrong: number
  waiting: number
  lastMs: number
}

/**
 * Slows down whoever guesses: each wrong token of a source is answered later than the one before. The right one is never
 * kept waiting, unless its own source has as many wrong ones waiting as it may.
 */
export class WrongTokens {
  readonly #bySource = new Map<string, Attempts>()

  /** Whether no token of this source should even be looked at now: else many guesses at once would wait no longer than one. */
  isFull(source: string): boolean {
    return (this.#bySource.get(source)?.waiting ?? 0) >= mostWaiting
  }

  /** Notes a wrong token; resolves when it may be answered. */
  async wait(source: string, nowMs = performance.now()): Promise<void> {
    const attempts = this.#attemptsOf(source, nowMs)
    const late = ++attempts.wrong - free
    if (late <= 0) return
    attempts.waiting++
    const delayMs = Math.min(firstDelayMs * 2 ** (late - 1), longestDelayMs)
    await new Promise<void>((resolve) => setTimeout(resolve, delayMs).unref())
    attempts.waiting--
  }

  #attemptsOf(source: string, nowMs: number): Attempts {
    const known = this.#bySource.get(source)
    const isOver = known === undefined || (known.waiting === 0 && nowMs - known.lastMs > forgottenAfterMs)
    const attempts = isOver ? { wrong: 0, waiting: 0, lastMs: nowMs } : known
    attempts.lastMs = nowMs
    // Back in as the youngest.
    this.#bySource.delete(source)
    this.#bySource.set(source, attempts)
    const [oldest] = this.#bySource.keys()
    if (this.#bySource.size > mostSources && oldest !== undefined) this.#bySource.delete(oldest)
    return attempts
  }
}
