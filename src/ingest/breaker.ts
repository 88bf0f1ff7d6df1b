import type { Log } from './log.ts'

/**
 * Remembers that Postgres is away, so that an outage costs only the first callbacks their deadline: while the breaker
 * is open callbacks go straight to the spool. The drain probes, and closes it when a commit went through.
 */
export class Breaker {
  #reason: string | undefined
  readonly #log: Log
  readonly #on: { open(): void; close(): void }

  constructor(reason: string, log: Log, on: { open(): void; close(): void }) {
    this.#reason = reason
    this.#log = log
    this.#on = on
  }

  /** Why Postgres counts as away; undefined while it is there. */
  get reason(): string | undefined {
    return this.#reason
  }

  get isOpen(): boolean {
    return this.#reason !== undefined
  }

  open(reason: string): void {
    const first = this.#reason === undefined
    this.#reason = reason
    if (!first) return
    this.#log.warn({ reason }, 'Postgres is away: callbacks go to the spool')
    this.#on.open()
  }

  close(): void {
    this.#reason = undefined
    this.#log.info({}, 'Postgres is there')
    this.#on.close()
  }
}
