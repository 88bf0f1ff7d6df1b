import type { Period } from '../store/page/statistics.ts'

/** What a person looks at: the plots have a bucket for each piece of it. */
export type PeriodName = 'hour' | 'day'

const minuteMs = 60_000
const pieces = {
  hour: { bucket: '5 minutes', bucketMs: 5 * minuteMs, count: 12 },
  day: { bucket: '1 hour', bucketMs: 60 * minuteMs, count: 24 },
} as const

export interface Buckets extends Period {
  starts: Date[]
}

const dayMs = 24 * 60 * minuteMs

/**
 * The last hour or day, up to the end of the bucket that goes on, beginning where a bucket begins in that time zone: of
 * whole hours Postgres has the counts already.
 */
export function lately(name: PeriodName, now: Date, timeZone: string): Buckets {
  const { bucket, bucketMs, count } = pieces[name]
  const offset = offsetOf(now, timeZone)
  const current = Math.floor((now.getTime() + offset) / bucketMs) * bucketMs - offset
  const starts = Array.from({ length: count }, (_, i) => new Date(current - (count - 1 - i) * bucketMs))
  return { from: starts[0] as Date, to: new Date(current + bucketMs), bucket, timeZone, starts }
}

/** The same buckets so many days before, by the local clock. */
export function earlier(buckets: Buckets, days: number): Buckets {
  const back = shifted(days, buckets.to, buckets.timeZone)
  return { ...buckets, from: back(buckets.from), to: back(buckets.to), starts: buckets.starts.map(back) }
}

/** Takes a time so many days back. A day may be an hour longer or shorter where clocks are changed. */
export function shifted(days: number, from: Date, timeZone: string): (time: Date) => Date {
  const guess = new Date(from.getTime() - days * dayMs)
  const ms = days * dayMs + offsetOf(guess, timeZone) - offsetOf(from, timeZone)
  return (time) => new Date(time.getTime() - ms)
}

/** Milliseconds by which clocks of the zone are ahead of UTC at that time. */
function offsetOf(time: Date, timeZone: string): number {
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(time)
  return Date.parse(`${local.replace(' ', 'T')}Z`) - Math.floor(time.getTime() / 1000) * 1000
}

/** What a person typed into a field for date and time, such as 2026-11-22T09:00, read in the time zone. */
export function readLocal(text: string | undefined, timeZone: string): Date | undefined {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text)) return undefined
  const asUtc = Date.parse(`${text}Z`)
  if (Number.isNaN(asUtc)) return undefined
  // The offset is that of the time itself, which is not known yet: twice gets there, also around a change of the clocks.
  const guess = new Date(asUtc - offsetOf(new Date(asUtc), timeZone))
  return new Date(asUtc - offsetOf(guess, timeZone))
}
