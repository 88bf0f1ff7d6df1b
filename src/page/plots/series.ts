import type { CallStats, Duration } from '../../store/page/statistics.ts'
import type { Earlier } from '../overview/overview.ts'
import type { Buckets } from '../periods.ts'

/** One value a bucket; null where it has no row. */
export function along<Row extends { bucket_start: Date | null }>(
  { starts }: Pick<Buckets, 'starts'>,
  rows: readonly Row[],
  value: (row: Row) => number | null,
): (number | null)[] {
  const byStart = new Map(rows.map((row) => [row.bucket_start?.getTime(), row]))
  return starts.map((start) => {
    const row = byStart.get(start.getTime())
    return row ? value(row) : null
  })
}

/** How many calls there were, bucket by bucket. */
export function callsBefore(earlier: Earlier): number[] {
  return along(earlier, earlier.stats, ({ attempts }) => attempts).map((calls) => calls ?? 0)
}

/** Calls that reached the other side, or were given up: nobody's fault. */
export function notAnswered({ busy, no_answer, rejected, unreachable, cancelled }: CallStats): number {
  return busy + no_answer + rejected + unreachable + cancelled
}

export function percentile(
  buckets: Buckets,
  durations: readonly Duration[],
  kind: Duration['kind'],
  which: 'p50' | 'p95',
): (number | null)[] {
  const rows = durations.filter((row) => row.kind === kind)
  return along(buckets, rows, (row) => row[which])
}

export function meanTalk({ talk_seconds, talks }: CallStats): number | null {
  return talks > 0 ? talk_seconds / talks : null
}

export function answerRatio({ answered, attempts }: CallStats): number | null {
  return attempts > 0 ? answered / attempts : null
}
