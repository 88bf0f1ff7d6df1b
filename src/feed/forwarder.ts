import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type Log, sparingly } from '../lib/log.ts'
import { publicError } from '../store/errors.ts'
import { type FeedEntry, type FeedPage, isGone, readFeed, startOfFeed } from '../store/feed.ts'
import { addDeadLetter, holdForwarder, moveForwarder, releaseForwarder } from '../store/forwarders.ts'
import { withClient } from '../store/pool.ts'
import { NotConnectedError } from '../store/postgres.ts'
import { type Backoff, backoffMs } from './backoff.ts'
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
  backoff: Backoff
}

export const forwarderLimits: ForwarderLimits = {
  window: 1_000,
  concurrency: 16,
  leaseMs: 10_000,
  // With this backoff a quarter of an hour.
  tries: 20,
  backoff: { firstMs: 500, mostMs: 60_000 },
}

/** Entries read at once: callbacks wait while they are taken apart. */
const page = 100
/** How often it is looked for new entries where nobody wakes us, and how often the position is written while it moves. */
const pollMs = 1_000
const saveMs = 1_000
/** While nothing moves: the row need not be written for each look. */
const idleSaveMs = 4_000
/** So many failures in a row are the receiver's and not an entry's: then one at a time is tried, ever more seldom. */
const downAfter = 10
/** The longest pause of a receiver that is away. */
const longestPauseMs = 30_000
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
  readonly #id = randomUUID()
  readonly #stopping = new AbortController()
  readonly #warn: (fields: object) => void
  readonly #warnFailing: (fields: object) => void
  readonly #underWay = new Set<Promise<void>>()
  #running: Promise<void> | undefined
  #window: Window | undefined
  #from: number | undefined
  /** Until when deliveries may begin (performance.now()). */
  #heldUntil = 0
  #savedAt = 0
  #saved = 0
  #failuresInRow = 0
  #pausedUntil = 0
  #succeededAt = Number.NEGATIVE_INFINITY
  #wake: (() => void) | undefined
  #woken = false
  #lost: unknown

  constructor(options: ForwarderOptions) {
    const { log } = options
    this.#options = options
    this.#limits = { ...forwarderLimits, ...options.limits }
    this.#from = options.from
    this.#warn = sparingly((fields) => log.warn(fields, 'forwarding had to stop, it will be tried again'), 60_000)
    this.#warnFailing = sparingly(
      (fields) =>
        log.warn(fields, 'the address that is forwarded to does not take what it gets, it will be tried again'),
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
    this.#woken = true
    this.#wake?.()
  }

  /** Waits for what is on its way, but no longer than `timeoutMs`, and notes how far it came. */
  async stop(timeoutMs = 2_000): Promise<void> {
    this.#stopping.abort()
    this.wake()
    const timer = setTimeout(() => this.#options.sender.close(), timeoutMs)
    await this.#running
    clearTimeout(timer)
    this.#options.sender.close()
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      try {
        await this.#hold()
        failures = 0
        if (!this.#window) await this.#wait(pollMs)
        else await this.#forward(this.#window)
      } catch (error) {
        if (!(error instanceof NotConnectedError)) this.#warn({ err: publicError(error) })
        await this.#wait(backoffMs({ firstMs: 500, mostMs: longestPauseMs }, ++failures))
      } finally {
        await this.#letGo()
      }
    }
  }

  async #hold(): Promise<void> {
    const asked = performance.now()
    const position = await this.#query((client) =>
      holdForwarder(client, this.#options.name, this.#id, this.#leaseMs, this.#from),
    )
    if (position === undefined) return
    this.#from = undefined
    this.#window = new Window(position)
    this.#saved = position
    this.#savedAt = asked
    this.#heldUntil = asked + this.#leaseMs
    this.progress.isHeld = true
  }

  get #leaseMs(): number {
    return this.#options.sender.timeoutMs + this.#limits.leaseMs
  }

  async #forward(window: Window): Promise<void> {
    this.#lost = undefined
    for (let readAt = Number.NEGATIVE_INFINITY; !this.#stopped; ) {
      if (this.#lost !== undefined) throw this.#lost
      if (!(await this.#save(window))) return
      const room = this.#limits.window - window.size
      if (room > this.#limits.window / 2 && (this.#woken || performance.now() - readAt >= pollMs)) {
        this.#woken = false
        const found = await this.#read(window)
        if (!found) return
        // There may be more at once.
        if (found.position > window.read) this.#woken = true
        window.add(found.entries, found.position)
        readAt = performance.now()
      }
      await this.#giveWay()
      this.#begin(window)
      if (this.#woken && this.#limits.window - window.size > this.#limits.window / 2) continue
      const now = performance.now()
      // Where all slots are taken, whoever is done wakes us.
      const later = this.#underWay.size >= this.#slots ? undefined : window.dueAt
      const due = this.#pausedUntil > now ? this.#pausedUntil : (later ?? Number.POSITIVE_INFINITY)
      await this.#wait(Math.min(pollMs, Math.max(1, due - now)))
    }
  }

  /** Undefined where entries are gone before they were delivered. */
  async #read(window: Window): Promise<FeedPage | undefined> {
    const { masked = false, log } = this.#options
    try {
      return await this.#query((client) => readFeed(client, window.read, page, { masked }))
    } catch (error) {
      if (!isGone(error)) throw error
      const start = await this.#query(startOfFeed)
      log.error({ position: window.read, start }, 'entries of the feed are gone by age that were never delivered')
      this.#from = start
      return undefined
    }
  }

  /** Resolves to false where another process delivers now. */
  async #save(window: Window): Promise<boolean> {
    const now = performance.now()
    const { position } = window
    if (now - this.#savedAt < (position === this.#saved ? Math.min(idleSaveMs, this.#leaseMs / 3) : saveMs)) return true
    const { name } = this.#options
    if (!(await this.#query((client) => moveForwarder(client, name, this.#id, this.#leaseMs, position)))) return false
    this.#heldUntil = now + this.#leaseMs
    this.#savedAt = now
    this.#saved = position
    return true
  }

  /** Begins as many deliveries as may be under way. */
  #begin(window: Window): void {
    const now = performance.now()
    // None that could end after somebody else has taken over.
    if (this.#stopped || now + this.#options.sender.timeoutMs > this.#heldUntil || now < this.#pausedUntil) return
    while (this.#underWay.size < this.#slots) {
      const pending = window.next(now)
      if (!pending) return
      if (this.#options.wants && !this.#options.wants(pending.entry)) {
        window.done(pending)
        continue
      }
      const delivery = this.#deliver(window, pending)
        .catch((error: unknown) => {
          this.#lost = error
        })
        .finally(() => {
          this.#underWay.delete(delivery)
          this.#wake?.()
        })
      this.#underWay.add(delivery)
    }
  }

  /** How many deliveries may be under way. */
  get #slots(): number {
    return this.#failuresInRow >= downAfter ? 1 : this.#limits.concurrency
  }

  async #deliver(window: Window, pending: Pending): Promise<void> {
    const { entry } = pending
    const sent = await this.#options.sender.send(messageOf(entry))
    const now = performance.now()
    if (sent.ok) {
      this.#failuresInRow = 0
      this.#pausedUntil = 0
      this.#succeededAt = now
      this.progress.delivered++
      window.done(pending)
      this.#options.onDelivered?.(entry)
      return
    }
    this.progress.failed++
    pending.tries++
    pending.failedAt ??= now
    const { tries, backoff } = this.#limits
    if (++this.#failuresInRow >= downAfter) {
      this.#warnFailing({ error: sent.error, failures: this.#failuresInRow })
      const pause = { firstMs: backoff.firstMs, mostMs: Math.min(longestPauseMs, backoff.mostMs) }
      this.#pausedUntil = now + backoffMs(pause, this.#failuresInRow - downAfter + 1)
    }
    if (pending.tries >= tries && this.#succeededAt > pending.failedAt) {
      await this.#query((client) => addDeadLetter(client, this.#options.name, entry, pending.tries, sent.error))
      this.progress.deadLetters++
      window.done(pending)
    } else window.again(pending, now + Math.max(backoffMs(backoff, pending.tries), sent.retryAfterMs ?? 0))
  }

  async #letGo(): Promise<void> {
    await Promise.all(this.#underWay)
    const { position } = this.#window ?? {}
    this.#window = undefined
    this.progress.isHeld = false
    if (position === undefined) return
    // Where Postgres is away the lease runs out by itself.
    await this.#query((client) => releaseForwarder(client, this.#options.name, this.#id, position)).catch(() => {})
  }

  async #giveWay(): Promise<void> {
    const until = performance.now() + patienceMs
    while (this.#options.busy?.() && performance.now() < until && !this.#stopped) await sleep(busyMs)
  }

  async #query<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return withClient(this.#options.pool(), work)
  }

  async #wait(ms: number): Promise<void> {
    if (this.#woken && this.#window === undefined) this.#woken = false
    if (this.#stopped) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, ms)
    })
    this.#wake = undefined
    clearTimeout(timer)
  }
}
