/** A time as the platform writes it: `yyyy-MM-dd HH:mm:ss`, UTC (protocol.md: times). @param at seconds since 1970 */
export function platformTime(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

/** The form inside session ids and file names: `yyyyMMddHHmmss`. */
export function compactTime(at: number): string {
  return platformTime(at).replace(/[-: ]/g, '')
}

/** The same in Beijing time, as in icid and in the names of recordings. */
export function compactBeijingTime(at: number): string {
  return compactTime(at + 8 * 3600)
}
