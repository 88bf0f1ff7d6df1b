import type { CallStats, Delay } from '../store/ops.ts'
import type { Html } from './html.ts'
import type { View } from './layout.ts'
import type { Buckets } from './periods.ts'
import { type Plot, plot } from './plot.ts'

/** What all plots of a period share. */
function frame({ words, format }: View, { starts, end }: Buckets): Pick<Plot, 'buckets' | 'ticks' | 'words'> {
  const edges = [...starts, end]
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

export function callbacksPlot(view: View, buckets: Buckets, delays: readonly Delay[]): Html {
  const { words, format } = view
  const of = (kind: Delay['kind']) =>
    along(
      buckets,
      delays.filter((row) => row.kind === kind),
      ({ records }) => records,
    )
  return plot({
    ...frame(view, buckets),
    id: 'plot-callbacks',
    title: words.callbacksPlot,
    hint: words.callbacksHint,
    kind: 'bars',
    series: [
      { name: words.statusEvents, tone: 'accent', values: of('status') },
      { name: words.cdrs, tone: 'quiet', values: of('fee') },
    ],
    format: (value) => format.number(value),
    empty: `${words.noCallbacks} ${words.noCallsNext}`,
  })
}

export function outcomesPlot(view: View, buckets: Buckets, stats: readonly CallStats[]): Html {
  const { words, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-outcomes',
    title: words.outcomesPlot,
    hint: words.outcomesHint,
    kind: 'bars',
    series: [
      { name: words.answered, tone: 'accent', values: along(buckets, stats, (row) => row.answered) },
      {
        name: words.notTaken,
        tone: 'quiet',
        values: along(
          buckets,
          stats,
          (row) => row.busy + row.no_answer + row.rejected + row.unreachable + row.cancelled,
        ),
      },
      { name: words.failed, tone: 'bad', values: along(buckets, stats, (row) => row.failed + row.unknown) },
    ],
    format: (value) => format.number(value),
    empty: `${words.noCalls} ${words.noCallsNext}`,
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
        values: along(buckets, stats, (row) => (row.answered > 0 ? row.talk_seconds / row.answered : null)),
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
