import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../config/config.ts'
import { type AddressSet, sourceOf } from '../../lib/addresses.ts'
import type { Log } from '../../lib/log.ts'
import { OncePerMinute } from '../../lib/once-a-minute.ts'
import type { ConnectionLimit, ConnectionMetrics } from '../../metrics/connections.ts'
import { Budget } from './budget.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What each source has of connections: its own and what else it is held to account for. */
    connections: Budget
  }
  interface FastifyRequest {
    /** Whom it is counted for; undefined for our own proxy, which speaks for many, where it does not say for whom. */
    readonly source: string | undefined
  }
}

/** What one source may have open at a time, connections as well as requests. The platform uses few and short ones. */
export const mostPerSource = 512

/** Milliseconds that a connection on which no request has begun may live on once the server closes. */
const graceMs = 500

export interface ConnectionsOptions {
  config: Pick<Config, 'maxConnections' | 'tls'>
  proxies: AddressSet
  metrics: ConnectionMetrics
  log: Log
}

/** Who is connected, how often a source may be, and how connections end when the server closes. */
export const connections = fp<ConnectionsOptions>(async (app, { config, proxies, metrics, log }) => {
  const isProxy = (address: string | undefined) => proxies.has(address)
  app.decorateRequest('source', {
    getter() {
      return isProxy(this.ip) ? undefined : sourceOf(this.ip)
    },
  })
  const perSource = new Budget(mostPerSource, Number.POSITIVE_INFINITY)
  app.decorate('connections', perSource)
  limitConnections(app.server, { most: config.maxConnections, perSource, isProxy, metrics, log })
  endUnusedConnections(app, config.tls !== undefined)
})

export interface ConnectionLimits {
  /** MAX_CONNECTIONS: of all sources together. */
  most: number
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

/**
 * Ends connections without a request when the server closes. Node does so with those that have had one; one that was
 * opened in advance and never used counts as busy, and Node's own limits end with the listener: a spare connection of
 * a proxy would hold up every shutdown.
 */
function endUnusedConnections(app: FastifyInstance, isTls: boolean): void {
  const unused = new Set<Socket>()
  app.server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  app.server.on('request', ({ socket }) => unused.delete(socket))
  app.addHook('preClose', (done) => {
    setTimeout(() => {
      for (const socket of unused) socket.destroy()
    }, graceMs).unref()
    done()
  })
}
