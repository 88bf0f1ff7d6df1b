import type { Item } from './item.ts'

/** Thrown to the caller when a callback could be stored neither in Postgres nor in the spool: it is answered 503. */
export class CannotStoreError extends Error {
  constructor() {
    super('the callback can be stored neither in Postgres nor in the spool')
  }
}

/** One callback on its way: answered when each of its records is committed, spooled or quarantined. */
export class Delivery {
  items: readonly Item[] = []
  readonly done: Promise<void>
  #open = 0
  #resolve!: () => void
  #reject!: (error: Error) => void
  #timer: NodeJS.Timeout | undefined

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Starts the clock: what is not settled after `deadlineMs` is handed to `late`. */
  start(items: readonly Item[], deadlineMs: number, late: (items: Item[]) => void): void {
    this.items = items
    this.#open = items.length
    if (items.length === 0) this.#resolve()
    else this.#timer = setTimeout(() => late(items.filter((item) => !item.claimed)), deadlineMs)
  }

  settled(): void {
    if (--this.#open > 0) return
    clearTimeout(this.#timer)
    this.#resolve()
  }

  refused(): void {
    clearTimeout(this.#timer)
    this.#reject(new CannotStoreError())
  }
}
