import type pg from 'pg'
import { type Log, sparingly } from '../lib/log.ts'
import { classify, isMissingPartition, opensBreaker, type PublicError, publicError } from '../store/errors.ts'
import type { CommitContext, Postgres } from '../store/postgres.ts'
import type { Breaker } from './breaker.ts'
import type { Entry, Outcome } from './entry.ts'
import type { Ledger } from './ledger.ts'

/** What a batch writes to. */
export interface Destination {
  /** Label in metrics. */
  readonly name: string
  /**
   * Commits a group and says what became of each entry, in its order. All or nothing: when it rejects, nothing of the
   * group is known to be stored. Rejects with what Postgres or its driver threw.
   */
  store(client: pg.ClientBase, context: CommitContext, group: readonly Entry[]): Promise<Outcome[]>
  /** Keeps an entry that Postgres refuses for its content. Absent where that says something about us. */
  refused?(client: pg.ClientBase, context: CommitContext, entry: Entry, code: string): Promise<Outcome>
}

/**
 * Why an entry is not known to be in Postgres: it was not there in time, too much waits for it already, it is away, or
 * a statement of ours failed. It may get there all the same.
 */
export type NotStored = 'late' | 'full' | 'away' | 'failed'

/** What became of an entry as far as this batch is concerned: one of the two. */
export interface Settled {
  readonly entry: Entry
  readonly outcome?: Outcome
  readonly notStored?: { why: NotStored; error?: PublicError }
}

export interface BatchLimits {
  /** Groups in flight at a time: one commits while the next is being prepared. */
  groups: number
  /** Records and bytes of one group. */
  groupRows: number
  groupBytes: number
  /** Records and bytes that may wait; callers with a deadline are told `full` beyond. */
  queueRows: number
  queueBytes: number
}

/**
 * Group commit across callbacks. There is no timer: while groups are in flight the next one gathers, so that an idle
 * receiver answers at once and a busy one writes many rows a commit.
 */
export class Batch {
  readonly #destination: Destination
  readonly #postgres: Postgres
  readonly #breaker: Breaker
  readonly #ledger: Ledger
  readonly #limits: BatchLimits
  readonly #warn: (fields: object) => void
  readonly #ownUpTo: (fields: object) => void
  readonly #inFlight = new Set<readonly Pending[]>()
  #queue: Pending[] = []
  #queuedBytes = 0
  #scheduled = false
  #mistake: string | undefined
  #committed = 0
  /** Of the last hundred calls of `add`, about, the share that found every group in flight. */
  #waiting = 0

  constructor(
    destination: Destination,
    parts: { postgres: Postgres; breaker: Breaker; ledger: Ledger; log: Log },
    limits: BatchLimits,
  ) {
    const { postgres, breaker, ledger, log } = parts
    this.#destination = destination
    this.#postgres = postgres
    this.#breaker = breaker
    this.#ledger = ledger
    this.#limits = limits
    this.#warn = sparingly((fields) => log.warn(fields, 'Postgres did not take a group'))
    this.#ownUpTo = sparingly((fields) => log.error(fields, 'a statement of the receiver failed: please report'))
    breaker.onOpen(() => this.giveUp())
  }

  /** The table it writes to. */
  get name(): string {
    return this.#destination.name
  }

  /** What is wrong with a statement of ours or with the table; undefined again once a group has gone through. */
  get mistake(): string | undefined {
    return this.#mistake
  }

  /** How many entries have gone through. */
  get committed(): number {
    return this.#committed
  }

  /** How many wait for their group. */
  get rows(): number {
    return this.#queue.length
  }

  /** Whether most callbacks have to wait for a group: what else there is to do can wait. */
  get isBusy(): boolean {
    return this.#inFlight.size > 0 && this.#waiting > 0.5
  }

  /**
   * Resolves when it is known what became of each entry, or is to be known here: `withinMs` is how long the caller
   * waits for Postgres. Without it, as long as it takes until Postgres has taken or refused each one, a group that fails
   * by a mistake of ours being taken apart until it is known which ones do.
   */
  add(entries: readonly Entry[], withinMs?: number): Promise<readonly Settled[]> {
    if (entries.length === 0) return Promise.resolve([])
    if (withinMs !== undefined && this.#isFull)
      return Promise.resolve(entries.map((entry) => ({ entry, notStored: { why: 'full' } })))
    const mustWait = this.#inFlight.size >= this.#limits.groups
    this.#waiting += (Number(mustWait) - this.#waiting) / 100
    return new Promise((resolve) => {
      const pending = pend(entries, withinMs, resolve)
      for (const one of pending) {
        this.#queue.push(one)
        this.#queuedBytes += one.entry.bytes
      }
      this.#schedule()
    })
  }

  /** Postgres is away: nobody waits any longer. What becomes of the groups in flight is ignored. */
  giveUp(): void {
    const queue = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    for (const group of [...this.#inFlight, queue]) settleAll(group, { why: 'away' })
  }

  get #isFull(): boolean {
    return this.#queue.length >= this.#limits.queueRows || this.#queuedBytes >= this.#limits.queueBytes
  }

  /** Starts after the callbacks that came in the same turn of the event loop, so that they share a group. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight.size >= this.#limits.groups) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#inFlight.size < this.#limits.groups && this.#queue.length > 0) void this.#fly(this.#nextGroup())
    })
  }

  #nextGroup(): Pending[] {
    const { groupRows, groupBytes } = this.#limits
    let rows = 0
    let bytes = 0
    for (const { entry } of this.#queue) {
      if (rows > 0 && (rows >= groupRows || bytes + entry.bytes > groupBytes)) break
      rows++
      bytes += entry.bytes
    }
    this.#queuedBytes -= bytes
    return this.#queue.splice(0, rows)
  }

  async #fly(group: Pending[]): Promise<void> {
    this.#inFlight.add(group)
    await this.#commit(group, 2)
    this.#inFlight.delete(group)
    if (this.#queue.length > 0) this.#schedule()
  }

  async #commit(pending: readonly Pending[], attempts: number): Promise<void> {
    // For some the time may have run out while they waited.
    const group = pending.filter(isOpen)
    if (group.length === 0) return
    const entries = group.map(({ entry }) => entry)
    const started = performance.now()
    try {
      const outcomes = await this.#postgres.withClient((client, context) =>
        this.#destination.store(client, context, entries),
      )
      this.#ledger.metrics.group(this.#destination.name, group.length, (performance.now() - started) / 1000)
      this.#mistake = undefined
      this.#committed += group.length
      for (const [i, one] of group.entries()) settle(one, outcomes[i] as Outcome)
    } catch (error) {
      await this.#recover(group, error, attempts)
    }
  }

  async #recover(group: readonly Pending[], error: unknown, attempts: number): Promise<void> {
    if (isMissingPartition(error)) this.#postgres.partitions.forget()
    const kind = classify(error)

    if (kind === 'retry' && attempts > 0) return this.#commit(group, attempts - 1)
    if (kind === 'bad_record') return this.#bisect(group, error)
    if (kind === 'our_mistake') return this.#ownUp(group, error)

    this.#warn({ err: publicError(error), records: group.length })
    if (opensBreaker(error)) this.#breaker.open(publicError(error).message)
    settleAll(group, { why: 'away' })
  }

  /** A record that Postgres refuses must not hold up its neighbors: halves commit separately until it stands alone. */
  async #bisect(group: readonly Pending[], error: unknown): Promise<void> {
    const [one] = group
    if (group.length > 1 || !one) return this.#halves(group)
    const { refused } = this.#destination
    if (!refused) return this.#ownUp(group, error)
    try {
      const code = publicError(error).code ?? ''
      const outcome = await this.#postgres.withClient((client, context) => refused(client, context, one.entry, code))
      settle(one, outcome)
    } catch (another) {
      // Of a note that is refused as well, the class says nothing about the record.
      if (classify(another) === 'away') await this.#recover(group, another, 0)
      else await this.#ownUp(group, another)
    }
  }

  /** An error that no record and no outage explains: loud. Whoever has the time learns whose record it is. */
  async #ownUp(group: readonly Pending[], error: unknown): Promise<void> {
    const reason = publicError(error)
    this.#ownUpTo({ err: reason, records: group.length })
    this.#ledger.metrics.ourMistake()
    this.#mistake = reason.message
    settleAll(
      group.filter(({ isPressed }) => isPressed),
      { why: 'failed', error: reason },
    )
    const rest = group.filter(isOpen)
    if (rest.length > 1) await this.#halves(rest)
    else settleAll(rest, { why: 'failed', error: reason })
  }

  async #halves(group: readonly Pending[]): Promise<void> {
    const middle = group.length >> 1
    await this.#commit(group.slice(0, middle), 2)
    await this.#commit(group.slice(middle), 2)
  }
}

/** An entry on its way, until it is settled. */
interface Pending extends Settled {
  outcome?: Outcome
  notStored?: NonNullable<Settled['notStored']>
  /** Whether the caller has a deadline. */
  readonly isPressed: boolean
  /** To be called once one of the two is known. */
  readonly done: () => void
}

/** The entries of one call of `add`, which `resolve` answers when all are settled, in time or not. */
function pend(
  entries: readonly Entry[],
  withinMs: number | undefined,
  resolve: (settled: Settled[]) => void,
): Pending[] {
  let open = entries.length
  const done = () => {
    if (--open > 0) return
    clearTimeout(timer)
    resolve(pending)
  }
  const isPressed = withinMs !== undefined
  const pending = entries.map((entry): Pending => ({ entry, isPressed, done }))
  const timer = isPressed ? setTimeout(() => settleAll(pending, { why: 'late' }), withinMs) : undefined
  return pending
}

function isOpen({ outcome, notStored }: Pending): boolean {
  return outcome === undefined && notStored === undefined
}

/** Only the first counts: what becomes of an entry later is no longer waited for. */
function settle(pending: Pending, outcome: Outcome): void {
  if (!isOpen(pending)) return
  pending.outcome = outcome
  pending.done()
}

function settleAll(group: readonly Pending[], notStored: NonNullable<Settled['notStored']>): void {
  for (const pending of group.filter(isOpen)) {
    pending.notStored = notStored
    pending.done()
  }
}
