import { setTimeout as sleep } from 'node:timers/promises'
import { classify, publicError } from '../store/errors.ts'
import type { Breaker } from './breaker.ts'
import { check } from './check.ts'
import type { Lanes } from './intake.ts'
import type { Item, Origin, Settled } from './item.ts'
import type { Ledger } from './ledger.ts'
import type { Log } from './log.ts'
import type { Spool, SpooledRecord, SpoolPosition } from './spool/spool.ts'
import { noteFromSpool, recordFromSpool } from './spool-entry.ts'

/**
 * Records of a batch, two of which are under way at a time: so many may stand in a lane before a live callback. Fewer
 * after a setback, since they may come back again.
 */
const batchRecords = 500
const probeRecords = 20
/** How often an empty spool is looked at, in milliseconds. */
const pollMs = 100

/** Records of the spool on their way through the lanes. */
class Batch {
  readonly size: number
  open = 0
  /** Those given back to the spool because Postgres did not take them; and because they failed by a mistake of ours. */
  turnedAway = 0
  failed = 0
  /** Those that are at fault themselves, and why. */
  readonly guilty: { spooled: SpooledRecord; reason: string }[] = []
  done: () => void = () => {}
  /** Resolves when all have left the lanes. */
  readonly gone = new Promise<void>((resolve) => {
    this.done = resolve
  })
  /** Resolves when the guilty ones are set aside as well. */
  settled: Promise<void> = this.gone

  constructor(size: number) {
    this.size = size
  }
}

interface Underway {
  batch: Batch
  spooled: SpooledRecord
}

/**
 * Brings what stands in the spool to Postgres, through the same lanes as live callbacks. While the breaker is open it
 * is the probe as well: it tries a few records now and then and closes the breaker when Postgres turned none away,
 * because only a commit proves that Postgres takes commits.
 */
export class Drain implements Origin {
  readonly #lanes: Lanes
  readonly #breaker: Breaker
  readonly #spool: Spool
  readonly #ledger: Ledger
  readonly #log: Log
  readonly #probe: () => Promise<void>
  /** Those in the lanes, each until its lane has told what became of it. */
  readonly #underway = new Map<Item, Underway>()
  /** Records that failed alone: how much had gone through their lane by then. */
  readonly #suspects = new WeakMap<SpoolPosition, number>()
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  /** Failures in a row. */
  #setbacks = 0

  constructor(parts: {
    lanes: Lanes
    breaker: Breaker
    spool: Spool
    ledger: Ledger
    log: Log
    /** Commits a transaction that changes nothing. Rejects while Postgres cannot be written to. */
    probe: () => Promise<void>
  }) {
    this.#lanes = parts.lanes
    this.#breaker = parts.breaker
    this.#spool = parts.spool
    this.#ledger = parts.ledger
    this.#log = parts.log
    this.#probe = parts.probe
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Stops after the batches under way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const wait = await this.#step()
      if (wait > 0) await sleep(wait, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  /** All there is, or after a setback a few records, and a probe if need be. Returns the milliseconds to wait. */
  async #step(): Promise<number> {
    const wasAway = this.#breaker.isOpen
    if (wasAway && !(await this.#isBack())) return backoffMs(++this.#setbacks)
    const isDoubtful = wasAway || this.#setbacks > 0
    const last = await (isDoubtful ? this.#drain(probeRecords) : this.#drainAll())
    if (wasAway && last.turnedAway === 0) this.#breaker.close()
    if (isSetback(last)) return backoffMs(++this.#setbacks)
    this.#setbacks = 0
    return last.size > 0 ? 0 : pollMs
  }

  async #drain(max: number): Promise<Batch> {
    const batch = await this.#send(max)
    await batch.settled
    return batch
  }

  /**
   * Batch after batch, each read while the one before is in the lanes, until there is none, one met a setback, or live
   * callbacks did. Returns the last.
   */
  async #drainAll(): Promise<Batch> {
    let batch = await this.#send(batchRecords)
    while (batch.size > 0 && !this.#breaker.isOpen && !this.#stop.signal.aborted) {
      const next = await this.#send(batchRecords)
      await batch.settled
      if (isSetback(batch)) {
        await next.settled
        return batch
      }
      batch = next
    }
    await batch.settled
    return batch
  }

  async #isBack(): Promise<boolean> {
    try {
      await this.#probe()
      return true
    } catch (error) {
      const err = publicError(error)
      // A wrong password or database will not mend itself.
      this.#log[classify(error) === 'away' ? 'warn' : 'error']({ err }, 'Postgres cannot be written to')
      this.#breaker.open(err.message)
      return false
    }
  }

  /** Sends up to `max` records through the lanes. */
  async #send(max: number): Promise<Batch> {
    const records = await this.#spool.take(max)
    const batch = new Batch(records.length)
    const items = records.flatMap((spooled) => this.#item(spooled, batch))
    batch.open = items.length
    if (items.length === 0) batch.done()
    this.#lanes.status.push(items.filter(({ kind }) => kind === 'status'))
    this.#lanes.fee.push(items.filter(({ kind }) => kind === 'fee'))
    batch.settled = batch.gone.then(() => this.#setGuiltyAside(batch))
    return batch
  }

  async #setGuiltyAside(batch: Batch): Promise<void> {
    for (const { spooled, reason } of batch.guilty) if (!(await this.#setAside(spooled, reason))) batch.failed++
  }

  #item(spooled: SpooledRecord, batch: Batch): Item[] {
    try {
      const { entry } = spooled
      const checked = entry.kind === 'quarantine' ? noteFromSpool(entry) : check(recordFromSpool(entry))
      const { countedAs, kind, record, index, signer, receivedAt, bytes, fate } = checked
      // Written out for the same reason as in Intake.
      const item = { countedAs, kind, record, index, signer, receivedAt, bytes, fate, origin: this, claimed: false }
      this.#underway.set(item, { batch, spooled })
      return [item]
    } catch {
      // Another release may have written it; its error could quote it.
      batch.guilty.push({ spooled, reason: 'not understood by this release' })
      return []
    }
  }

  async #setAside({ id }: SpooledRecord, reason: string): Promise<boolean> {
    try {
      await this.#spool.setAside(id, reason)
      this.#log.error({ reason }, 'a spooled record was set aside')
      return true
    } catch (error) {
      this.#log.error({ reason: (error as Error).message }, 'a spooled record cannot be set aside: it stays')
      return false
    }
  }

  settle(item: Item, outcome: Settled): void {
    this.#leave(item, (_, spooled) => {
      this.#ledger.spool(item, outcome)
      this.#spool.commit([spooled.id])
    })
  }

  turnAway(items: Item[]): void {
    for (const item of items)
      this.#leave(item, (batch, spooled) => {
        this.#spool.giveBack([spooled.id])
        batch.turnedAway++
      })
  }

  /** It failed, others of its kind went through, and it failed again: the fault is in the record. Else in the table. */
  failAlone(item: Item, error: unknown): void {
    this.#leave(item, (batch, spooled) => {
      const passed = this.#lanes[item.kind === 'fee' ? 'fee' : 'status'].passed(item)
      const before = this.#suspects.get(spooled.id) ?? passed
      this.#suspects.set(spooled.id, before)
      if (passed > before) {
        batch.guilty.push({ spooled, reason: publicError(error).message })
      } else {
        this.#spool.giveBack([spooled.id])
        batch.failed++
      }
    })
  }

  #leave(item: Item, how: (batch: Batch, spooled: SpooledRecord) => void): void {
    const { batch, spooled } = this.#underway.get(item) as Underway
    this.#underway.delete(item)
    how(batch, spooled)
    if (--batch.open === 0) batch.done()
  }
}

function isSetback({ turnedAway, failed }: Batch): boolean {
  return turnedAway + failed > 0
}

/** Milliseconds before the next try: doubling from 100 ms to 5 s, with jitter so that replicas spread. */
function backoffMs(setbacks: number): number {
  const ceiling = Math.min(5_000, 50 * 2 ** Math.min(setbacks, 10))
  return ceiling / 2 + (Math.random() * ceiling) / 2
}
