import { setTimeout as sleep } from 'node:timers/promises'
import { publicError } from '../store/errors.ts'
import type { Breaker } from './breaker.ts'
import { inspect } from './inspect.ts'
import type { Lanes } from './intake.ts'
import type { Committed, Item, Origin } from './item.ts'
import type { Ledger } from './ledger.ts'
import type { Log } from './log.ts'
import type { Spool, SpooledRecord } from './spool/spool.ts'
import { noteFromSpool, recordFromSpool } from './spool-entry.ts'

/** Records drained at a time, and at a probe: few, since while Postgres is away they are read for nothing. */
const batchRecords = 1_000
const probeRecords = 20
/** How often an empty spool is looked at, in milliseconds. */
const pollMs = 100

/** Records of the spool on their way through the lanes. */
interface Batch {
  open: number
  committed: number
  turnedAway: number
  failedAlone: { spooled: SpooledRecord; error: unknown }[]
  done(): void
}

/**
 * Brings what stands in the spool to Postgres, through the same lanes as live callbacks. While the breaker is open it
 * is the probe as well: it tries a few records now and then and closes the breaker when they went through, because
 * only a commit proves that Postgres takes commits.
 */
export class Drain implements Origin {
  readonly bisectsOurMistakes = true
  readonly #lanes: Lanes
  readonly #breaker: Breaker
  readonly #spool: Spool
  readonly #ledger: Ledger
  readonly #log: Log
  readonly #probe: () => Promise<void>
  readonly #underway = new WeakMap<Item, { batch: Batch; spooled: SpooledRecord }>()
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
    /** Rejects while Postgres cannot be written to. */
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

  /** Stops after the batch under way. */
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

  /** One batch or one probe. Returns the milliseconds to wait before the next. */
  async #step(): Promise<number> {
    if (!(await this.#advance())) return backoffMs(++this.#setbacks)
    this.#setbacks = 0
    return this.#spool.records > 0 ? 0 : pollMs
  }

  async #advance(): Promise<boolean> {
    if (!this.#breaker.isOpen) return this.#drain(batchRecords)
    try {
      await this.#probe()
    } catch (error) {
      this.#log.warn({ err: publicError(error) }, 'Postgres cannot be written to')
      return false
    }
    const passed = await this.#drain(probeRecords)
    if (passed) this.#breaker.close()
    return passed
  }

  /** Sends up to `max` records through the lanes. False when Postgres did not take them, or not all. */
  async #drain(max: number): Promise<boolean> {
    const records = await this.#spool.take(max)
    if (records.length === 0) return true
    const batch = await new Promise<Batch>((resolve) => {
      const batch: Batch = {
        open: records.length,
        committed: 0,
        turnedAway: 0,
        failedAlone: [],
        done: () => resolve(batch),
      }
      const items = records.map((spooled) => this.#item(spooled, batch))
      this.#lanes.status.push(items.filter(({ kind }) => kind === 'status'))
      this.#lanes.fee.push(items.filter(({ kind }) => kind === 'fee'))
    })
    await this.#judge(batch)
    return batch.turnedAway === 0 && (batch.failedAlone.length === 0 || batch.committed > 0)
  }

  #item(spooled: SpooledRecord, batch: Batch): Item {
    const { entry } = spooled
    const checked =
      entry.kind === 'quarantine' ? noteFromSpool(entry) : inspect(recordFromSpool(entry), Buffer.alloc(0))
    const item = { ...checked, origin: this, claimed: false }
    this.#underway.set(item, { batch, spooled })
    return item
  }

  /** A record that failed alone while others passed is set aside; when none passed, the fault is not in the record. */
  async #judge(batch: Batch): Promise<void> {
    for (const { spooled, error } of batch.failedAlone) {
      if (batch.committed === 0) this.#spool.giveBack([spooled.id])
      else await this.#setAside(spooled, error)
    }
  }

  async #setAside(spooled: SpooledRecord, error: unknown): Promise<void> {
    const { message } = publicError(error)
    try {
      await this.#spool.setAside(spooled.id, message)
      this.#log.error({ reason: message }, 'a spooled record was set aside')
    } catch (failure) {
      this.#log.error(
        { reason: (failure as Error).message },
        'a spooled record cannot be set aside: it stays in the spool',
      )
      this.#spool.giveBack([spooled.id])
    }
  }

  settle(item: Item, outcome: Committed): void {
    this.#leave(item, (batch, spooled) => {
      this.#ledger.spool(item, outcome)
      this.#spool.commit([spooled.id])
      batch.committed++
    })
  }

  turnAway(items: Item[]): void {
    for (const item of items)
      this.#leave(item, (batch, spooled) => {
        this.#spool.giveBack([spooled.id])
        batch.turnedAway++
      })
  }

  failAlone(item: Item, error: unknown): void {
    this.#leave(item, (batch, spooled) => batch.failedAlone.push({ spooled, error }))
  }

  #leave(item: Item, how: (batch: Batch, spooled: SpooledRecord) => void): void {
    const underway = this.#underway.get(item)
    if (!underway) return
    this.#underway.delete(item)
    how(underway.batch, underway.spooled)
    if (--underway.batch.open === 0) underway.batch.done()
  }
}

/** Milliseconds before the next try: doubling from 100 ms to 5 s, with jitter so that replicas spread. */
function backoffMs(setbacks: number): number {
  const ceiling = Math.min(5_000, 50 * 2 ** Math.min(setbacks, 10))
  return ceiling / 2 + (Math.random() * ceiling) / 2
}
