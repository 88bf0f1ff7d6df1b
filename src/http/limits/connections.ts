import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { sourceOf } from '../../lib/addresses.ts'
import type { Log } from '../../lib/log.ts'
import { OncePerMinute } from '../../lib/once-a-minute.ts'
import type { ConnectionLimit, ConnectionMetrics } from '../../metrics/connections.ts'
import type { Budget } from './budget.ts'

/** What one source may have open at a time, connections as well as requests. The platform uses few and short ones. */
export const mostPerSource = 512

export interface ConnectionLimits {
  /** MAX_CONNECTIONS: of all sources together. */
  most: number
  /** What each source has of them: its own connections and what else it is held to account for. */
  perSource: Budget
  /** Our own proxies: through one of them come many sources. */
  isProxy: (address: string | undefined) => boolean
  metrics: ConnectionMetrics
  log: Log
}

/**
 * Closes connections of a source that has too many open. Where all together have too many, one of the source with the
 * most makes room for the newcomer, the oldest, so that a flood from some addresses does not keep the platform out.
 */
export function limitConnections(server: Server, { most, perSource, isProxy, metrics, log }: ConnectionLimits): void {
  const lines = new OncePerMinute()
  /** Oldest first; under undefined those of our own proxies. */
  const bySource = new Map<string | undefined, Set<Socket>>()
  let open = 0

  const close = (socket: Socket, limit: ConnectionLimit, source: string | undefined) => {
    metrics.closed(limit)
    const connections = limit === 'source' ? perSource.share : most
    if (lines.isDue(`${limit} ${source}`))
      log.warn(
        { source, connections },
        `closed: ${limit === 'source' ? 'the source has' : 'there are'} too many connections`,
      )
    socket.destroy()
  }
  const forget = (socket: Socket, source: string | undefined) => {
    const sockets = bySource.get(source)
    if (!sockets?.delete(socket)) return
    open--
    if (source !== undefined) perSource.release(source, 1)
    if (sockets.size === 0) bySource.delete(source)
  }

  server.on('connection', (socket: Socket) => {
    const source = isProxy(socket.remoteAddress) ? undefined : sourceOf(socket.remoteAddress)
    if (source !== undefined && perSource.hold(source, 1)) return close(socket, 'source', source)
    if (open >= most) {
      const largest = withMost(bySource)
      // Our own proxies hold them all: they have limits of their own.
      if (!largest) {
        if (source !== undefined) perSource.release(source, 1)
        return close(socket, 'all', source)
      }
      forget(largest.oldest, largest.source)
      close(largest.oldest, 'all', largest.source)
    }
    const sockets = bySource.get(source) ?? new Set()
    bySource.set(source, sockets.add(socket))
    open++
    socket.once('close', () => forget(socket, source))
  })
}

/** The source with the most connections, and the oldest of these. */
function withMost(
  bySource: ReadonlyMap<string | undefined, ReadonlySet<Socket>>,
): { source: string; oldest: Socket } | undefined {
  let most: { source: string; count: number; oldest: Socket } | undefined
  for (const [source, sockets] of bySource) {
    const [oldest] = sockets
    if (source !== undefined && oldest && sockets.size > (most?.count ?? 0))
      most = { source, count: sockets.size, oldest }
  }
  return most
}
