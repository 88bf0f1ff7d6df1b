import type { RecordMetrics } from '../metrics/records.ts'
import type { RecordKind } from '../platform/record.ts'

/** Times have seconds, and clocks that are kept are apart by less. */
const toleranceMs = 60_000
/** How long such a record is told of after it came. */
const toldForMs = 10 * 60_000

/**
 * Notices records whose key time lies in the future: the sender's clock is wrong, or it writes Beijing time where the
 * platform writes UTC. They are stored like any other, and every statistic by time misses them until their time comes, so
 * somebody has to be told.
 */
export class FutureRecords {
  readonly #metrics: Pick<RecordMetrics, 'future'>
  #last: { kind: RecordKind; aheadMs: number; at: number } | undefined

  constructor(metrics: Pick<RecordMetrics, 'future'>) {
    this.#metrics = metrics
  }

  /** Whether a record that is so many milliseconds ahead comes from the future; if so, it is counted. */
  note(kind: RecordKind, aheadMs: number): boolean {
    if (aheadMs <= toleranceMs) return false
    this.#metrics.future(kind)
    this.#last = { kind, aheadMs, at: performance.now() }
    return true
  }

  /** What is to be said of those of the last minutes; undefined when there were none. */
  get reason(): string | undefined {
    if (!this.#last || performance.now() - this.#last.at > toldForMs) return undefined
    const { kind, aheadMs } = this.#last
    return `${kind} records come ${span(aheadMs / 1000)} from the future`
  }
}

/** A time span for people: `8 hours`, `8.5 hours`, `12 minutes`. */
export function span(seconds: number): string {
  const [count, unit] =
    seconds < 5_400 ? [Math.round(seconds / 60), 'minute'] : [Math.round(seconds / 360) / 10, 'hour']
  return `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`
}
