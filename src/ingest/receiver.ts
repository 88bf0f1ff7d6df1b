import { type Log, sparingly } from '../lib/log.ts'
import { within } from '../lib/within.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { watchBatches } from '../metrics/records.ts'
import { watchStorage } from '../metrics/storage.ts'
import type { Spool } from '../spool/spool.ts'
import { classify, isTimeout, publicError } from '../store/errors.ts'
import type { Postgres } from '../store/postgres.ts'
import { quarantineSize } from '../store/quarantine.ts'
import { addRedeliveries } from '../store/statistics.ts'
import type { Settled } from './batch.ts'
import { Batches } from './batches.ts'
import { Breaker } from './breaker.ts'
import { type Callback, checkCallback } from './check.ts'
import { Drain } from './drain.ts'
import type { Entry, Outcome, QuarantineNote } from './entry.ts'
import { Ledger } from './ledger.ts'
import { QuarantineBudget } from './quarantine-budget.ts'
import { toSpoolEntry } from './spool-entry.ts'

export interface ReceiverOptions {
  postgres: Postgres
  spool: Spool
  metrics: Pick<Metrics, 'registry' | 'records' | 'callbacks'>
  log: Log
  /** Milliseconds a callback waits for Postgres before its records go to the spool. */
  commitDeadlineMs: number
  quarantineMaxBytes: number
  /** Called after each group that added facts, and when Postgres is there again: there may be sessions to fold. */
  onStored?: () => void
}

export interface Readiness {
  /** Whether callbacks can be taken durably. */
  ready: boolean
  /** What is wrong although callbacks are taken. */
  degraded: string[]
}

/** Logged for a call that waits for a decision (protocol.md: X mode), which nobody here makes. */
const undecided =
  'a callin with notifyMode Block was stored, but not decided: the platform puts no such call through by this receiver. Let support register a callin address of its own for the server that decides, or let that server pass copies on to here'

/** Thrown to the caller when a callback could be stored neither in Postgres nor in the spool: it is answered 503. */
export class CannotStoreError extends Error {
  constructor() {
    super('the callback can be stored neither in Postgres nor in the spool')
  }
}

/**
 * From a callback to durable rows. `take` is the one way in:
 *
 *     take ─▶ check each record ─▶ batch of its table
 *                                       │ Postgres away or late
 *                                       ▼
 *                                     spool ─▶ drain ─▶ the same batches
 */
export class Receiver {
  readonly #postgres: Postgres
  readonly #spool: Spool
  readonly #metrics: Pick<Metrics, 'callbacks'>
  readonly #log: Log
  readonly #deadlineMs: number
  readonly #batches: Batches
  readonly #breaker: Breaker
  readonly #budget: QuarantineBudget
  readonly #drain: Drain
  /** Callbacks whose records are not all durable yet. */
  readonly #open = new Set<Promise<void>>()
  readonly #sayNotStored: Record<'full' | 'late', (fields: object) => void>
  readonly #sayQuarantineFull: (fields: object) => void
  readonly #sayRefused: (fields: object) => void
  readonly #sayBlocked: (fields: object) => void
  readonly ledger: Ledger

  constructor(options: ReceiverOptions) {
    const { postgres, spool, metrics, log, onStored = () => {} } = options
    const ledger = new Ledger(metrics.records)
    const budget = new QuarantineBudget(options.quarantineMaxBytes)
    const breaker = new Breaker('not reached yet', log)
    const batches = new Batches({ postgres, breaker, ledger, log }, (note) => this.#admits(note), onStored)
    this.#postgres = postgres
    this.#spool = spool
    this.#metrics = metrics
    this.#log = log
    this.#deadlineMs = options.commitDeadlineMs
    this.#batches = batches
    this.#breaker = breaker
    this.#budget = budget
    this.ledger = ledger
    this.#drain = new Drain({ batches, breaker, spool, ledger, log, probe: () => this.#probe() })
    breaker.onClose(onStored)
    watchBatches(metrics.registry, batches)
    watchStorage(metrics.registry, { spool, budget })
    this.#sayNotStored = {
      full: sparingly((fields) => log.warn(fields, 'too much waits for Postgres: callbacks go to the spool')),
      late: sparingly((fields) => log.warn(fields, 'Postgres is late: callbacks go to the spool')),
    }
    this.#sayQuarantineFull = sparingly((fields) => log.error(fields, 'the quarantine is full: callback answered 503'))
    this.#sayRefused = sparingly((fields) => log.error(fields, 'the spool cannot take callbacks: answered 503'))
    this.#sayBlocked = sparingly((fields) => log.error(fields, undecided), 60_000)
  }

  start(): void {
    this.#drain.start()
  }

  /** Resolves when Postgres has been reached and takes commits, or after `ms`. */
  async whenConnected(ms: number): Promise<boolean> {
    const until = performance.now() + ms
    while (this.#breaker.isOpen && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
    return !this.#breaker.isOpen
  }

  /** Resolves when every record is durable. Rejects with CannotStoreError when that cannot be had. */
  async take(callback: Callback): Promise<void> {
    for (const oddity of callback.oddities) this.#metrics.callbacks.oddity(oddity)
    if (callback.oddities.includes('block_callin')) this.#sayBlocked({})
    const entries = checkCallback(callback, (fields) => this.ledger.metrics.misfits(fields))
    this.ledger.delays(entries, callback.receivedAt)
    this.ledger.received(entries)
    const refused = entries.filter(({ content }) => 'note' in content && !this.#admits(content.note))
    const admitted = refused.length === 0 ? entries : entries.filter((entry) => !refused.includes(entry))
    const stored = this.#begin(admitted)
    this.#settle(refused, 'refused')
    await stored
    if (refused.length > 0) throw new CannotStoreError()
  }

  /** Keeps a body that is answered 4xx, within bounds. Never rejects: the answer does not depend on it. */
  async keepUnread(note: QuarantineNote, source: string, receivedAt: Date): Promise<void> {
    const admitted = this.#budget.admitUnread(note, source)
    if (!admitted) return
    const entry: Entry = {
      via: 'live',
      countedAs: 'bodies',
      kind: 'status',
      record: undefined,
      index: null,
      signer: null,
      receivedAt: receivedAt.toISOString(),
      bytes: admitted.body.length,
      content: { note: admitted },
    }
    this.ledger.received([entry])
    await this.#begin([entry]).catch(() => {})
  }

  /** Reads how large rtc.quarantine is; to be called now and then. Never rejects: what cannot be measured counts as full. */
  async measureQuarantine(): Promise<void> {
    try {
      this.#budget.measured(await this.#postgres.withClient(quarantineSize), this.#spool.records === 0)
    } catch (error) {
      // While Postgres is away nobody fills it: what was known still holds.
      if (classify(error) === 'away' && !isTimeout(error)) return
      this.#budget.unmeasured()
      this.#log.warn(
        { err: publicError(error) },
        'rtc.quarantine could not be measured: until it can, bodies that are refused are not kept',
      )
    }
  }

  /** Writes down how often records came that were stored already; to be called now and then. Never rejects. */
  async writeRedeliveries(): Promise<void> {
    const counts = this.ledger.redeliveries.take()
    if (counts.length === 0) return
    try {
      await this.#postgres.withClient((client) => addRedeliveries(client, counts))
    } catch (error) {
      this.ledger.redeliveries.giveBack(counts)
      this.#log.warn({ err: publicError(error) }, 'the count of redelivered records could not be written, it is kept')
    }
  }

  /** Whether the quarantine is so full that what was dealt with should go. */
  get quarantineIsTight(): boolean {
    return this.#budget.isTight
  }

  /** Whether callbacks wait for Postgres. */
  get isBusy(): boolean {
    return this.#batches.all.some(({ isBusy }) => isBusy)
  }

  get readiness(): Readiness {
    const degraded: string[] = []
    if (this.#breaker.reason !== undefined)
      degraded.push(`Postgres is away (${this.#breaker.reason}): callbacks are spooled`)
    for (const { name, mistake } of this.#batches.all)
      if (mistake !== undefined)
        degraded.push(`a statement for rtc.${name} fails (${mistake}): its records are spooled`)
    if (!this.#spool.writable) degraded.push('the spool cannot be written')
    if (this.#spool.isFull) degraded.push('the spool is full')
    const { reason } = this.ledger.future
    if (reason !== undefined) degraded.push(reason)
    const spoolTakes = this.#spool.writable && !this.#spool.isFull
    return { ready: !this.#breaker.isOpen || spoolTakes, degraded }
  }

  /**
   * Ends in order: no new callbacks come any more; what waits is committed, or spooled when that takes longer than
   * `timeoutMs`; then the spool and the pool are closed.
   */
  async stop(timeoutMs: number): Promise<void> {
    const ends = Promise.allSettled([...this.#open, this.#drain.stop()])
    if (!(await within(timeoutMs, ends))) {
      this.#log.warn({}, 'Postgres did not take everything in time: the rest goes to the spool')
      this.#batches.giveUp()
      await Promise.allSettled(this.#open)
    }
    await this.#spool.close()
    if (this.#postgres.isConnected) await within(500, this.writeRedeliveries())
    await within(1_000, this.#postgres.close())
    this.#log.info({ spooled: this.#spool.records }, 'ingest stopped')
  }

  /** Before callbacks go to Postgres it is known how much room the quarantine has. */
  async #probe(): Promise<void> {
    await this.#postgres.probe()
    await this.measureQuarantine()
  }

  #begin(entries: readonly Entry[]): Promise<void> {
    const stored = this.#store(entries).finally(() => this.#open.delete(stored))
    this.#open.add(stored)
    const notes = entries.flatMap(({ content }) => ('note' in content ? [content.note] : []))
    if (notes.length > 0) this.#budget.underway(notes, stored)
    return stored
  }

  /** Commits, and spools what Postgres does not take in time. Rejects with CannotStoreError when neither can be had. */
  async #store(entries: readonly Entry[]): Promise<void> {
    const settled = this.#breaker.isOpen
      ? entries.map((entry): Settled => ({ entry, notStored: { why: 'away' } }))
      : await this.#batches.add(entries, this.#deadlineMs)
    for (const { entry, outcome } of settled) if (outcome) this.ledger.settled(entry, outcome)
    const left = settled.filter(({ notStored }) => notStored)
    if (left.length > 0) await this.#spoolAll(left)
    if (settled.some(({ outcome }) => outcome === 'refused')) throw new CannotStoreError()
  }

  async #spoolAll(left: readonly Settled[]): Promise<void> {
    for (const why of ['late', 'full'] as const) {
      const records = left.filter(({ notStored }) => notStored?.why === why).length
      if (records > 0) this.#sayNotStored[why]({ records })
    }
    const entries = left.map(({ entry }) => entry)
    try {
      await this.#spool.append(entries.map(toSpoolEntry))
    } catch (error) {
      this.#sayRefused({ reason: (error as Error).message, records: entries.length })
      this.#settle(entries, 'refused')
      throw new CannotStoreError()
    }
    this.#settle(entries, 'spooled')
  }

  #settle(entries: readonly Entry[], outcome: Outcome): void {
    for (const entry of entries) this.ledger.settled(entry, outcome)
  }

  #admits(note: QuarantineNote): boolean {
    const hasRoom = this.#budget.admitRecord(note)
    if (!hasRoom) this.#sayQuarantineFull({})
    return hasRoom
  }
}
