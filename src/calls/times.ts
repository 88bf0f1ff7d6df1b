/** Milliseconds in a second, a minute and an hour. */
const second = 1000
export const minute = 60 * second
export const hour = 60 * minute

/** No call lasts longer. What lies further apart than this is no stage of one call. */
export const longestCall = 25 * hour

/** Whole seconds from one time to another; null where one is missing, the order is wrong or no call lasts so long. */
export function secondsBetween(from: number | null, to: number | null): number | null {
  if (from === null || to === null) return null
  const duration = to - from
  return duration >= 0 && duration <= longestCall ? Math.round(duration / second) : null
}

/** The time, or null where it does not lie in [from, to]. */
export function within(time: number | null, from: number, to: number): number | null {
  return time !== null && time >= from && time <= to ? time : null
}

/** The first of those that are known. */
export function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** Day in Asia/Shanghai, yyyy-MM-dd: the zone of the platform's bill, without daylight saving time since 1992. */
export function dayInShanghai(time: number): string | null {
  const local = new Date(time + 8 * hour)
  return Number.isNaN(local.getTime()) ? null : local.toISOString().slice(0, -14)
}
