import type { CallStats, Delay, Peak, Records } from '../store/page/statistics.ts'
import type { Html } from './html.ts'
import type { View } from './layout.ts'
import type { Buckets } from './periods.ts'
import { type Plot, plot } from './plot.ts'
import { callsPath, localTime } from './search.ts'

/** What all plots of a period share. */
function frame({ words, format }: View, { starts, to }: Buckets): Pick<Plot, 'buckets' | 'ticks' | 'words'> {
  const edges = [...starts, to]
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => format.minute(edges[Math.round(part * starts.length)] as Date))
  return {
    buckets: starts.map((start) => format.minute(start)),
    ticks,
    words: { table: words.asTable, time: words.time, none: format.none, highest: words.highest, latest: words.latest },
  }
}

/** One value a bucket; null where it has no row. */
function along<Row extends { bucket_start: Date }>(
  { starts }: Buckets,
  rows: readonly Row[],
  value: (row: Row) => number | null,
): (number | null)[] {
  const byStart = new Map(rows.map((row) => [row.bucket_start.getTime(), row]))
  return starts.map((start) => {
    const row = byStart.get(start.getTime())
    return row ? value(row) : null
  })
}

/** Where the calls of a bucket stand, of some outcomes or all. */
function links(view: View, { starts, to }: Buckets, outcomes: readonly string[] = []): string[] {
  const edges = [...starts, to].map((time) => localTime(view, time))
  return starts.map((_, i) => callsPath({ from: edges[i], to: edges[i + 1], outcomes }))
}

export function recordsPlot(view: View, buckets: Buckets, records: readonly Records[]): Html {
  const { words, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-records',
    title: words.recordsPlot,
    hint: words.recordsHint,
    kind: 'bars',
    series: [
      { name: words.statusEvents, tone: 'accent', values: along(buckets, records, ({ events }) => events) },
      { name: words.cdrs, tone: 'quiet', values: along(buckets, records, ({ cdrs }) => cdrs) },
    ],
    links: links(view, buckets),
    format: (value) => format.number(value),
    empty: `${words.noCallbacks} ${words.noCallsNext}`,
  })
}

const notTaken = ['busy', 'no answer', 'rejected', 'unreachable', 'cancelled'] as const
const broken = ['failed', 'unknown'] as const

export function outcomesPlot(view: View, buckets: Buckets, stats: readonly CallStats[]): Html {
  const { words, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-outcomes',
    title: words.outcomesPlot,
    hint: words.outcomesHint,
    kind: 'bars',
    series: [
      {
        name: words.answered,
        tone: 'accent',
        values: along(buckets, stats, (row) => row.answered),
        links: links(view, buckets, ['answered']),
      },
      {
        name: words.notTaken,
        tone: 'quiet',
        values: along(
          buckets,
          stats,
          (row) => row.busy + row.no_answer + row.rejected + row.unreachable + row.cancelled,
        ),
        links: links(view, buckets, notTaken),
      },
      {
        name: words.failed,
        tone: 'bad',
        values: along(buckets, stats, (row) => row.failed + row.unknown),
        links: links(view, buckets, broken),
      },
    ],
    links: links(view, buckets),
    format: (value) => format.number(value),
    empty: `${words.noCalls} ${words.noCallsNext}`,
  })
}

export function peaksPlot(view: View, buckets: Buckets, peaks: readonly Peak[]): Html {
  const { words, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-peaks',
    title: words.peaksPlot,
    hint: words.peaksHint,
    kind: 'bars',
    series: [{ name: words.legs, tone: 'accent', values: along(buckets, peaks, ({ legs }) => legs) }],
    links: links(view, buckets),
    format: (value) => format.number(value),
    empty: words.noPeaks,
  })
}

export function asrPlot(view: View, buckets: Buckets, stats: readonly CallStats[]): Html {
  const { words, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-asr',
    title: words.asrPlot,
    hint: words.asrHint,
    kind: 'lines',
    series: [
      {
        name: words.asr,
        tone: 'accent',
        values: along(buckets, stats, (row) => (row.attempts > 0 ? row.answered / row.attempts : null)),
      },
    ],
    format: (value) => format.percent(value),
    max: 1,
    empty: words.noCalls,
  })
}

export function acdPlot(view: View, buckets: Buckets, stats: readonly CallStats[]): Html {
  const { words, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-acd',
    title: words.acdPlot,
    hint: words.acdHint,
    kind: 'lines',
    series: [
      {
        name: words.acd,
        tone: 'accent',
        values: along(buckets, stats, (row) => (row.talks > 0 ? row.talk_seconds / row.talks : null)),
      },
    ],
    format: (value) => format.seconds(value),
    empty: words.noAnswered,
  })
}

export function pddPlot(view: View, buckets: Buckets, stats: readonly CallStats[]): Html {
  const { words, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-pdd',
    title: words.pddPlot,
    hint: words.pddHint,
    kind: 'lines',
    series: [
      { name: words.median, tone: 'accent', values: along(buckets, stats, (row) => row.post_dial_delay_p50) },
      { name: words.slow, tone: 'quiet', values: along(buckets, stats, (row) => row.post_dial_delay_p95) },
    ],
    format: (value) => format.seconds(value),
    empty: words.noLegs,
  })
}

export function delayPlot(view: View, buckets: Buckets, delays: readonly Delay[]): Html {
  const { words, format } = view
  const of = (kind: Delay['kind'], value: (row: Delay) => number | null) =>
    along(
      buckets,
      delays.filter((row) => row.kind === kind),
      value,
    )
  return plot({
    ...frame(view, buckets),
    id: 'plot-delay',
    title: words.delayPlot,
    hint: words.delayHint,
    kind: 'lines',
    series: [
      { name: words.statusEvents, tone: 'accent', values: of('status', (row) => row.p95) },
      { name: words.cdrs, tone: 'quiet', values: of('fee', (row) => row.p95) },
    ],
    format: (value) => format.seconds(value),
    empty: words.noDelay,
  })
}
