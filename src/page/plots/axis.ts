/** Steps of an axis that counts. */
const counts = [1, 2, 5]
/** Steps of an axis of time: as clocks are divided. */
const clock = [1, 2, 5, 10, 15, 30]
const seconds = [0.1, 0.2, 0.5, ...clock]
const steps = {
  count: Array.from({ length: 10 }, (_, power) => counts.map((step) => step * 10 ** power)).flat(),
  seconds: [...seconds, ...clock.map((step) => step * 60), ...clock.map((step) => step * 3600), 86_400],
} as const

/** What an axis counts in. */
export type Unit = keyof typeof steps

/** How many steps an axis has at most. */
const most = 4
/** How much room is left above the highest value: a bar that ends at the frame looks cut off. */
const headroom = 1.05

/** The marks of an axis from 0 on: plain numbers, the last of them above the highest value. */
export function axis(highest: number, unit: Unit): number[] {
  const wanted = highest * headroom
  const step = steps[unit].find((size) => wanted / size <= most) ?? wanted / most
  const length = Math.max(2, Math.ceil(wanted / step))
  return Array.from({ length: length + 1 }, (_, i) => Math.round(i * step * 10) / 10)
}

/** Between two marks of the time of day, in minutes. */
const clockSteps = [...clock, ...[1, 2, 3, 4, 6, 12].map((hours) => hours * 60)]
const mostMarks = 6

/** A mark along an axis of time: how far along, from 0 to 1, and when. */
export interface TimeMark {
  at: number
  time: Date
}

/**
 * Marks at full steps of the local clock; none at the end, where a label would leave the plot.
 * @param edges beginnings of all buckets, and the end of the last
 * @param minuteOfDay by the local clock
 */
export function timeMarks(edges: readonly Date[], minuteOfDay: (time: Date) => number): TimeMark[] {
  const [from, to] = [Number(edges[0]), Number(edges.at(-1))]
  const step = clockSteps.find((size) => (to - from) / 60_000 / size <= mostMarks) ?? 1440
  return edges
    .filter((time) => Number(time) < to && minuteOfDay(time) % step === 0)
    .map((time) => ({ at: (time.getTime() - from) / (to - from), time }))
}
