import { Batch, type BatchLimits, type Settled } from './batch.ts'
import type { Entry } from './entry.ts'
import { FactStore } from './fact-store.ts'
import { cdrTable, eventTable } from './facts.ts'
import { notices } from './notice-store.ts'
import { quarantine } from './quarantine-notes.ts'

type Parts = ConstructorParameters<typeof Batch>[1]
type Admits = ConstructorParameters<typeof FactStore>[1]

/** How much is committed together, and how much may wait: of each table. */
export const batchLimits: BatchLimits = {
  groups: 2,
  groupRows: 500,
  groupBytes: 4 * 1024 * 1024,
  queueRows: 20_000,
  // When Postgres goes away all of it goes to the spool at once, which takes 32 MiB of both big tables together.
  queueBytes: 16 * 1024 * 1024,
}

/** One batch for each table that records go to. */
export class Batches {
  readonly status: Batch
  readonly fee: Batch
  readonly notice: Batch
  readonly quarantine: Batch

  /**
   * @param admits whether the quarantine has room for a note that nobody foresaw
   * @param onStored called after each group that added facts
   */
  constructor(parts: Parts, admits: Admits, onStored: () => void) {
    this.status = new Batch(new FactStore(eventTable, admits, onStored), parts, batchLimits)
    this.fee = new Batch(new FactStore(cdrTable, admits, onStored), parts, batchLimits)
    this.notice = new Batch(notices, parts, batchLimits)
    this.quarantine = new Batch(quarantine, parts, batchLimits)
  }

  /** Each entry by the batch of its table. See `Batch.add`. */
  async add(entries: readonly Entry[], withinMs?: number): Promise<readonly Settled[]> {
    const batches = [...new Set(entries.map((entry) => this.of(entry)))]
    const settled = batches.map((batch) => {
      const group = batches.length === 1 ? entries : entries.filter((entry) => this.of(entry) === batch)
      return batch.add(group, withinMs)
    })
    return (await Promise.all(settled)).flat()
  }

  of({ kind, content }: Entry): Batch {
    return 'note' in content ? this.quarantine : this[kind]
  }

  get all(): Batch[] {
    return [this.status, this.fee, this.notice, this.quarantine]
  }

  /** See `Batch.giveUp`. */
  giveUp(): void {
    for (const batch of this.all) batch.giveUp()
  }
}
