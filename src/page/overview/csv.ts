import type { CallStats } from '../../store/page/statistics.ts'
import { type Cell, csv } from '../csv.ts'
import type { View } from '../layout.ts'
import type { Buckets } from '../periods.ts'
import { along, answerRatio, callsBefore, meanTalk, notAnswered, percentile } from '../plots/series.ts'
import type { Answer } from '../reader.ts'
import type { Bucketed, Overview } from './overview.ts'

type Column = readonly [name: string, values: readonly Cell[]]

/** What the plots show, a row a bucket; a column whose query failed is empty. Undefined where there is nothing at all. */
export function overviewCsv(view: View, it: Overview): string | undefined {
  const { format, texts } = view
  const buckets = [it.stats, it.durations, it.records, it.delays].find((answer) => answer.ok)
  if (!buckets?.ok) return undefined
  const { starts } = buckets.value.buckets
  const columns: Column[] = [
    [texts.time, starts.map((start) => format.time(start))],
    ...ofCalls(view, it),
    ...ofTimes(view, it),
    ...ofCallbacks(view, it),
  ]
  return csv(
    columns.map(([name]) => name),
    starts.map((_, i) => columns.map(([, values]) => values[i])),
  )
}

function ofCalls({ texts }: View, { stats, yesterday, lastWeek, peaks, period }: Overview): Column[] {
  // A bucket without a row had no call.
  const count = (calls: (row: CallStats) => number) =>
    values(stats, (of, rows) => along(of, rows, calls).map((value) => value ?? 0))
  const earlier = (answer: Overview['yesterday']) => (answer.ok ? callsBefore(answer.value.rows) : [])
  return [
    [texts.callsMade, count(({ attempts }) => attempts)],
    [texts.answered, count(({ answered }) => answered)],
    [texts.notTaken, count(notAnswered)],
    [texts.failed, count((row) => row.failed + row.unknown)],
    [`${texts.callsMade}: ${texts.yesterday}`, earlier(yesterday)],
    [`${texts.callsMade}: ${texts.lastWeek}`, earlier(lastWeek)],
    [texts.asr, values(stats, (of, rows) => along(of, rows, answerRatio))],
    // Peaks are of hours, whatever the period.
    ...(period === 'day'
      ? ([[texts.peaksPlot, values(peaks, (of, rows) => along(of, rows, ({ legs }) => legs))]] as const)
      : []),
  ]
}

function ofTimes({ texts }: View, { stats, durations }: Overview): Column[] {
  const of = (kind: 'talk' | 'ring', which: 'p50' | 'p95') =>
    values(durations, (buckets, rows) => percentile(buckets, rows, kind, which))
  const name = (what: string, which: string) => `${what}: ${which} (s)`
  return [
    [name(texts.durationPlot, texts.mean), values(stats, (buckets, rows) => along(buckets, rows, meanTalk))],
    [name(texts.durationPlot, texts.median), of('talk', 'p50')],
    [name(texts.durationPlot, texts.slow), of('talk', 'p95')],
    [name(texts.ringPlot, texts.median), of('ring', 'p50')],
    [name(texts.ringPlot, texts.slow), of('ring', 'p95')],
    [name(texts.pddPlot, texts.median), values(stats, (to, rows) => along(to, rows, (row) => row.post_dial_delay_p50))],
    [name(texts.pddPlot, texts.slow), values(stats, (to, rows) => along(to, rows, (row) => row.post_dial_delay_p95))],
  ]
}

function ofCallbacks({ texts }: View, { records, delays }: Overview): Column[] {
  const late = (kind: 'status' | 'fee') =>
    values(delays, (of, rows) =>
      along(
        of,
        rows.filter((row) => row.kind === kind),
        ({ p95 }) => p95,
      ),
    )
  return [
    [texts.statusEvents, values(records, (of, rows) => along(of, rows, ({ events }) => events))],
    [texts.cdrs, values(records, (of, rows) => along(of, rows, ({ cdrs }) => cdrs))],
    [`${texts.delayPlot}: ${texts.statusEvents}, ${texts.slow} (s)`, late('status')],
    [`${texts.delayPlot}: ${texts.cdrs}, ${texts.slow} (s)`, late('fee')],
  ]
}

function values<Rows>(answer: Answer<Bucketed<Rows>>, of: (buckets: Buckets, rows: Rows) => readonly Cell[]) {
  return answer.ok ? of(answer.value.buckets, answer.value.rows) : []
}
