import type { CallStats, Duration, Peak } from '../../store/page/statistics.ts'
import type { Html } from '../html.ts'
import type { View } from '../layout.ts'
import type { Earlier } from '../overview/overview.ts'
import type { Buckets } from '../periods.ts'
import { frame, links } from './frame.ts'
import { plot, type Tone } from './plot.ts'
import { along, answerRatio, callsBefore, meanTalk, notAnswered, percentile } from './series.ts'

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
    earlier && earlier.stats.length > 0 ? [{ name, tone, values: callsBefore(earlier) }] : []
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
