import { classify, isMissingPartition, opensBreaker, publicError } from '../store/errors.ts'
import type { Postgres } from '../store/postgres.ts'
import type { Breaker } from './breaker.ts'
import { commitGroup, type Table } from './commit.ts'
import { noteOnRecord } from './inspect.ts'
import type { Item, Origin } from './item.ts'
import type { Ledger } from './ledger.ts'
import type { Log } from './log.ts'

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
  queueBytes: 64 * 1024 * 1024,
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
  readonly #log: Log
  readonly #limits: LaneLimits
  #queue: Item[] = []
  #queuedBytes = 0
  #inFlight = 0
  #scheduled = false
  #whenIdle: (() => void)[] = []

  constructor(table: Table, postgres: Postgres, breaker: Breaker, ledger: Ledger, log: Log, limits = laneLimits) {
    this.#table = table
    this.#postgres = postgres
    this.#breaker = breaker
    this.#ledger = ledger
    this.#log = log
    this.#limits = limits
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

  /** Hands everything that is not in flight yet back to where it came from. */
  turnAwayQueued(): void {
    const items = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    turnAway(items)
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#queue.length > 0 || this.#inFlight > 0)
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  /** Starts after the callbacks that came in the same turn of the event loop, so that they share a group. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= this.#limits.groups) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#inFlight < this.#limits.groups && this.#queue.length > 0) void this.#fly(this.#nextGroup())
    })
  }

  #nextGroup(): Item[] {
    const group: Item[] = []
    let bytes = 0
    let taken = 0
    for (const item of this.#queue) {
      if (group.length > 0 && (group.length >= this.#limits.groupRows || bytes + item.bytes > this.#limits.groupBytes))
        break
      taken++
      this.#queuedBytes -= item.bytes
      if (item.claimed) continue
      group.push(item)
      bytes += item.bytes
    }
    this.#queue.splice(0, taken)
    return group
  }

  async #fly(group: Item[]): Promise<void> {
    this.#inFlight++
    if (group.length > 0) await this.#commit(group, 2)
    this.#inFlight--
    if (this.#queue.length > 0) this.#schedule()
    else if (this.#inFlight === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  async #commit(group: Item[], attempts: number): Promise<void> {
    const started = performance.now()
    try {
      const outcomes = await this.#postgres.withClient(async (client, context) => {
        await context.partitions.ensure(client, this.#table.name, times(this.#table, group))
        return commitGroup(client, context, this.#table, group)
      })
      this.#ledger.group(this.#table.name, group.length, (performance.now() - started) / 1000)
      for (const [item, outcome] of outcomes) {
        if (item.claimed) continue
        item.claimed = true
        item.origin.settle(item, outcome)
      }
    } catch (error) {
      await this.#recover(group, error, attempts)
    }
  }

  async #recover(group: Item[], error: unknown, attempts: number): Promise<void> {
    if (isMissingPartition(error)) this.#postgres.partitions.forget()
    const kind = classify(error)

    if (kind === 'retry' && attempts > 0) return this.#commit(group, attempts - 1)
    if (kind === 'bad_record') return this.#bisect(group, error)
    if (kind === 'our_mistake') return this.#ownUp(group, error)

    this.#log.warn({ err: publicError(error), records: group.length }, 'Postgres did not take a group')
    if (opensBreaker(error)) this.#breaker.open(publicError(error).message)
    turnAway(group)
  }

  /** A record that Postgres refuses must not hold up its neighbours: halves commit separately until it stands alone. */
  async #bisect(group: Item[], error: unknown): Promise<void> {
    const [item] = group
    if (group.length > 1 || !item) return this.#halves(group)
    if ('note' in item.fate) return this.#ownUp(group, error)
    const { code } = publicError(error)
    const errors = [{ pointer: '', message: `Postgres refused the record with SQLSTATE ${code}` }]
    item.fate = { note: noteOnRecord(item.kind, 'refused_by_postgres', errors, item.record) }
    await this.#commit(group, 2)
  }

  /** An error that no record and no outage explains: loud, and the records are kept. */
  async #ownUp(group: Item[], error: unknown): Promise<void> {
    this.#log.error(
      { err: publicError(error), records: group.length },
      'a statement of the receiver failed: please report',
    )
    this.#ledger.ourMistake()
    turnAway(group.filter((item) => !item.origin.bisectsOurMistakes))
    const rest = group.filter((item) => item.origin.bisectsOurMistakes)
    const [item] = rest
    if (rest.length > 1) await this.#halves(rest)
    else item?.origin.failAlone(item, error)
  }

  async #halves(group: Item[]): Promise<void> {
    const middle = group.length >> 1
    await this.#commit(group.slice(0, middle), 2)
    await this.#commit(group.slice(middle), 2)
  }
}

function times(table: Table, group: readonly Item[]): Set<string> {
  const days = new Set<string>()
  for (const { fate } of group) if ('row' in fate) days.add(table.time(fate.row))
  return days
}

/** Hands back, each to where it came from, what nobody has taken over meanwhile. */
function turnAway(group: readonly Item[]): void {
  const byOrigin = new Map<Origin, Item[]>()
  for (const item of group) {
    if (item.claimed) continue
    const items = byOrigin.get(item.origin)
    if (items) items.push(item)
    else byOrigin.set(item.origin, [item])
  }
  for (const [origin, items] of byOrigin) origin.turnAway(items)
}
