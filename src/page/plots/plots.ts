import type { CallStats, Delay, Duration, Peak, Records } from '../../store/page/statistics.ts'
import { callsPath, localTime } from '../calls/search.ts'
import type { Html } from '../html.ts'
import type { View } from '../layout.ts'
import type { Earlier } from '../overview/overview.ts'
import type { Buckets } from '../periods.ts'
import { timeMarks } from './axis.ts'
import { type Plot, plot, type Tone } from './plot.ts'

type Frame = Pick<Plot, 'buckets' | 'ticks' | 'isRunning' | 'texts'>

/** What all plots of a period share. */
function frame({ texts, format, now }: View, { starts, to }: Buckets): Frame {
  const minuteOfDay = (time: Date) => {
    const [hours, minutes] = format.minute(time).split(':').map(Number)
    return (hours ?? 0) * 60 + (minutes ?? 0)
  }
  const ticks = timeMarks([...starts, to], minuteOfDay).map(({ at, time }) => {
    const isDay = minuteOfDay(time) === 0
    return { at, isDay, name: isDay ? format.day(time) : format.minute(time) }
  })
  const isOneDay = format.day(starts[0] as Date) === format.day(starts.at(-1) as Date)
  return {
    buckets: starts.map((start) => (isOneDay ? format.minute(start) : `${format.day(start)} ${format.minute(start)}`)),
    ticks,
    isRunning: to > now,
    texts: {
      table: texts.asTable,
      time: texts.time,
      none: format.none,
      highest: texts.highest,
      latest: texts.latest,
      running: texts.running,
      runningHint: texts.runningHint,
    },
  }
}

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

/** Where the calls of a bucket stand, of some outcomes or all. */
function links(view: View, { starts, to }: Buckets, outcomes: readonly string[] = []): string[] {
  const edges = [...starts, to].map((time) => localTime(view, time))
  return starts.map((_, i) => callsPath({ from: edges[i], to: edges[i + 1], outcomes }))
}

export function recordsPlot(view: View, buckets: Buckets, records: readonly Records[]): Html {
  const { texts, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-records',
    title: texts.recordsPlot,
    hint: texts.recordsHint,
    kind: 'bars',
    series: [
      { name: texts.statusEvents, tone: 'accent', values: along(buckets, records, ({ events }) => events) },
      { name: texts.cdrs, tone: 'quiet', values: along(buckets, records, ({ cdrs }) => cdrs) },
    ],
    links: links(view, buckets),
    format: (value) => format.number(value),
    unit: 'count',
    empty: `${texts.noCallbacks} ${texts.noCallsNext}`,
  })
}

/** Calls that reached the other side, or were given up: nobody's fault. */
export function notAnswered({ busy, no_answer, rejected, unreachable, cancelled }: CallStats): number {
  return busy + no_answer + rejected + unreachable + cancelled
}

const notTaken = ['busy', 'no answer', 'rejected', 'unreachable', 'cancelled'] as const
const broken = ['failed', 'unknown'] as const

/** With how many calls there were yesterday and last week, where that is known. */
export function outcomesPlot(
  view: View,
  buckets: Buckets,
  stats: readonly CallStats[],
  [yesterday, lastWeek]: readonly (Earlier | undefined)[] = [],
): Html {
  const { texts, format } = view
  const before = (name: string, tone: Tone, earlier: Earlier | undefined) =>
    earlier && earlier.stats.length > 0
      ? [{ name, tone, values: along(earlier, earlier.stats, ({ attempts }) => attempts) }]
      : []
  return plot({
    ...frame(view, buckets),
    id: 'plot-outcomes',
    title: texts.outcomesPlot,
    hint: texts.outcomesHint,
    kind: 'bars',
    series: [
      {
        name: texts.answered,
        tone: 'accent',
        values: along(buckets, stats, (row) => row.answered),
        links: links(view, buckets, ['answered']),
      },
      {
        name: texts.notTaken,
        tone: 'quiet',
        values: along(buckets, stats, notAnswered),
        links: links(view, buckets, notTaken),
      },
      {
        name: texts.failed,
        tone: 'bad',
        values: along(buckets, stats, (row) => row.failed + row.unknown),
        links: links(view, buckets, broken),
      },
    ],
    beside: [...before(texts.yesterday, 'thin', yesterday), ...before(texts.lastWeek, 'dotted', lastWeek)],
    links: links(view, buckets),
    format: (value) => format.number(value),
    unit: 'count',
    empty: `${texts.noCalls} ${texts.noCallsNext}`,
  })
}

export function peaksPlot(view: View, buckets: Buckets, peaks: readonly Peak[]): Html {
  const { texts, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-peaks',
    title: texts.peaksPlot,
    hint: texts.peaksHint,
    kind: 'bars',
    series: [{ name: texts.legs, tone: 'accent', values: along(buckets, peaks, ({ legs }) => legs) }],
    links: links(view, buckets),
    format: (value) => format.number(value),
    unit: 'count',
    empty: texts.noPeaks,
  })
}

export function asrPlot(view: View, buckets: Buckets, stats: readonly CallStats[]): Html {
  const { texts, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-asr',
    title: texts.asrPlot,
    hint: texts.asrHint,
    kind: 'lines',
    series: [
      {
        name: texts.asr,
        tone: 'accent',
        values: along(buckets, stats, answerRatio),
      },
    ],
    format: (value) => format.percent(value),
    unit: 'count',
    marks: [0, 0.25, 0.5, 0.75, 1],
    empty: texts.noCalls,
  })
}

export function durationPlot(
  view: View,
  buckets: Buckets,
  durations: readonly Duration[],
  stats: readonly CallStats[],
): Html {
  const { texts, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-duration',
    title: texts.durationPlot,
    hint: texts.durationHint,
    kind: 'lines',
    series: [
      { name: texts.median, tone: 'accent', values: percentile(buckets, durations, 'talk', 'p50') },
      { name: texts.mean, tone: 'dotted', values: along(buckets, stats, meanTalk) },
      { name: texts.slow, tone: 'quiet', values: percentile(buckets, durations, 'talk', 'p95') },
    ],
    format: (value) => format.duration(value),
    unit: 'seconds',
    empty: texts.noAnswered,
  })
}

export function ringPlot(view: View, buckets: Buckets, durations: readonly Duration[]): Html {
  const { texts, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-ring',
    title: texts.ringPlot,
    hint: texts.ringHint,
    kind: 'lines',
    series: [
      { name: texts.median, tone: 'accent', values: percentile(buckets, durations, 'ring', 'p50') },
      { name: texts.slow, tone: 'quiet', values: percentile(buckets, durations, 'ring', 'p95') },
    ],
    format: (value) => format.duration(value),
    unit: 'seconds',
    empty: texts.noLegs,
  })
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

export function pddPlot(view: View, buckets: Buckets, stats: readonly CallStats[]): Html {
  const { texts, format } = view
  return plot({
    ...frame(view, buckets),
    id: 'plot-pdd',
    title: texts.pddPlot,
    hint: texts.pddHint,
    kind: 'lines',
    series: [
      { name: texts.median, tone: 'accent', values: along(buckets, stats, (row) => row.post_dial_delay_p50) },
      { name: texts.slow, tone: 'quiet', values: along(buckets, stats, (row) => row.post_dial_delay_p95) },
    ],
    format: (value) => format.duration(value),
    unit: 'seconds',
    empty: texts.noLegs,
  })
}

export function delayPlot(view: View, buckets: Buckets, delays: readonly Delay[]): Html {
  const { texts, format } = view
  const of = (kind: Delay['kind'], value: (row: Delay) => number | null) =>
    along(
      buckets,
      delays.filter((row) => row.kind === kind),
      value,
    )
  return plot({
    ...frame(view, buckets),
    id: 'plot-delay',
    title: texts.delayPlot,
    hint: texts.delayHint,
    kind: 'lines',
    series: [
      { name: texts.statusEvents, tone: 'accent', values: of('status', (row) => row.p95) },
      { name: texts.cdrs, tone: 'quiet', values: of('fee', (row) => row.p95) },
    ],
    format: (value) => format.duration(value),
    unit: 'seconds',
    empty: texts.noDelay,
  })
}
