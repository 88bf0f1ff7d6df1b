import { callsPath, localTime } from '../calls/search.ts'
import type { View } from '../layout.ts'
import type { Buckets } from '../periods.ts'
import { timeMarks } from './axis.ts'
import type { Plot } from './plot.ts'

type Frame = Pick<Plot, 'buckets' | 'ticks' | 'isRunning' | 'texts'>

/** What all plots of a period share. */
export function frame({ texts, format, now }: View, { starts, to }: Buckets): Frame {
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

/** Where the calls of a bucket stand, of some outcomes or all. */
export function links(view: View, { starts, to }: Buckets, outcomes: readonly string[] = []): string[] {
  const edges = [...starts, to].map((time) => localTime(view, time))
  return starts.map((_, i) => callsPath({ from: edges[i], to: edges[i + 1], outcomes }))
}
