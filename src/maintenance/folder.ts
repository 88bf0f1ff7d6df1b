import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { backoffMs } from '../lib/backoff.ts'
import { type Log, sparingly } from '../lib/log.ts'
import { within } from '../lib/within.ts'
import { classify, publicError } from '../store/errors.ts'
import { withClient } from '../store/pool.ts'
import { NotConnectedError } from '../store/postgres.ts'
import type { FoldLimits } from './fold-batch.ts'
import { type FoldProgress, FoldRunner, type Outcome } from './fold-runner.ts'
import { FoldTables } from './fold-tables.ts'

/** Between two looks, so that events that come one after the other are folded together. */
const pauseMs = 1_000
/** How often it is looked where nothing was heard of, since others store facts as well, and where another process folds. */
const pollMs = 2_000
/** How long callbacks go first; then there is one batch all the same, so that what waits does not wait for ever. */
const patienceMs = 2_000
const busyMs = 50
/** The wait after a failure, and the longest after many. */
const firstBackoffMs = 500
const maxBackoffMs = 30_000
/** Calls that are so far behind their facts are told of, seconds. */
const degradedSeconds = 60

export interface FolderOptions {
  /** Throws NotConnectedError while Postgres has not been reached. */
  pool: () => pg.Pool
  log: Log
  /** userData holds nothing personal. */
  showUserData: boolean
  /** Whether callbacks wait for Postgres: they go first. */
  busy?: () => boolean
  /** Something was folded. */
  onFolded?: () => void
  limits?: FoldLimits
}

/**
 * Keeps ops.calls up with the facts, off the path of callbacks: on a connection of its own, in short batches, and
 * standing back while there is much to store. Of several receivers one folds at a time; any may take over at any time.
 */
export class Folder {
  readonly #options: FolderOptions
  readonly #runner: FoldRunner
  readonly #stopping = new AbortController()
  readonly #warn: (fields: object) => void
  readonly #ownUp: (fields: object) => void
  #running: Promise<void> | undefined
  #client: pg.PoolClient | undefined
  #startedAt = performance.now()
  #woken = false
  #asleep: AbortController | undefined
  #failures = 0

  constructor(options: FolderOptions) {
    const { log, showUserData, limits } = options
    this.#options = options
    this.#runner = new FoldRunner({ tables: new FoldTables(showUserData), log, ...(limits ? { limits } : {}) })
    this.#warn = sparingly((fields) => log.warn(fields, 'calls could not be computed, it will be tried again'), 60_000)
    this.#ownUp = sparingly((fields) => log.error(fields, 'a statement of the fold failed: please report'), 60_000)
  }

  get progress(): Readonly<FoldProgress> {
    return this.#runner.progress
  }

  /** Seconds that the oldest fact waits, or may wait where nobody has looked for long. */
  get lagSeconds(): number {
    const { age, waiting, lookedAt } = this.progress
    const since = (performance.now() - (lookedAt ?? this.#startedAt)) / 1000
    if (waiting > 0 && age > 0) return age + since
    return since * 1000 > 5 * pollMs ? since : 0
  }

  /** What is wrong, for /readyz: nothing here keeps callbacks from being taken. */
  get degraded(): string[] {
    const lag = this.lagSeconds
    const { failed } = this.progress
    return [
      ...(lag > degradedSeconds ? [`calls are ${Math.round(lag)} s behind what is stored`] : []),
      ...(failed > 0 ? [`${failed} calls cannot be computed, the log says why`] : []),
    ]
  }

  start(): void {
    this.#startedAt = performance.now()
    this.#running = this.#run()
  }

  /** There is something to fold. */
  readonly wake = (): void => {
    this.#woken = true
    this.#asleep?.abort()
  }

  /** Stops after the batch under way, or in its midst after `timeoutMs`: what is not committed is folded again. */
  async stop(timeoutMs = 2_000): Promise<void> {
    this.#stopping.abort()
    const running = this.#running ?? Promise.resolve()
    if (
      await within(
        timeoutMs,
        running.then(() => true),
      )
    )
      return
    await this.#client?.end()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#woken = false
      const outcome = await this.#fold()
      if (outcome === 'failed') await this.#sleep(backoffMs(this.#failures, firstBackoffMs, maxBackoffMs))
      if (outcome === 'taken') await this.#sleep(pollMs)
      if (outcome === 'done') await this.#sleep(pauseMs)
      if (outcome === 'done' && !this.#woken) await this.#sleep(pollMs, { wakes: true })
    }
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted
  }

  async #fold(): Promise<Outcome | 'failed'> {
    const { folded } = this.progress
    try {
      const outcome = await withClient(this.#options.pool(), async (client) => {
        this.#client = client
        return this.#runner.run(client, () => this.#mayGoOn())
      })
      this.#failures = 0
      return outcome
    } catch (error) {
      if (error instanceof NotConnectedError) return 'done'
      if (this.#stopped) return 'done'
      this.#failures++
      const say = classify(error) === 'our_mistake' ? this.#ownUp : this.#warn
      say({ err: publicError(error) })
      return 'failed'
    } finally {
      this.#client = undefined
      if (this.progress.folded > folded) this.#options.onFolded?.()
    }
  }

  /** Waits while callbacks wait. */
  async #mayGoOn(): Promise<boolean> {
    const until = performance.now() + patienceMs
    while (this.#options.busy?.() && performance.now() < until && !this.#stopped) await this.#sleep(busyMs)
    return !this.#stopped
  }

  async #sleep(ms: number, { wakes = false } = {}): Promise<void> {
    this.#asleep = wakes ? new AbortController() : undefined
    const signals = [this.#stopping.signal, ...(this.#asleep ? [this.#asleep.signal] : [])]
    await sleep(ms, undefined, { signal: AbortSignal.any(signals) }).catch(() => {})
  }
}
