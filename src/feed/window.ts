import type { FeedEntry } from '../store/feed.ts'

/** An entry that is on its way, or waits for its turn or for another try. */
export interface Pending {
  entry: FeedEntry
  /** Tries that failed, and when the first did (performance.now()). */
  tries: number
  failedAt: number | undefined
}

/**
 * The entries under way, those of one call one after the other: the next is due when the one before is done. Everything up
 * to `position` is done. Knows no clock and no database.
 */
export class Window {
  #read: number
  /** By position, in order. */
  readonly #pending = new Map<number, Pending>()
  /** By call, in order; the first may be on its way. */
  readonly #calls = new Map<string, Pending[]>()
  readonly #ready: Pending[] = []
  /** Those to be tried again, with the time. */
  readonly #later = new Map<Pending, number>()

  constructor(position: number) {
    this.#read = position
  }

  get size(): number {
    return this.#pending.size
  }

  /** Where to read on. */
  get read(): number {
    return this.#read
  }

  get position(): number {
    const { oldest } = this
    return oldest ? oldest.position - 1 : this.#read
  }

  get oldest(): FeedEntry | undefined {
    return this.#pending.values().next().value?.entry
  }

  /** Adds what was read, in order. */
  add(entries: readonly FeedEntry[]): void {
    for (const entry of entries) {
      const pending: Pending = { entry, tries: 0, failedAt: undefined }
      this.#pending.set(entry.position, pending)
      const queue = this.#calls.get(entry.call_ref)
      if (queue) queue.push(pending)
      else {
        this.#calls.set(entry.call_ref, [pending])
        this.#ready.push(pending)
      }
    }
    this.#read = entries.at(-1)?.position ?? this.#read
  }

  /** An entry to try now; its call waits until it is `done`, or `again` is due. */
  next(now: number): Pending | undefined {
    for (const [pending, dueAt] of this.#later) {
      if (dueAt > now) continue
      this.#later.delete(pending)
      this.#ready.push(pending)
    }
    return this.#ready.shift()
  }

  /** When there is one to try; Infinity where all are on their way, or behind one that is. */
  get dueAt(): number {
    return this.#ready.length > 0 ? 0 : Math.min(Number.POSITIVE_INFINITY, ...this.#later.values())
  }

  /** Delivered, or given up. */
  done(pending: Pending): void {
    const { position, call_ref } = pending.entry
    this.#pending.delete(position)
    const queue = this.#calls.get(call_ref) as Pending[]
    queue.shift()
    if (queue[0]) this.#ready.push(queue[0])
    else this.#calls.delete(call_ref)
  }

  again(pending: Pending, dueAt: number): void {
    this.#later.set(pending, dueAt)
  }
}
