/** Entries kept at most; the oldest go first. */
const bound = 200
/** An answer is kept at least so many times as long as it took: a query of the page is one part in twenty of the time. */
const thrift = 20
/** But not longer than this, in milliseconds: what failed may work by then. */
const longest = 300_000

interface Entry {
  until: number
  value: Promise<unknown>
  /** What the one before it came to, for those who cannot wait. */
  before: unknown
}

/**
 * Keeps what a query answered for a short while, so that a database is asked once however many people look. Whoever
 * comes while it is being asked waits for the same answer, or takes the one before. `load` must not reject.
 */
export class Cache {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** The answer, kept for `ms` at least, and the last one before it, where there was one. */
  get<T>(key: string, ms: number, load: () => Promise<T>): { value: Promise<T>; before: T | undefined } {
    const kept = this.#entries.get(key)
    if (kept && kept.until > this.#now()) return kept as { value: Promise<T>; before: T | undefined }
    const began = this.#now()
    const value = load()
    // Until it is there nobody asks again; the time it is kept begins then.
    const entry: Entry = { until: Number.POSITIVE_INFINITY, value, before: kept?.before }
    void value.then((answer) => {
      entry.until = this.#now() + Math.max(ms, Math.min(longest, thrift * (this.#now() - began)))
      entry.before = answer
    })
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= bound) break
      this.#entries.delete(oldest)
    }
    return entry as { value: Promise<T>; before: T | undefined }
  }

  /** What somebody just changed is to be read anew. */
  clear(): void {
    this.#entries.clear()
  }
}
