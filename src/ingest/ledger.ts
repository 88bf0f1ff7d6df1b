import type { RecordMetrics } from '../metrics/records.ts'
import type { CallEventRow } from '../platform/call-event.ts'
import type { CdrRow } from '../platform/cdr.ts'
import type { RecordKind } from '../platform/record.ts'
import { toMillis } from '../platform/times.ts'
import type { Entry, Outcome } from './entry.ts'
import { RedeliveryCounts } from './redeliveries.ts'

/** Times have seconds, and clocks that are kept are apart by less. */
const toleranceMs = 60_000
/** How long such a record is told of after it came. */
const toldForMs = 10 * 60_000

/**
 * Accounts for every record, so that the sums of {@link RecordMetrics} are true at every scrape. Nothing here awaits:
 * what belongs together changes in one turn of the event loop.
 */
export class Ledger {
  readonly metrics: RecordMetrics
  readonly redeliveries = new RedeliveryCounts()
  readonly future: FutureRecords

  constructor(metrics: RecordMetrics) {
    this.metrics = metrics
    this.future = new FutureRecords(metrics)
  }

  received(entries: readonly Entry[]): void {
    for (const { countedAs } of entries) this.metrics.received(countedAs)
  }

  settled(entry: Entry, outcome: Outcome): void {
    this.metrics.settled(entry.countedAs, outcome, entry.via)
    if (outcome === 'duplicate') this.redeliveries.note(entry)
  }

  /**
   * How long after its key time each good record of a callback came: tells of a platform or a network that lags. What
   * comes from the future has no delay, and must not look like the best.
   */
  delays(entries: readonly Entry[], receivedAt: Date): void {
    for (const { kind, content } of entries) {
      if (kind === 'notice' || !('row' in content)) continue
      const { occurred_at, cdr_time } = content.row as Partial<CallEventRow & CdrRow>
      const delayMs = receivedAt.getTime() - toMillis(occurred_at ?? cdr_time ?? '')
      if (!this.future.note(kind, -delayMs)) this.metrics.delay(kind, Math.max(0, delayMs) / 1000)
    }
  }
}

/**
 * Notices records whose key time lies in the future: the sender's clock is wrong, or it writes Beijing time where the
 * platform writes UTC. They are stored like any other, and every statistic by time misses them until their time comes, so
 * somebody has to be told.
 */
class FutureRecords {
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
