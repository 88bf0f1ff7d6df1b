import type { Receiver } from '../ingest/receiver.ts'
import type { Log } from '../lib/log.ts'
import { within } from '../lib/within.ts'
import type { Spool } from '../spool/spool.ts'
import { publicError } from '../store/errors.ts'
import { withClient } from '../store/pool.ts'
import type { Postgres } from '../store/postgres.ts'
import { pruneQuarantine, pruneResolved } from '../store/quarantine.ts'
import { applyRetention, type RetentionRules } from '../store/retention.ts'
import { tidyStatistics } from '../store/statistics.ts'
import { explainConflicts } from './conflicts.ts'
import { FoldTables } from './fold-tables.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** How often it is looked what is due: a spool that could not be written is tried again each time. */
const tickMs = 2_000
/** How often the quarantine is measured, and how often old entries go and partitions are made ahead. */
const measureMs = MINUTE
const tidyMs = HOUR
/** How often what is past retention is removed; where tables were busy, the next time entries go. */
const retentionMs = 24 * HOUR

export interface MaintenanceOptions {
  postgres: Postgres
  spool: Spool
  log: Log
  quarantineRetentionDays: number
  retention: RetentionRules
  /** The bounds of the quarantine are the receiver's. */
  receiver: Pick<Receiver, 'measureQuarantine' | 'quarantineIsTight' | 'writeRedeliveries'>
}

/** What the receiver does beside storing and folding: partitions ahead, old rows gone, the quarantine within its bounds, a mended disk noticed. */
export class Maintenance {
  readonly #options: MaintenanceOptions
  readonly #stopping = new AbortController()
  readonly #tables = new FoldTables(false)
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #retaining: Promise<void> | undefined
  #measuredAt = Number.NEGATIVE_INFINITY
  #tidiedAt = Number.NEGATIVE_INFINITY
  #retainedAt = Number.NEGATIVE_INFINITY

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), tickMs)
    this.#tick()
  }

  /** Waits for what is under way, but no longer than `timeoutMs`: what a lost connection holds up is done another time. */
  async stop(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await within(timeoutMs, Promise.all([this.#running, this.#retaining]))
  }

  #tick(): void {
    const { spool, postgres } = this.#options
    if (!spool.writable || spool.isFull) void spool.probe()
    if (!postgres.isConnected || performance.now() - this.#measuredAt < measureMs) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  async #run(): Promise<void> {
    const { postgres, log, quarantineRetentionDays, receiver } = this.#options
    this.#measuredAt = performance.now()
    try {
      if (performance.now() - this.#tidiedAt > tidyMs) {
        // It may take longer than a callback may wait, on Citus above all.
        await postgres.partitions.createAhead(postgres.background)
        await postgres.withClient((client) => pruneQuarantine(client, quarantineRetentionDays))
        if (receiver.quarantineIsTight) await postgres.withClient(pruneResolved)
        this.#tidiedAt = performance.now()
        // Not waited for: the first time it may delete for minutes.
        if (this.#tidiedAt - this.#retainedAt > retentionMs) this.#retaining ??= this.#retain()
      }
      await postgres.withClient((client) => explainConflicts(client, this.#tables))
      // On the connection of the fold, which gets its turn in between.
      while (!this.#stopping.signal.aborted && (await withClient(postgres.background, tidyStatistics)));
    } catch (error) {
      log.warn({ err: publicError(error) }, 'maintenance of the tables failed, it will be tried again')
    }
    await receiver.measureQuarantine()
    await receiver.writeRedeliveries()
  }

  /** In every replica; the database lets one of them work at a time, and the others find nothing left. */
  async #retain(): Promise<void> {
    const { postgres, retention, log } = this.#options
    const tries = { attempts: 20, pauseMs: 1_000, signal: this.#stopping.signal }
    try {
      const { dropped, deleted, busy } = await applyRetention(postgres.pool, retention, tries)
      if (dropped.length > 0 || Object.keys(deleted).length > 0)
        log.info({ dropped, deleted }, 'removed what is past retention')
      if (busy.length > 0)
        log.warn(
          { busy },
          'tables are read all the time: partitions that are past retention were emptied, and are dropped later',
        )
      else this.#retainedAt = performance.now()
    } catch (error) {
      log.warn({ err: publicError(error) }, 'removing what is past retention failed, it will be tried again')
    } finally {
      this.#retaining = undefined
    }
  }
}
