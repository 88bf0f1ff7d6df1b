import type { Redeliveries } from '../store/statistics.ts'
import type { Entry } from './entry.ts'

/** A sender chooses the appKey of an unsigned CDR: beyond so many at a time they are counted together. */
const mostApps = 1_000

/** Records that came although they were stored already, until the count of them is written down (`ops.redeliveries`). */
export class RedeliveryCounts {
  #counts = new Map<string, Redeliveries>()

  note({ kind, signer, content }: Entry): void {
    if (kind === 'notice') return
    const ofCdr = 'row' in content && 'app_key' in content.row ? content.row.app_key : null
    this.#add({ kind, appKey: ofCdr ?? signer, count: 1 })
  }

  /** What was counted since the last time. */
  take(): Redeliveries[] {
    const taken = [...this.#counts.values()]
    this.#counts = new Map()
    return taken
  }

  /** They could not be written down. */
  giveBack(counts: readonly Redeliveries[]): void {
    for (const count of counts) this.#add(count)
  }

  #add({ kind, appKey, count }: Redeliveries): void {
    const known = this.#counts.get(`${kind} ${appKey}`)
    const counted = known || this.#counts.size < mostApps ? appKey : null
    const key = `${kind} ${counted}`
    const before = this.#counts.get(key)?.count ?? 0
    this.#counts.set(key, { kind, appKey: counted, count: before + count })
  }
}
