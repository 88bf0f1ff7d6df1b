/** The part of a pino logger that is used here. Whatever is logged holds counts and codes, never what a record says. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * A log line that is written once in `everyMs` at most, with how often there was reason to since it was written last: a
 * fault that every callback meets must not fill the disk with words.
 */
export function sparingly(say: (fields: object) => void, everyMs = 1_000): (fields: object) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  let times = 0
  return (fields) => {
    times++
    const now = performance.now()
    if (now - saidAt < everyMs) return
    say({ ...fields, times })
    saidAt = now
    times = 0
  }
}
