import type { RecordMetrics } from '../metrics/records.ts'
import type { CallEventRow } from '../platform/call-event.ts'
import type { CdrRow } from '../platform/cdr.ts'
import { toMillis } from '../platform/times.ts'
import type { Entry, Outcome } from './entry.ts'
import { FutureRecords } from './future-records.ts'
import { RedeliveryCounts } from './redeliveries.ts'

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
