import type { Delay, Records } from '../../store/page/statistics.ts'
import type { Html } from '../html.ts'
import type { View } from '../layout.ts'
import type { Buckets } from '../periods.ts'
import { frame, links } from './frame.ts'
import { plot } from './plot.ts'
import { along } from './series.ts'

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
