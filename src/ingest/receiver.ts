import type { Registry } from 'prom-client'
import type { Postgres } from '../store/postgres.ts'
import { Breaker } from './breaker.ts'
import { cdrTable, eventTable } from './commit.ts'
import { Drain } from './drain.ts'
import { registerGauges } from './gauges.ts'
import { type Callback, Intake, type Lanes } from './intake.ts'
import type { QuarantineNote } from './item.ts'
import { Lane } from './lane.ts'
import { Ledger } from './ledger.ts'
import type { Log } from './log.ts'
import { QuarantineBudget } from './quarantine-budget.ts'
import type { Spool } from './spool/spool.ts'
import { Upkeep } from './upkeep.ts'

export interface ReceiverOptions {
  postgres: Postgres
  spool: Spool
  registry: Registry
  log: Log
  /** Milliseconds a callback waits for Postgres before its records go to the spool. */
  commitDeadlineMs: number
  quarantineMaxBytes: number
  quarantineRetentionDays: number
  /** Days that calls, and who asked to see numbers, are kept; undefined: for ever. */
  retentionDays?: number | undefined
  revealRetentionDays?: number | undefined
}

export interface Readiness {
  /** Whether callbacks can be taken durably. */
  ready: boolean
  /** What is wrong although callbacks are taken. */
  degraded: string[]
}

/**
 * From a callback to durable rows. `take` is the one way in:
 *
 *     take ─▶ inspect each record ─▶ lane of its table ─▶ group commit
 *                                          │ Postgres away or late
 *                                          ▼
 *                                        spool ─▶ drain ─▶ the same lanes
 */
export class Receiver {
  readonly #postgres: Postgres
  readonly #spool: Spool
  readonly #log: Log
  readonly #lanes: Lanes
  readonly #breaker: Breaker
  readonly #intake: Intake
  readonly #drain: Drain
  readonly #upkeep: Upkeep
  readonly ledger: Ledger

  constructor(options: ReceiverOptions) {
    const { postgres, spool, registry, log } = options
    const ledger = new Ledger(registry)
    const budget = new QuarantineBudget(options.quarantineMaxBytes)
    const breaker = new Breaker('not reached yet', log, {
      open: () => this.#clearLanes(),
      close: () => this.#upkeep.wake(),
    })
    const lanes = {
      status: new Lane(eventTable, postgres, breaker, ledger, log),
      fee: new Lane(cdrTable, postgres, breaker, ledger, log),
    }
    this.#postgres = postgres
    this.#spool = spool
    this.#log = log
    this.#lanes = lanes
    this.#breaker = breaker
    this.ledger = ledger
    this.#intake = new Intake({ lanes, breaker, spool, budget, ledger, log, deadlineMs: options.commitDeadlineMs })
    this.#drain = new Drain({ lanes, breaker, spool, ledger, log, probe: () => this.#probe() })
    this.#upkeep = new Upkeep({
      postgres,
      spool,
      budget,
      log,
      quarantineRetentionDays: options.quarantineRetentionDays,
      retention: options,
    })
    registerGauges(registry, { spool, lanes, budget })
  }

  start(): void {
    this.#drain.start()
    this.#upkeep.start()
  }

  /** Resolves when Postgres has been reached and takes commits, or after `ms`. */
  async whenConnected(ms: number): Promise<boolean> {
    const until = performance.now() + ms
    while (this.#breaker.isOpen && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
    return !this.#breaker.isOpen
  }

  /** Resolves when every record is durable. Rejects with CannotStoreError when that cannot be had. */
  take(callback: Callback): Promise<void> {
    return this.#intake.take(callback)
  }

  /** Keeps a body that is answered 4xx, within bounds. Never rejects: the answer does not depend on it. */
  async keepUnread(note: QuarantineNote, source: string, receivedAt: Date): Promise<void> {
    await this.#intake.keepUnread(note, source, receivedAt).catch(() => {})
  }

  get readiness(): Readiness {
    const degraded: string[] = []
    if (this.#breaker.reason !== undefined)
      degraded.push(`Postgres is away (${this.#breaker.reason}): callbacks are spooled`)
    for (const [kind, { mistake }] of Object.entries(this.#lanes))
      if (mistake !== undefined) degraded.push(`a statement for ${kind} records fails (${mistake}): they are spooled`)
    if (!this.#spool.writable) degraded.push('the spool cannot be written')
    if (this.#spool.isFull) degraded.push('the spool is full')
    const spoolTakes = this.#spool.writable && !this.#spool.isFull
    return { ready: !this.#breaker.isOpen || spoolTakes, degraded }
  }

  /**
   * Ends in order: no new callbacks come any more; what waits is committed, or spooled when that takes longer than
   * `timeoutMs`; then the spool and the pool are closed.
   */
  async stop(timeoutMs: number): Promise<void> {
    const { status, fee } = this.#lanes
    const ends = [status.idle(), fee.idle(), this.#drain.stop(), this.#upkeep.stop()]
    if (!(await within(timeoutMs, Promise.all(ends)))) {
      this.#log.warn({}, 'Postgres did not take everything in time: the rest goes to the spool')
      this.#clearLanes()
    }
    await this.#spool.close()
    await within(1_000, this.#postgres.close())
    this.#log.info({ spooled: this.#spool.records }, 'ingest stopped')
  }

  async #probe(): Promise<void> {
    await this.#postgres.probe()
    await this.#upkeep.measureQuarantine()
  }

  /** Sends what is in the lanes back to where it came from: live records are spooled, drained ones stay there. */
  #clearLanes(): void {
    this.#lanes.status.clear()
    this.#lanes.fee.clear()
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
