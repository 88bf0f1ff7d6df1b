import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Config } from '../config/config.ts'
import type { Readiness } from '../ingest/receiver.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type OpsParts, opsPage } from '../page/page.ts'
import { authenticate } from './authenticate.ts'
import { Alive, Ready } from './health.ts'
import { knownHost, sameOrigin } from './same-origin.ts'

export interface AdminParts {
  config: Pick<Config, 'adminToken' | 'adminHosts'>
  readiness: () => Readiness
  metrics: Pick<Metrics, 'registry' | 'admin'>
  log: Log
  /** The OpenAPI document of the public app. */
  openapi: () => object
  /** What the page for people needs; without it there is none. */
  ops?: OpsParts
}

/** The private Fastify app: health, metrics, OpenAPI, page. Probes need no token, all else does where one is set. */
export function buildAdmin({ config, readiness, metrics, log, openapi, ops }: AdminParts): FastifyInstance {
  const { registry } = metrics
  const admin = Fastify({
    logger: false,
    return503OnClosing: false,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    frameworkErrors: (_error, _request, reply) => nothingHere(reply),
  })
  admin.setNotFoundHandler((_request, reply) => nothingHere(reply))
  admin.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    return reply.code(status).send({ error: status < 500 ? 'this request is not valid' : 'internal error' })
  })
  admin.addHook('onRequest', knownHost(config.adminHosts))
  admin.addHook('onRequest', sameOrigin)
  const { adminToken: token } = config
  const locked = token === undefined ? {} : { onRequest: authenticate({ token, metrics: metrics.admin, log }) }

  const probes = admin.withTypeProvider<TypeBoxTypeProvider>()
  // Whether the process is alive. Never touches Postgres, so that an outage there restarts nobody.
  probes.get('/livez', { schema: { response: { 200: Alive } } }, () => ({ status: 'alive' as const }))

  // Whether callbacks can be taken durably, be it only by the spool.
  probes.get('/readyz', { schema: { response: { 200: Ready, 503: Ready } } }, (_request, reply) => {
    const { ready, degraded } = readiness()
    reply.code(ready ? 200 : 503)
    return { status: ready ? ('ready' as const) : ('not ready' as const), degraded }
  })

  admin.get('/metrics', locked, async (_request, reply) =>
    reply.header('content-type', registry.contentType).send(await registry.metrics()),
  )
  admin.get('/openapi.json', locked, () => openapi())
  if (ops) admin.register(opsPage, { ...ops, registry, readiness, locked })
  return admin
}

/** Not as Fastify says it: a path is not repeated, for somebody may have put a token or a number into it. */
function nothingHere(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ error: 'there is nothing at this path' })
}
