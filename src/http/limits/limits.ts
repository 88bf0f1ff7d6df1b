import fp from 'fastify-plugin'
import type { Config } from '../../config/config.ts'
import { unreadLimits } from '../../ingest/quarantine-budget.ts'
import { type AddressSet, sourceOf } from '../../lib/addresses.ts'
import type { Log } from '../../lib/log.ts'
import type { ConnectionMetrics } from '../../metrics/connections.ts'
import { BodyReader } from './body-reader.ts'
import { Budget } from './budget.ts'
import { limitConnections, mostPerSource } from './connections.ts'
import { endUnusedConnections } from './unused-connections.ts'

declare module 'fastify' {
  interface FastifyInstance {
    bodies: BodyReader
  }
  interface FastifyRequest {
    /** Whom it is counted for; undefined for our own proxy, which speaks for many, where it does not say for whom. */
    readonly source: string | undefined
  }
}

export interface LimitsOptions {
  config: Pick<Config, 'bodyLimit' | 'maxConnections' | 'tls'>
  proxies: AddressSet
  metrics: ConnectionMetrics
  log: Log
}

/** What a source, and all together, may take of connections and of memory. */
export const limits = fp<LimitsOptions>(async (app, { config, proxies, metrics, log }) => {
  const { bodyLimit: limit, maxConnections: most, tls } = config
  const connections = new Budget(mostPerSource, Number.POSITIVE_INFINITY)
  const isProxy = (address: string | undefined) => proxies.has(address)
  limitConnections(app.server, { most, perSource: connections, isProxy, metrics, log })
  endUnusedConnections(app, tls !== undefined)

  app.decorateRequest('source', {
    getter() {
      return isProxy(this.ip) ? undefined : sourceOf(this.ip)
    },
  })
  const { bodyBytes: keptBytes } = unreadLimits
  const bodies = new BodyReader({ limit, keptBytes, connections, sourceOf: ({ source }) => source })
  app.decorate('bodies', bodies)
  app.addHook('preClose', async () => bodies.close())
  // A parser of our own, not a preParsing hook before Fastify's: that one would count no pieces and no memory.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', bodies.parse)
})
