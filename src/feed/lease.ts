import { randomUUID } from 'node:crypto'
import { holdForwarder, moveForwarder, releaseForwarder } from '../store/forwarders.ts'
import type { Queryable } from '../store/statement.ts'

/** How often the position is written while it moves, at most. */
const saveMs = 1_000

type Query = <T>(work: (client: Queryable) => Promise<T>) => Promise<T>

export interface LeaseOptions {
  query: Query
  /** Under which the position is kept; one process at a time works under it. */
  name: string
  /** How long a delivery takes at most. */
  deliveryMs: number
  /** Beyond that, how long another process waits for one that has gone without a word. */
  leaseMs: number
}

/** The right to deliver under a name, and how far that has come: both in one row of Postgres. */
export class Lease {
  readonly #id = randomUUID()
  readonly #options: LeaseOptions
  readonly #lengthMs: number
  /** Until when it is ours, when it was written last, and with which position (performance.now()). */
  #heldUntil = 0
  #savedAt = 0
  #saved = 0

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#lengthMs = options.deliveryMs + options.leaseMs
  }

  /**
   * Resolves to the position to go on from, and to undefined where another process delivers.
   *
   * @param from begins there instead of where it was
   */
  async hold(from?: number): Promise<number | undefined> {
    const asked = performance.now()
    const { query, name } = this.#options
    const position = await query((client) => holdForwarder(client, name, this.#id, this.#lengthMs, from))
    if (position !== undefined) this.#note(asked, position)
    return position
  }

  /** Whether a delivery that begins now ends while it is ours. */
  coversDelivery(now: number): boolean {
    return now + this.#options.deliveryMs <= this.#heldUntil
  }

  /** Notes how far it has come, and holds on; not each time it is asked. Resolves to false where it is lost. */
  async renew(position: number): Promise<boolean> {
    const now = performance.now()
    const { query, name, leaseMs } = this.#options
    const renewMs = leaseMs / 3
    if (now - this.#savedAt < (position === this.#saved ? renewMs : Math.min(saveMs, renewMs))) return true
    if (!(await query((client) => moveForwarder(client, name, this.#id, this.#lengthMs, position)))) return false
    this.#note(now, position)
    return true
  }

  /** Lets another process go on from here at once. Where Postgres is away the lease runs out by itself. */
  async release(position: number): Promise<void> {
    const { query, name } = this.#options
    await query((client) => releaseForwarder(client, name, this.#id, position)).catch(() => {})
  }

  #note(at: number, position: number): void {
    this.#heldUntil = at + this.#lengthMs
    this.#savedAt = at
    this.#saved = position
  }
}
