import { parse } from 'node:querystring'
import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import type { Registry } from 'prom-client'
import type { Readiness } from '../ingest/receiver.ts'
import type { Log } from '../lib/log.ts'
import { publicError } from '../store/errors.ts'
import type { Postgres } from '../store/postgres.ts'
import { callsRoutes } from './calls/routes.ts'
import { forwardingRoutes } from './forwarding.ts'
import { overviewRoutes } from './overview/routes.ts'
import { quarantineRoutes } from './quarantine/routes.ts'
import { Reader } from './reader.ts'
import { icon, refreshScript } from './refresh.ts'
import { style } from './style.ts'

/** What the page needs of the running receiver. */
export interface OpsParts {
  postgres: Pick<Postgres, 'pool' | 'withClient'>
  pooler: 'transaction' | undefined
  timeZone: string
  log: Log
}

interface PageParts extends OpsParts {
  registry: Registry
  readiness: () => Readiness
  /** Keeps strangers out, where a token is set. */
  locked: { onRequest?: onRequestHookHandler }
}

const headers = {
  // Nothing from elsewhere, nothing inline: markup that got into a page in spite of all would load and run nothing.
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  // With no-referrer browsers send `Origin: null` with our own forms, and these would be refused.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  vary: 'accept-language',
}

/** A form's body; the longest field is the reason for closing an entry. */
const bodyLimit = 8_192

/** The page for those who would rather look than query: a plugin of the private listener. */
export async function opsPage(app: FastifyInstance, parts: PageParts): Promise<void> {
  const { postgres, pooler, timeZone, log, registry, readiness, locked } = parts
  const reader = new Reader(() => postgres.pool, pooler)
  app.addHook('onClose', () => reader.close())

  if (locked.onRequest) app.addHook('onRequest', locked.onRequest)
  app.addHook('onSend', async (_request, reply) => void reply.headers({ ...headers, ...reply.getHeaders() }))
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit },
    // A name that is there several times becomes a list.
    (_request, body, done) => done(null, parse(String(body))),
  )
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) log.error({ err: publicError(error), route: request.routeOptions.url }, 'a page failed')
    return reply
      .code(status)
      .type('text/plain')
      .send(status >= 500 ? 'This page failed; the log says why.' : 'This request is not valid.')
  })

  const still = { 'cache-control': 'private, max-age=300' }
  app.get('/style.css', (_request, reply) => reply.headers(still).type('text/css; charset=utf-8').send(style))
  app.get('/refresh.js', (_request, reply) =>
    reply.headers(still).type('text/javascript; charset=utf-8').send(refreshScript),
  )
  app.get('/icon.svg', (_request, reply) => reply.headers(still).type('image/svg+xml').send(icon))

  const context = { reader, postgres, registry, readiness, timeZone, log }
  overviewRoutes(app, context)
  callsRoutes(app, context)
  quarantineRoutes(app, context)
  forwardingRoutes(app, context)
}
