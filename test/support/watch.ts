import { setTimeout as sleep } from 'node:timers/promises'
import { ledger, type Scrape, scrape, sum } from './metrics.ts'
import type { ReceiverProcess } from './receiver-process.ts'

/** Scrapes a receiver over and over, whenever it is there, and checks that its ledger is balanced each time. */
export class Watch {
  readonly unbalanced: string[] = []
  scrapes = 0
  /** Most bytes of memory that were seen, and most bytes and records in the spool. */
  mostRss = 0
  mostSpoolBytes = 0
  mostSpoolRecords = 0
  last: Scrape | undefined
  readonly #receiver: ReceiverProcess
  readonly #everyMs: number
  #stopping = false
  #running: Promise<void> | undefined

  constructor(receiver: ReceiverProcess, everyMs = 100) {
    this.#receiver = receiver
    this.#everyMs = everyMs
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  /** One scrape; undefined while nobody answers. */
  async look(): Promise<Scrape | undefined> {
    const found = await scrape(this.#receiver.adminUrl).catch(() => undefined)
    if (found === undefined) return undefined
    this.last = found
    this.scrapes++
    const { received, accounted, spooled, spoolAccounted } = ledger(found)
    if (received !== accounted) this.unbalanced.push(`received ${received}, accounted for ${accounted}`)
    if (spooled !== spoolAccounted) this.unbalanced.push(`spooled ${spooled}, accounted for ${spoolAccounted}`)
    this.mostRss = Math.max(this.mostRss, sum(found, 'process_resident_memory_bytes'))
    this.mostSpoolBytes = Math.max(this.mostSpoolBytes, sum(found, 'rtc_spool_bytes'))
    this.mostSpoolRecords = Math.max(this.mostSpoolRecords, sum(found, 'rtc_spool_records'))
    return found
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.look()
      await sleep(this.#everyMs)
    }
  }
}
