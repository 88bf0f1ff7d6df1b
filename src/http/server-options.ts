import type { ServerOptions } from 'node:http'
import type { FastifyServerOptions } from 'fastify'
import type { Config } from '../config/config.ts'
import type { AddressSet } from '../lib/addresses.ts'
import { offeredSuites } from '../platform/tls-suites.ts'

/** Milliseconds a client has for a whole request and for its headers, and how often both are looked at. */
const requestTimeout = 30_000
const headersTimeout = 10_000
const connectionsCheckingInterval = 2_000
const handshakeTimeout = 10_000

type ServerConfig = Pick<Config, 'bodyLimit' | 'trustProxy' | 'tls'>

/** How the public server listens, whoever asks and whatever for. */
export function serverOptions({ bodyLimit, trustProxy, tls }: ServerConfig, proxies: AddressSet): FastifyServerOptions {
  return {
    logger: false,
    bodyLimit,
    requestTimeout,
    ...listener(tls),
    ...(trustProxy.length > 0 ? { trustProxy: (address: string) => proxies.has(address) } : {}),
    // While closing, what still comes on open connections is taken, not refused: a status event comes only once.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    // The longest URL the platform takes leaves no room for a longer token.
    routerOptions: { maxParamLength: 128 },
  }
}

function listener(tls: Config['tls']): { http: ServerOptions } {
  // Host is looked at in the gate.
  const http = { headersTimeout, connectionsCheckingInterval, requireHostHeader: false }
  if (!tls) return { http }
  const https = { ...http, ...tls, handshakeTimeout, minVersion: 'TLSv1.2', ciphers: offeredSuites }
  // Fastify's types tell an app on https from one on http; nothing here makes a difference between them.
  return { https } as unknown as { http: ServerOptions }
}
