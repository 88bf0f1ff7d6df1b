import type pg from 'pg'
import type { Log } from '../lib/log.ts'
import { classify, publicError } from '../store/errors.ts'
import { type Folded, type FoldLimits, foldBatch, foldLimits, putOffSession } from './fold-batch.ts'
import type { Session } from './fold-outcome.ts'
import { FoldQueue, type Waiting } from './fold-queue.ts'
import type { FoldTables } from './fold-tables.ts'
import { TooManyFactsError } from './session-facts.ts'

/**
 * Rows of rtc.unfolded read at once: a session that has several among them is folded once. Fewer where another process
 * folds, and this one only wants to know how it gets on.
 */
const lookRows = 50_000
const glanceRows = 100
/** How often it is noted in the database how far the fold has come. */
const notedMs = 5_000

/** What became of a look: all was folded, there is more at once, or another process is folding. */
export type Outcome = 'done' | 'more' | 'taken'

/** How the fold gets on, as far as this process knows. */
export interface FoldProgress {
  /** Calls computed since the start. */
  folded: number
  /** Sessions that wait, about, and those whose fold has failed. */
  waiting: number
  failed: number
  /** How long the oldest fact had waited when it was looked, seconds; 0 where none waits. */
  age: number
  /** When it was looked (performance.now()); undefined: not yet. */
  lookedAt: number | undefined
}

/** Looks for sessions to fold and folds them, in batches; for a receiver, and for a command. */
export class FoldRunner {
  readonly progress: FoldProgress = { folded: 0, waiting: 0, failed: 0, age: 0, lookedAt: undefined }
  readonly #log: Log
  readonly #tables: FoldTables
  readonly #limits: FoldLimits
  readonly #queue = new FoldQueue()
  #mostSessions: number
  /** Whether this process was the one that folded last. */
  #leads = false
  /** stored_at of the newest fact folded, where that is not in the database yet; and when it was last written there. */
  #reached: number | undefined
  #notedAt = Number.NEGATIVE_INFINITY

  constructor(parts: { tables: FoldTables; log: Log; limits?: FoldLimits }) {
    this.#tables = parts.tables
    this.#log = parts.log
    this.#limits = parts.limits ?? foldLimits
    this.#mostSessions = this.#limits.batchSessions
  }

  /**
   * One look, and batch after batch of what it found. `mayGoOn` is asked before each batch; when it resolves to false the
   * rest is left. Throws what Postgres threw; what was folded by then is.
   */
  async run(client: pg.ClientBase, mayGoOn: () => Promise<boolean> = async () => true): Promise<Outcome> {
    const waiting = await this.#queue.look(client, this.#leads ? lookRows : glanceRows)
    this.#looked(waiting)
    const { sessions } = waiting
    let done = 0
    while (done < sessions.length) {
      if (!(await mayGoOn())) return 'more'
      const batch = sessions.slice(done, done + this.#mostSessions)
      this.#leads = await this.#fold(client, batch)
      if (!this.#leads) return 'taken'
      this.#mostSessions = Math.min(this.#limits.batchSessions, this.#mostSessions * 2)
      done += batch.length
      this.progress.waiting = sessions.length - done + waiting.beyond
    }
    waiting.done()
    this.#reached = waiting.newest ?? this.#reached
    if (waiting.beyond > 0) return 'more'
    this.progress.age = 0
    await this.#note(client)
    return 'done'
  }

  #looked({ now, oldest, sessions, beyond, failed }: Waiting): void {
    Object.assign(this.progress, {
      waiting: sessions.length + beyond,
      failed,
      age: oldest === undefined ? 0 : Math.max(0, now - oldest) / 1000,
      lookedAt: performance.now(),
    })
  }

  /** Resolves to false where another process is folding. */
  async #fold(client: pg.ClientBase, sessions: readonly Session[]): Promise<boolean> {
    const options = { tables: this.#tables, limits: this.#limits }
    try {
      return this.#count(await foldBatch(client, sessions, options))
    } catch (error) {
      const [session] = sessions
      const isSlow = publicError(error).code === '57014'
      if (isSlow) this.#mostSessions = Math.max(1, sessions.length >> 1)
      if (session && sessions.length === 1 && (isSlow || classify(error) === 'bad_record'))
        return this.#count(await putOffSession(client, session, error, options))
      if (!(error instanceof TooManyFactsError) && classify(error) !== 'bad_record') throw error
      const middle = sessions.length >> 1
      return (await this.#fold(client, sessions.slice(0, middle))) && this.#fold(client, sessions.slice(middle))
    }
  }

  #count(folded: Folded | undefined): boolean {
    if (!folded) return false
    this.progress.folded += folded.calls
    for (const { callRef, error } of folded.failed)
      this.#log.error(
        { callRef, err: publicError(error) },
        'a call could not be computed from its facts: please report. It will be tried again',
      )
    return true
  }

  /** The row is not written each time: while an old snapshot is open each change of it stays. */
  async #note(client: pg.ClientBase): Promise<void> {
    if (this.#reached === undefined || performance.now() - this.#notedAt < notedMs) return
    const reached = { storedAt: this.#reached, id: this.#queue.begin }
    await foldBatch(client, [], { tables: this.#tables, limits: this.#limits, reached })
    this.#reached = undefined
    this.#notedAt = performance.now()
  }
}
