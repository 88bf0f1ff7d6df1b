/** Entries kept at most; the oldest go first. */
const bound = 200

/**
 * Keeps what a query answered for a short while, so that a database is asked once however many people look. Whoever
 * comes while it is being asked waits for the same answer; failures are kept as well, for they cost the most.
 */
export class Cache {
  readonly #entries = new Map<string, { until: number; value: Promise<unknown> }>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  get<T>(key: string, ms: number, load: () => Promise<T>): Promise<T> {
    const kept = this.#entries.get(key)
    if (kept && kept.until > this.#now()) return kept.value as Promise<T>
    const value = load()
    // Until it is there nobody asks again; the time it is kept begins then.
    const entry = { until: Number.POSITIVE_INFINITY, value }
    const settled = () => {
      entry.until = this.#now() + ms
    }
    value.then(settled, settled)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= bound) break
      this.#entries.delete(oldest)
    }
    return value
  }

  /** What somebody just changed is to be read anew. */
  clear(): void {
    this.#entries.clear()
  }
}
