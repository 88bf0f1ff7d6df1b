import type { CallEventRow } from '../rtc/call-event.ts'
import type { CdrRow } from '../rtc/cdr.ts'
import { classify, isMissingPartition, opensBreaker, publicError } from '../store/errors.ts'
import type { Postgres } from '../store/postgres.ts'
import type { Breaker } from './breaker.ts'
import { noteOnRecord } from './check.ts'
import { commitGroup, type Table } from './commit.ts'
import type { Item, Origin, QuarantineNote, Settled } from './item.ts'
import type { Ledger } from './ledger.ts'
import { type Log, sparingly } from './log.ts'

export interface LaneLimits {
  /** Groups in flight at a time: one commits while the next is being prepared. */
  groups: number
  /** Records and bytes of one group. */
  groupRows: number
  groupBytes: number
  /** Records and bytes that may wait; what comes beyond goes to the spool. */
  queueRows: number
  queueBytes: number
}

export const laneLimits: LaneLimits = {
  groups: 2,
  groupRows: 500,
  groupBytes: 4 * 1024 * 1024,
  queueRows: 20_000,
  // When Postgres goes away all of it goes to the spool at once, which takes 32 MiB of both lanes together.
  queueBytes: 16 * 1024 * 1024,
}

/**
 * The way of one table's records into Postgres: group commit across callbacks. There is no timer: while groups are in
 * flight the next one gathers, so that an idle receiver answers at once and a busy one writes many rows a commit.
 */
export class Lane {
  readonly #table: Table
  readonly #postgres: Postgres
  readonly #breaker: Breaker
  readonly #ledger: Ledger
  readonly #limits: LaneLimits
  readonly #warn: (fields: object) => void
  readonly #ownUpTo: (fields: object) => void
  readonly #inFlight = new Set<readonly Item[]>()
  #queue: Item[] = []
  #queuedBytes = 0
  #scheduled = false
  #whenIdle: (() => void)[] = []
  #mistake: string | undefined
  readonly #passed = { rows: 0, notes: 0 }

  constructor(table: Table, postgres: Postgres, breaker: Breaker, ledger: Ledger, log: Log, limits = laneLimits) {
    this.#table = table
    this.#postgres = postgres
    this.#breaker = breaker
    this.#ledger = ledger
    this.#limits = limits
    this.#warn = sparingly((fields) => log.warn(fields, 'Postgres did not take a group'))
    this.#ownUpTo = sparingly((fields) => log.error(fields, 'a statement of the receiver failed: please report'))
  }

  /** What is wrong with a statement of ours or with the table; undefined again once a group has gone through. */
  get mistake(): string | undefined {
    return this.#mistake
  }

  /** How many items like this one have gone through: by the same statement, that is. */
  passed({ fate }: Item): number {
    return 'note' in fate ? this.#passed.notes : this.#passed.rows
  }

  get rows(): number {
    return this.#queue.length
  }

  get isFull(): boolean {
    return this.#queue.length >= this.#limits.queueRows || this.#queuedBytes >= this.#limits.queueBytes
  }

  push(items: readonly Item[]): void {
    for (const item of items) {
      this.#queue.push(item)
      this.#queuedBytes += item.bytes
    }
    this.#schedule()
  }

  /** Hands everything back to where it came from. What Postgres may yet say of the groups in flight, nobody hears. */
  clear(): void {
    const queue = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    for (const group of [...this.#inFlight, queue]) turnAway(group)
    this.#tellIdle()
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (!this.#isIdle) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  get #isIdle(): boolean {
    return this.#queue.length === 0 && this.#inFlight.size === 0
  }

  #tellIdle(): void {
    if (this.#isIdle) for (const resolve of this.#whenIdle.splice(0)) resolve()
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

  #nextGroup(): Item[] {
    const { groupRows, groupBytes } = this.#limits
    let rows = 0
    let bytes = 0
    for (const item of this.#queue) {
      if (rows > 0 && (rows >= groupRows || bytes + item.bytes > groupBytes)) break
      rows++
      bytes += item.bytes
    }
    this.#queuedBytes -= bytes
    return this.#queue.splice(0, rows)
  }

  async #fly(group: Item[]): Promise<void> {
    this.#inFlight.add(group)
    await this.#commit(group, 2)
    this.#inFlight.delete(group)
    if (this.#queue.length > 0) this.#schedule()
    this.#tellIdle()
  }

  async #commit(items: readonly Item[], attempts: number): Promise<void> {
    // Some may have been spooled while they waited, or handed back while their neighbours were tried.
    const group = items.filter(({ claimed }) => !claimed)
    if (group.length === 0) return
    const started = performance.now()
    try {
      const outcomes = await this.#postgres.withClient(async (client, context) => {
        await context.partitions.ensure(client, this.#table.name, times(this.#table, group))
        return commitGroup(client, context, this.#table, group, admits)
      })
      this.#ledger.group(this.#table.name, group.length, (performance.now() - started) / 1000)
      this.#mistake = undefined
      for (const [item, outcome] of outcomes) {
        this.#passed['note' in item.fate ? 'notes' : 'rows']++
        settle(item, outcome)
      }
    } catch (error) {
      await this.#recover(group, error, attempts)
    }
  }

  async #recover(group: readonly Item[], error: unknown, attempts: number): Promise<void> {
    if (isMissingPartition(error)) this.#postgres.partitions.forget()
    const kind = classify(error)

    if (kind === 'retry' && attempts > 0) return this.#commit(group, attempts - 1)
    if (kind === 'bad_record') return this.#bisect(group, error)
    if (kind === 'our_mistake') return this.#ownUp(group, error)

    this.#warn({ err: publicError(error), records: group.length })
    if (opensBreaker(error)) this.#breaker.open(publicError(error).message)
    turnAway(group)
  }

  /** A record that Postgres refuses must not hold up its neighbours: halves commit separately until it stands alone. */
  async #bisect(group: readonly Item[], error: unknown): Promise<void> {
    const [item] = group
    if (group.length > 1 || !item) return this.#halves(group)
    if ('note' in item.fate) return this.#ownUp(group, error)
    const { code } = publicError(error)
    const errors = [{ pointer: '', message: `Postgres refused the record with SQLSTATE ${code}` }]
    const note = noteOnRecord(item.kind, 'refused_by_postgres', errors, item.record)
    if (admits(item, note)) {
      item.fate = { note }
      await this.#commit(group, 2)
    } else {
      settle(item, 'refused')
    }
  }

  /** An error that no record and no outage explains: loud, and the records are kept. */
  async #ownUp(group: readonly Item[], error: unknown): Promise<void> {
    this.#ownUpTo({ err: publicError(error), records: group.length })
    this.#ledger.ourMistake()
    this.#mistake = publicError(error).message
    turnAway(group.filter(({ origin }) => !origin.failAlone))
    const rest = group.filter(({ claimed }) => !claimed)
    if (rest.length > 1) return this.#halves(rest)
    for (const item of rest) {
      item.claimed = true
      item.origin.failAlone?.(item, error)
    }
  }

  async #halves(group: readonly Item[]): Promise<void> {
    const middle = group.length >> 1
    await this.#commit(group.slice(0, middle), 2)
    await this.#commit(group.slice(middle), 2)
  }
}

function admits({ origin }: Item, note: QuarantineNote): boolean {
  return origin.admits?.(note) ?? true
}

function times(table: Table, group: readonly Item[]): Set<string> {
  const days = new Set<string>()
  for (const { fate } of group) if ('row' in fate) days.add(table.time(fate.row as CallEventRow | CdrRow))
  return days
}

function settle(item: Item, outcome: Settled): void {
  if (item.claimed) return
  item.claimed = true
  item.origin.settle(item, outcome)
}

/** Hands back, each to where it came from, what nobody has claimed meanwhile. */
function turnAway(group: readonly Item[]): void {
  const byOrigin = new Map<Origin, Item[]>()
  for (const item of group) {
    if (item.claimed) continue
    item.claimed = true
    const items = byOrigin.get(item.origin)
    if (items) items.push(item)
    else byOrigin.set(item.origin, [item])
  }
  for (const [origin, items] of byOrigin) origin.turnAway(items)
}
