import { publicError } from '../store/errors.ts'
import type { Postgres } from '../store/postgres.ts'
import { pruneQuarantine, quarantineBytes } from '../store/quarantine.ts'
import type { Log } from './log.ts'
import type { QuarantineBudget } from './quarantine-budget.ts'
import type { Spool } from './spool/spool.ts'

/** How often the quarantine is measured, and how often old entries go and partitions are made ahead. */
const measureMs = 60_000
const tidyMs = 3_600_000
/** How often a spool that could not be written is tried again. */
const probeMs = 2_000

/** What the receiver does beside storing: partitions ahead, quarantine within its bounds, a mended disk noticed. */
export class Upkeep {
  readonly #postgres: Postgres
  readonly #spool: Spool
  readonly #budget: QuarantineBudget
  readonly #log: Log
  readonly #retentionDays: number
  #timers: NodeJS.Timeout[] = []
  #running: Promise<void> | undefined
  #tidiedAt = -Infinity

  constructor(parts: {
    postgres: Postgres
    spool: Spool
    budget: QuarantineBudget
    log: Log
    quarantineRetentionDays: number
  }) {
    this.#postgres = parts.postgres
    this.#spool = parts.spool
    this.#budget = parts.budget
    this.#log = parts.log
    this.#retentionDays = parts.quarantineRetentionDays
  }

  start(): void {
    const probeSpool = () => {
      if (!this.#spool.writable) void this.#spool.probe()
    }
    this.#timers = [setInterval(() => this.wake(), measureMs), setInterval(probeSpool, probeMs)]
  }

  /** Does what is due, unless it is being done. */
  wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#running
  }

  async #run(): Promise<void> {
    if (!this.#postgres.isConnected) return
    try {
      if (performance.now() - this.#tidiedAt > tidyMs) {
        await this.#postgres.partitions.createAhead(this.#postgres.pool)
        await this.#postgres.withClient((client) => pruneQuarantine(client, this.#retentionDays))
        this.#tidiedAt = performance.now()
      }
      this.#budget.usedBytes = await this.#postgres.withClient(quarantineBytes)
    } catch (error) {
      this.#log.warn({ err: publicError(error) }, 'upkeep of the tables failed, it will be tried again')
    }
  }
}
