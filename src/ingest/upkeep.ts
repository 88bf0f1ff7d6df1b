import { publicError } from '../store/errors.ts'
import type { Postgres } from '../store/postgres.ts'
import { pruneQuarantine, pruneResolved, quarantineSize } from '../store/quarantine.ts'
import { applyRetention, type RetentionRules } from '../store/retention.ts'
import { hoursAtOnce, refreshSummaries } from '../store/summaries.ts'
import type { Log } from './log.ts'
import type { QuarantineBudget } from './quarantine-budget.ts'
import type { Spool } from './spool/spool.ts'

/** How often the quarantine is measured, and how often old entries go and partitions are made ahead. */
const measureMs = 60_000
const tidyMs = 3_600_000
/** How often what is past retention is removed; where tables were busy, the next time entries go. */
const retentionMs = 24 * tidyMs
/** How often summaries are refreshed a minute at most, while there is much to count: after an update, or a long outage. */
const refreshes = 4
/**
 * Spooled records from which on summaries wait for the drain: they would take its time, and be counted again. After so
 * many times they no longer do, for what does not drain at all waits for somebody to mend it.
 */
const manySpooled = 1_000
const patience = 30
/** How often a spool that could not be written is tried again. */
const probeMs = 2_000

/** What the receiver does beside storing: partitions ahead, old rows gone, summaries fresh, quarantine within its bounds, a mended disk noticed. */
export class Upkeep {
  readonly #postgres: Postgres
  readonly #spool: Spool
  readonly #budget: QuarantineBudget
  readonly #log: Log
  readonly #retentionDays: number
  readonly #retention: RetentionRules
  readonly #stopping = new AbortController()
  #timers: NodeJS.Timeout[] = []
  #running: Promise<void> | undefined
  #tidiedAt = -Infinity
  #retaining: Promise<void> | undefined
  #retainedAt = -Infinity
  #summing: Promise<void> | undefined
  #hours = hoursAtOnce
  /** How often in a row summaries have waited for the drain. */
  #waited = 0

  constructor(parts: {
    postgres: Postgres
    spool: Spool
    budget: QuarantineBudget
    log: Log
    quarantineRetentionDays: number
    retention: RetentionRules
  }) {
    this.#postgres = parts.postgres
    this.#spool = parts.spool
    this.#budget = parts.budget
    this.#log = parts.log
    this.#retentionDays = parts.quarantineRetentionDays
    this.#retention = parts.retention
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
    this.#stopping.abort()
    // Summaries are not waited for: what is not committed is counted again.
    await Promise.all([this.#running, this.#retaining])
  }

  async #run(): Promise<void> {
    if (!this.#postgres.isConnected) return
    try {
      if (performance.now() - this.#tidiedAt > tidyMs) {
        await this.#postgres.partitions.createAhead(this.#postgres.pool)
        await this.#postgres.withClient((client) => pruneQuarantine(client, this.#retentionDays))
        if (this.#budget.isTight) await this.#postgres.withClient(pruneResolved)
        this.#tidiedAt = performance.now()
        // Not waited for: the first time it may delete for minutes.
        if (this.#tidiedAt - this.#retainedAt > retentionMs) this.#retaining ??= this.#retain()
      }
      // Not waited for either: a day that nobody has counted takes seconds.
      const mayWait = this.#spool.records >= manySpooled && this.#waited < patience
      this.#waited = mayWait ? this.#waited + 1 : 0
      if (!mayWait) this.#summing ??= this.#summarize()
    } catch (error) {
      this.#log.warn({ err: publicError(error) }, 'upkeep of the tables failed, it will be tried again')
    }
    await this.measureQuarantine()
  }

  /** Also asked when Postgres is there (again), before callbacks go to it. Never rejects. */
  async measureQuarantine(): Promise<void> {
    try {
      this.#budget.measured(await this.#postgres.withClient(quarantineSize), this.#spool.records === 0)
    } catch (error) {
      this.#budget.unmeasured()
      this.#log.warn(
        { err: publicError(error) },
        'rtc.quarantine could not be measured: until it can, bodies that are refused are not kept',
      )
    }
  }

  async #summarize(): Promise<void> {
    try {
      // No partition can be dropped while it is counted.
      await this.#retaining
      for (let i = 0; i < refreshes && !this.#stopping.signal.aborted; i++) {
        if ((await this.#postgres.withClient((client) => refreshSummaries(client, this.#hours))) === 0) break
      }
    } catch (error) {
      // Too much at once: it would never succeed.
      if (publicError(error).code === '57014') this.#hours = Math.max(1, Math.floor(this.#hours / 2))
      this.#log.warn(
        { err: publicError(error) },
        'refreshing the summaries failed, statistics take longer until it succeeds',
      )
    } finally {
      this.#summing = undefined
    }
  }

  /** In every replica; the database lets one of them work at a time, and the others find nothing left. */
  async #retain(): Promise<void> {
    const tries = { attempts: 20, pauseMs: 1_000, signal: this.#stopping.signal }
    try {
      const { dropped, deleted, busy } = await applyRetention(this.#postgres.pool, this.#retention, tries)
      if (dropped.length > 0 || Object.keys(deleted).length > 0)
        this.#log.info({ dropped, deleted }, 'removed what is past retention')
      if (busy.length > 0) this.#log.warn({ busy }, 'tables are read all the time: what is past retention goes later')
      else this.#retainedAt = performance.now()
    } catch (error) {
      this.#log.warn({ err: publicError(error) }, 'removing what is past retention failed, it will be tried again')
    } finally {
      this.#retaining = undefined
    }
  }
}
