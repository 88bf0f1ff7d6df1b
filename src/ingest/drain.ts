import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../lib/backoff.ts'
import type { Log } from '../lib/log.ts'
import type { Spool, SpooledRecord, SpoolPosition } from '../spool/spool.ts'
import { classify, type PublicError, publicError } from '../store/errors.ts'
import type { Batches } from './batches.ts'
import { type Breaker, probeWaitMs } from './breaker.ts'
import { check } from './check.ts'
import type { Entry } from './entry.ts'
import type { Ledger } from './ledger.ts'
import { noteFromSpool, recordFromSpool } from './spool-entry.ts'

/**
 * Records read at once, two such lots being under way at a time: so many may stand in a batch before a live callback.
 * Few after a setback, then twice as many each time: a slow Postgres may take a hundred within the deadline, and not
 * five hundred.
 */
const lotRecords = 500
const probeRecords = 20
/** How often an empty spool is looked at, in milliseconds. */
const pollMs = 100
/** How often a record may fail alone before it is set aside, and how many such records are kept for another try. */
const maxFailures = 5
const maxFailing = 100

/** What came of a lot of spooled records. */
interface Result {
  /** How many there were; of these, how many Postgres did not take now, and how many failed alone. */
  size: number
  turnedAway: number
  failed: number
}

/** A record that failed alone. */
interface Failing {
  spooled: SpooledRecord
  failures: number
  /** How much its batch had committed when it failed first. */
  committedBefore: number
  /** When it is tried again: `performance.now()`. */
  at: number
}

/**
 * Brings what stands in the spool to Postgres, through the same batches as live callbacks. While the breaker is open it
 * is the probe as well: it tries a few records now and then and closes the breaker when Postgres turned none away,
 * because only a commit proves that Postgres takes commits.
 */
export class Drain {
  readonly #batches: Batches
  readonly #breaker: Breaker
  readonly #spool: Spool
  readonly #ledger: Ledger
  readonly #log: Log
  readonly #probe: () => Promise<void>
  /** Those that failed alone and wait for another try, behind all others. */
  readonly #failing = new Map<SpoolPosition, Failing>()
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  /** Setbacks in a row. */
  #setbacks = 0
  /** How many records the next lot may have. */
  #lotRecords = lotRecords

  constructor(parts: {
    batches: Batches
    breaker: Breaker
    spool: Spool
    ledger: Ledger
    log: Log
    /** Commits a transaction that changes nothing. Rejects while Postgres cannot be written to. */
    probe: () => Promise<void>
  }) {
    this.#batches = parts.batches
    this.#breaker = parts.breaker
    this.#spool = parts.spool
    this.#ledger = parts.ledger
    this.#log = parts.log
    this.#probe = parts.probe
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Stops after what is under way. */
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

  /** All there is, or while the breaker is open a probe and a few records. Returns the milliseconds to wait. */
  async #step(): Promise<number> {
    const wasAway = this.#breaker.isOpen
    if (wasAway && !(await this.#isBack())) return probeWaitMs(++this.#setbacks)
    if (wasAway) this.#lotRecords = probeRecords
    const last = await this.#drainAll()
    if (wasAway && last.turnedAway === 0) this.#breaker.close()
    if (isSetback(last)) return probeWaitMs(++this.#setbacks)
    this.#setbacks = 0
    return last.size > 0 ? 0 : pollMs
  }

  /**
   * Lot after lot, each read while the one before is in the batches, until there is none, one met a setback, or live
   * callbacks did. Returns the last.
   */
  async #drainAll(): Promise<Result> {
    let lot = await this.#send()
    while (lot.size > 0 && !this.#breaker.isOpen && !this.#stop.signal.aborted) {
      const next = await this.#send()
      const result = await lot.result
      if (isSetback(result)) {
        await next.result
        return result
      }
      lot = next
    }
    return lot.result
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

  /** Sends a lot on its way, and resolves when it is. */
  async #send(): Promise<{ size: number; result: Promise<Result> }> {
    const max = this.#lotRecords
    const records = this.#failing.size < maxFailing ? await this.#spool.take(max) : []
    records.push(...this.#dueAgain(max - records.length))
    return { size: records.length, result: this.#store(records) }
  }

  /** Those that failed alone are tried again when nothing else is left to be sent, and not at once. */
  #dueAgain(max: number): SpooledRecord[] {
    const now = performance.now()
    const due = [...this.#failing.values()].filter(({ at }) => at <= now).slice(0, max)
    // Under way, until they have failed again.
    for (const failing of due) failing.at = Number.POSITIVE_INFINITY
    return due.map(({ spooled }) => spooled)
  }

  async #store(records: readonly SpooledRecord[]): Promise<Result> {
    const result: Result = { size: records.length, turnedAway: 0, failed: 0 }
    const sent = new Map<Entry, SpooledRecord>()
    for (const spooled of records) {
      const entry = entryOf(spooled)
      if (entry) sent.set(entry, spooled)
      // Another release may have written it; its error could quote it.
      else if (!(await this.#setAside(spooled, 'not understood by this release'))) result.failed++
    }
    for (const { entry, outcome, notStored } of await this.#batches.add([...sent.keys()])) {
      const spooled = sent.get(entry) as SpooledRecord
      if (outcome) {
        this.#ledger.settled(entry, outcome)
        this.#spool.commit([spooled.id])
        this.#failing.delete(spooled.id)
      } else if (notStored?.error) {
        if (!(await this.#failedAlone(spooled, entry, notStored.error))) result.failed++
      } else {
        this.#giveBack(spooled)
        result.turnedAway++
      }
    }
    this.#lotRecords = isSetback(result) ? probeRecords : Math.min(2 * this.#lotRecords, lotRecords)
    return result
  }

  /** A record that Postgres did not take now, as it might any other. */
  #giveBack({ id }: SpooledRecord): void {
    const failing = this.#failing.get(id)
    if (failing) failing.at = performance.now()
    else this.#spool.giveBack([id])
  }

  /**
   * A record that fails alone goes behind all others, and is set aside after a few failures. That the table is not as we
   * think it is, or that we may not write to it, is no fault of a record while no other has passed.
   */
  async #failedAlone(spooled: SpooledRecord, entry: Entry, error: PublicError): Promise<boolean> {
    const { committed } = this.#batches.of(entry)
    const { failures: before = 0, committedBefore = committed } = this.#failing.get(spooled.id) ?? {}
    const failures = before + 1
    const at = performance.now() + backoffMs(failures, 100, 5_000)
    this.#failing.set(spooled.id, { spooled, failures, committedBefore, at })
    const isTables = error.code?.startsWith('42') && committed === committedBefore
    return failures >= maxFailures && !isTables && (await this.#setAside(spooled, error.message))
  }

  async #setAside({ id }: SpooledRecord, reason: string): Promise<boolean> {
    try {
      await this.#spool.setAside(id, reason)
      this.#failing.delete(id)
      this.#log.error({ reason }, 'a spooled record was set aside')
      return true
    } catch (error) {
      // The spool hands it out again.
      const failing = this.#failing.get(id)
      if (failing) failing.at = Number.POSITIVE_INFINITY
      this.#log.error({ reason: (error as Error).message }, 'a spooled record cannot be set aside: it stays')
      return false
    }
  }
}

/** Undefined for what is not understood. */
function entryOf({ entry }: SpooledRecord): Entry | undefined {
  try {
    return entry.kind === 'quarantine' ? noteFromSpool(entry) : check(recordFromSpool(entry))
  } catch {
    return undefined
  }
}

/** Postgres does not take records now, or of one table none: no reason to send it many. */
function isSetback({ size, turnedAway, failed }: Result): boolean {
  return turnedAway > 0 || (failed > 0 && failed === size)
}
