import { sourceOf } from '../lib/addresses.ts'
import type { Log } from '../lib/log.ts'
import { OncePerMinute } from '../lib/once-a-minute.ts'

/** Tells the log that a request of this address was answered with this status. */
export type RefusalLines = (address: string | undefined, status: number) => void

/**
 * Lines of refused requests: one a minute for each source and status, so that an operator sees who is refused and a
 * stranger cannot fill the disk. The metrics count every one.
 */
export function refusalLines(log: Log): RefusalLines {
  const lines = new OncePerMinute()
  return (address, status) => {
    const source = sourceOf(address)
    const key = `${source} ${status}`
    if (lines.isDue(key)) log.warn({ source, status, leftOut: lines.leftOutBefore(key) }, 'callback refused')
  }
}
