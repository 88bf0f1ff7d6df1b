import type { Breaker } from './breaker.ts'
import { type Callback, checkCallback } from './check.ts'
import { Delivery } from './delivery.ts'
import type { Entry, Item, Origin, Outcome, QuarantineNote } from './item.ts'
import type { Lane } from './lane.ts'
import type { Ledger } from './ledger.ts'
import { type Log, sparingly } from './log.ts'
import { costOf, type QuarantineBudget } from './quarantine-budget.ts'
import type { Spool } from './spool/spool.ts'
import { toSpoolEntry } from './spool-entry.ts'

export type { Callback }

export type Lanes = Record<'status' | 'fee', Lane>

/** An item and the callback it came in, which waits for its outcome. */
interface LiveItem extends Item {
  readonly delivery: Delivery
}

/**
 * Takes live callbacks in. `take` resolves when every record is durable: committed, quarantined, or synced to the
 * spool because Postgres was away or late. It rejects with CannotStoreError when neither could be had.
 */
export class Intake implements Origin {
  readonly #lanes: Lanes
  readonly #breaker: Breaker
  readonly #spool: Spool
  readonly #budget: QuarantineBudget
  readonly #ledger: Ledger
  readonly #sayFull: (fields: object) => void
  readonly #sayLate: (fields: object) => void
  readonly #sayQuarantineFull: (fields: object) => void
  readonly #sayRefused: (fields: object) => void
  readonly #deadlineMs: number

  constructor(parts: {
    lanes: Lanes
    breaker: Breaker
    spool: Spool
    budget: QuarantineBudget
    ledger: Ledger
    log: Log
    deadlineMs: number
  }) {
    this.#lanes = parts.lanes
    this.#breaker = parts.breaker
    this.#spool = parts.spool
    this.#budget = parts.budget
    this.#ledger = parts.ledger
    const { log } = parts
    this.#sayFull = sparingly((fields) => log.warn(fields, 'too much waits for Postgres: callbacks go to the spool'))
    this.#sayLate = sparingly((fields) => log.warn(fields, 'Postgres is late: callbacks go to the spool'))
    this.#sayQuarantineFull = sparingly((fields) => log.error(fields, 'the quarantine is full: callback answered 503'))
    this.#sayRefused = sparingly((fields) => log.error(fields, 'the spool cannot take callbacks: answered 503'))
    this.#deadlineMs = parts.deadlineMs
  }

  async take(callback: Callback): Promise<void> {
    for (const oddity of callback.oddities) this.#ledger.oddity(oddity)
    const delivery = new Delivery()
    const entries = checkCallback(callback, (fields) => this.#ledger.misfits(fields))
    const items = entries.map((entry) => this.#item(entry, delivery))
    this.#ledger.delays(items, callback.receivedAt)
    const used = this.#budget.usedBytes
    const full = items.filter(({ fate }) => 'note' in fate && !this.admits(fate.note))
    this.#budget.underway(this.#budget.usedBytes - used, delivery.done)
    await this.#deliver(delivery, this.#lanes[callback.kind === 'fee' ? 'fee' : 'status'], items, full)
  }

  /** Keeps a body that could not be read, or whose sender could not be verified, for people to look at. */
  async keepUnread(note: QuarantineNote, source: string, receivedAt: Date): Promise<void> {
    const admitted = this.#budget.admitUnread(note, source)
    if (!admitted) return
    const delivery = new Delivery()
    this.#budget.underway(costOf(admitted), delivery.done)
    const entry: Entry = {
      countedAs: 'bodies',
      kind: 'status',
      record: undefined,
      index: null,
      signer: null,
      receivedAt: receivedAt.toISOString(),
      bytes: admitted.body.length,
      fate: { note: admitted },
    }
    await this.#deliver(delivery, this.#lanes.status, [this.#item(entry, delivery)])
  }

  #item(entry: Entry, delivery: Delivery): LiveItem {
    const { countedAs, kind, record, index, signer, receivedAt, bytes, fate } = entry
    return { countedAs, kind, record, index, signer, receivedAt, bytes, fate, origin: this, claimed: false, delivery }
  }

  /** Sends items on their way; there is no room for the `refused` ones among them. */
  #deliver(delivery: Delivery, lane: Lane, items: readonly Item[], refused: readonly Item[] = []): Promise<void> {
    this.#ledger.received(items)
    delivery.start(items, this.#deadlineMs, (late) => {
      this.#sayLate({ records: late.length })
      void this.#spoolAll(late)
    })
    this.#refuse(refused)
    const accepted = items.filter((item) => !item.claimed)
    const full = lane.isFull
    if (full) this.#sayFull({ records: lane.rows })
    if (full || this.#breaker.isOpen) void this.#spoolAll(accepted)
    else lane.push(accepted)
    return delivery.done
  }

  #refuse(items: readonly Item[]): void {
    for (const item of items) {
      item.claimed = true
      this.settle(item, 'refused')
    }
  }

  settle(item: Item, outcome: Outcome): void {
    this.#ledger.live(item, outcome)
    // Only items made here come back here.
    const { delivery } = item as LiveItem
    if (outcome === 'refused') delivery.refused()
    else delivery.settled()
  }

  admits(note: QuarantineNote): boolean {
    const hasRoom = this.#budget.admitRecord(note)
    if (!hasRoom) this.#sayQuarantineFull({})
    return hasRoom
  }

  turnAway(items: Item[]): void {
    void this.#spoolAll(items)
  }

  async #spoolAll(items: Item[]): Promise<void> {
    if (items.length === 0) return
    for (const item of items) item.claimed = true
    try {
      await this.#spool.append(items.map(toSpoolEntry))
      for (const item of items) this.settle(item, 'spooled')
    } catch (error) {
      this.#sayRefused({ reason: (error as Error).message, records: items.length })
      this.#refuse(items)
    }
  }
}
