/** The latest of some times; null where there is none. */
export function latest(...times: (Date | null | undefined)[]): Date | null {
  return times.reduce<Date | null>((last, time) => (time && (last === null || time > last) ? time : last), null)
}
