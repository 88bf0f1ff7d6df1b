import { backoffMs } from '../lib/backoff.ts'
import type { Log } from '../lib/log.ts'

/**
 * Remembers that Postgres is away, so that an outage costs only the first callbacks their deadline: while the breaker
 * is open callbacks go straight to the spool. The drain probes, and closes it when a commit went through.
 */
export class Breaker {
  #reason: string | undefined
  readonly #log: Log
  readonly #onOpen: (() => void)[] = []
  readonly #onClose: (() => void)[] = []

  constructor(reason: string, log: Log) {
    this.#reason = reason
    this.#log = log
  }

  onOpen(listener: () => void): void {
    this.#onOpen.push(listener)
  }

  onClose(listener: () => void): void {
    this.#onClose.push(listener)
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
    for (const listener of this.#onOpen) listener()
  }

  close(): void {
    this.#reason = undefined
    this.#log.info({}, 'Postgres is there')
    for (const listener of this.#onClose) listener()
  }
}

/** Milliseconds between two probes while Postgres is away. */
export function probeWaitMs(setbacks: number): number {
  return backoffMs(setbacks, 100, 5_000)
}
