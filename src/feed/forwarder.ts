import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { backoffMs } from '../lib/backoff.ts'
import { type Log, sparingly } from '../lib/log.ts'
import { publicError } from '../store/errors.ts'
import { type FeedEntry, isGone, readFeed, startOfFeed } from '../store/feed.ts'
import { addDeadLetter } from '../store/forwarders.ts'
import { withClient } from '../store/pool.ts'
import { NotConnectedError } from '../store/postgres.ts'
import { Lease } from './lease.ts'
import { messageOf } from './message.ts'
import type { Sender } from './sender.ts'
import { type Pending, Window } from './window.ts'

export interface ForwarderLimits {
  /** Entries under way at most: one that fails for long holds up the position, and with it what is kept in memory. */
  window: number
  /** Deliveries at a time. */
  concurrency: number
  /** Beyond the time of a delivery, how long another process waits for one that has gone without a word. */
  leaseMs: number
  /** How often one entry is tried while others get through. */
  tries: number
  /** Wait after the first failure of an entry, and the longest after many. */
  firstBackoffMs: number
  maxBackoffMs: number
}

export const forwarderLimits: ForwarderLimits = {
  window: 1_000,
  concurrency: 16,
  leaseMs: 10_000,
  // With these waits a quarter of an hour.
  tries: 20,
  firstBackoffMs: 500,
  maxBackoffMs: 60_000,
}

/** Entries read at once: callbacks wait while they are taken apart. */
const page = 200
/** How often it is looked for new entries where nobody wakes us. */
const pollMs = 1_000
/** So many failures in a row are the receiver's and not an entry's: then one at a time is tried, ever more seldom. */
const downAfter = 10
/** The longest pause of a receiver that is away, or of Postgres. */
const longestPauseMs = 30_000
/**
 * What comes of one fold is delivered over this time, and not at once: callbacks would wait for it meanwhile. Few entries are
 * not kept waiting for longer than `longestGapMs` each; of a timer that is late, deliveries of `burstMs` are made up for.
 */
const spreadMs = 700
const longestGapMs = 3
const burstMs = 5
/** How long callbacks go first. */
const patienceMs = 2_000
const busyMs = 50

export interface ForwarderOptions {
  /** Throws NotConnectedError while Postgres has not been reached. */
  pool: () => pg.Pool
  /** Under which the position is kept; one process at a time works under it. */
  name: string
  sender: Sender
  log: Log
  /** Begins there instead of where it was. */
  from?: number
  /** Calls only, as they are masked. */
  masked?: boolean
  /** Others are passed over. */
  wants?: (entry: FeedEntry) => boolean
  onDelivered?: (entry: FeedEntry) => void
  /** Whether callbacks wait: they go first. */
  busy?: () => boolean
  limits?: Partial<ForwarderLimits>
}

/**
 * Delivers the feed to one address, each entry at least once, those of a call in order. What fails is tried again; what is
 * refused while others get through becomes a dead letter; while nothing gets through, all waits.
 */
export class Forwarder {
  readonly progress = { delivered: 0, failed: 0, deadLetters: 0, isHeld: false }
  readonly #options: ForwarderOptions
  readonly #limits: ForwarderLimits
  readonly #lease: Lease
  readonly #warn: (fields: object) => void
  readonly #warnFailing: (fields: object) => void
  readonly #underWay = new Set<Promise<void>>()
  #running: Promise<void> | undefined
  #window: Window | undefined
  #from: number | undefined
  #failuresInRow = 0
  /** How often it had to stop since the feed was read last. */
  #stops = 0
  #pausedUntil = 0
  /** When the next delivery may begin. */
  #nextAt = 0
  #succeededAt = Number.NEGATIVE_INFINITY
  /** Whether there may be entries that were not read. */
  #isNews = false
  #isStopped = false
  #wakeUp: (() => void) | undefined

  constructor(options: ForwarderOptions) {
    const { log, limits, from, name, sender } = options
    this.#options = options
    this.#limits = { ...forwarderLimits, ...limits }
    const { leaseMs } = this.#limits
    this.#lease = new Lease({ query: (work) => this.#query(work), name, deliveryMs: sender.timeoutMs, leaseMs })
    this.#from = from
    this.#warn = sparingly((fields) => log.warn(fields, 'forwarding had to stop, it will be tried again'), 60_000)
    this.#warnFailing = sparingly(
      (fields) => log.warn(fields, 'the application behind does not take what is forwarded, it will be tried again'),
      60_000,
    )
  }

  /** Seconds that the oldest entry has waited that is read and not delivered. */
  get lagSeconds(): number {
    const oldest = this.#window?.oldest
    return oldest ? Math.max(0, Date.now() - Date.parse(oldest.at)) / 1000 : 0
  }

  start(): void {
    this.#running = this.#run()
  }

  /** There may be new entries. */
  wake(): void {
    this.#isNews = true
    this.#wakeUp?.()
  }

  /** Waits for what is on its way, but no longer than `timeoutMs`, and notes how far it came. */
  async stop(timeoutMs = 2_000): Promise<void> {
    const { sender } = this.#options
    this.#isStopped = true
    this.#wakeUp?.()
    const timer = setTimeout(() => sender.close(), timeoutMs)
    await this.#running
    clearTimeout(timer)
    sender.close()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        const position = await this.#lease.hold(this.#from)
        if (position === undefined) await this.#sleep(pollMs)
        else {
          this.#from = undefined
          await this.#forward(new Window(position))
        }
      } catch (error) {
        if (!(error instanceof NotConnectedError)) this.#warn({ err: publicError(error) })
        await this.#sleep(backoffMs(++this.#stops, this.#limits.firstBackoffMs, longestPauseMs))
      }
    }
  }

  /** Until it is stopped, or another process delivers. */
  async #forward(window: Window): Promise<void> {
    this.#window = window
    this.progress.isHeld = true
    this.#isNews = true
    let readAt = 0
    try {
      while (!this.#isStopped && (await this.#lease.renew(window.position))) {
        if (performance.now() - readAt >= pollMs) this.#isNews = true
        if (this.#isNews && window.size <= this.#limits.window / 2) {
          readAt = performance.now()
          this.#isNews = false
          if (!(await this.#read(window))) return
        }
        await this.#giveWay()
        this.#begin(window)
        if (!this.#isNews || window.size > this.#limits.window / 2) await this.#sleep(this.#pause(window))
      }
    } finally {
      await Promise.all(this.#underWay)
      this.#window = undefined
      this.progress.isHeld = false
      await this.#lease.release(window.position)
    }
  }

  /** Resolves to false where entries were gone before they were delivered: the rest has to be begun again. */
  async #read(window: Window): Promise<boolean> {
    const { masked = false, log } = this.#options
    try {
      const entries = await this.#query((client) => readFeed(client, window.read, page, { masked }))
      window.add(entries)
      this.#stops = 0
      if (entries.length > 0) this.#isNews = true
      return true
    } catch (error) {
      if (!isGone(error)) throw error
      this.#from = await this.#query(startOfFeed)
      log.error({ position: window.read, next: this.#from }, 'entries of the feed expired before they were delivered')
      return false
    }
  }

  /** Begins as many deliveries as may be under way, and none that could end after another process has taken over. */
  #begin(window: Window): void {
    const now = performance.now()
    if (this.#isStopped || !this.#lease.coversDelivery(now) || now < this.#pausedUntil) return
    const gapMs = Math.min(longestGapMs, spreadMs / window.size)
    this.#nextAt = Math.max(this.#nextAt, now - burstMs)
    while (this.#underWay.size < this.#slots && this.#nextAt <= now) {
      const pending = window.next(now)
      if (!pending) return
      if (this.#options.wants?.(pending.entry) === false) {
        window.done(pending)
        continue
      }
      this.#nextAt += gapMs
      const delivery = this.#deliver(window, pending).finally(() => {
        this.#underWay.delete(delivery)
        this.#wakeUp?.()
      })
      this.#underWay.add(delivery)
    }
  }

  get #slots(): number {
    return this.#failuresInRow >= downAfter ? 1 : this.#limits.concurrency
  }

  async #deliver(window: Window, pending: Pending): Promise<void> {
    const { entry } = pending
    const sent = await this.#options.sender.send(messageOf(entry))
    if (sent.ok) {
      this.#failuresInRow = 0
      this.#pausedUntil = 0
      this.#succeededAt = performance.now()
      this.progress.delivered++
      window.done(pending)
      this.#options.onDelivered?.(entry)
    } else if (await this.#isGivenUp(pending, sent.error)) window.done(pending)
    else {
      const { firstBackoffMs, maxBackoffMs } = this.#limits
      const wait = Math.max(backoffMs(pending.tries, firstBackoffMs, maxBackoffMs), sent.retryAfterMs ?? 0)
      window.again(pending, performance.now() + wait)
    }
  }

  /** Counts a failure. Resolves to true where the entry has become a dead letter. */
  async #isGivenUp(pending: Pending, error: string): Promise<boolean> {
    const { tries, firstBackoffMs, maxBackoffMs } = this.#limits
    const now = performance.now()
    this.progress.failed++
    pending.tries++
    pending.failedAt ??= now
    if (++this.#failuresInRow >= downAfter) {
      this.#warnFailing({ error, failures: this.#failuresInRow })
      const most = Math.min(longestPauseMs, maxBackoffMs)
      this.#pausedUntil = now + backoffMs(this.#failuresInRow - downAfter + 1, firstBackoffMs, most)
    }
    if (pending.tries < tries || this.#succeededAt < pending.failedAt) return false
    try {
      await this.#query((client) => addDeadLetter(client, this.#options.name, pending.entry, pending.tries, error))
      this.progress.deadLetters++
      return true
    } catch {
      return false // without Postgres it is tried again instead
    }
  }

  async #giveWay(): Promise<void> {
    const until = performance.now() + patienceMs
    while (this.#options.busy?.() && performance.now() < until && !this.#isStopped) await sleep(busyMs)
  }

  #query<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return withClient(this.#options.pool(), work)
  }

  /** How long there is nothing to do, unless a delivery ends or there is news. */
  #pause(window: Window): number {
    const now = performance.now()
    const isFull = this.#underWay.size >= this.#slots
    const due = isFull ? Number.POSITIVE_INFINITY : Math.max(this.#nextAt, window.dueAt)
    return Math.min(pollMs, Math.max(1, Math.max(due, this.#pausedUntil) - now))
  }

  /** Ends when there is something to do. */
  async #sleep(ms: number): Promise<void> {
    if (this.#isStopped) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve
      timer = setTimeout(resolve, ms)
    })
    this.#wakeUp = undefined
    clearTimeout(timer)
  }
}
