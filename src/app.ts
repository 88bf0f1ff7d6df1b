import { METHODS, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Counter, Gauge, type Registry } from 'prom-client'
import { AddressSet, sourceOf } from './addresses.ts'
import type { Config } from './config.ts'
import type { Log } from './ingest/log.ts'
import { CannotStoreError, type Receiver } from './ingest/receiver.ts'
import { frames } from './logger.ts'
import { allowedSource } from './routes/allowed-source.ts'
import { BodyBudget } from './routes/body-budget.ts'
import { BodyRefusedError, bodyReader } from './routes/body-reader.ts'
import { callbackSchema } from './routes/callback-schema.ts'
import { callbackHandler } from './routes/callbacks.ts'
import { clientErrorHandler, expectationHandler } from './routes/client-errors.ts'
import { capConnections } from './routes/connection-cap.ts'
import { type Check, json, knownPath, post } from './routes/gate.ts'
import { refusalLines } from './routes/refusal-lines.ts'
import { outcomes, refuse } from './routes/refusals.ts'
import { Signatures } from './routes/signatures.ts'
import { endUnusedConnections } from './routes/unused-connections.ts'
import { AkskVerifier } from './rtc/aksk-verifier.ts'
import type { CallbackKind } from './rtc/record.ts'
import { offeredSuites } from './rtc/tls-suites.ts'
import { callbackUrls } from './rtc/urls.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the callback turned out to be, once its envelope is open. */
    callback: { kind: CallbackKind; records: number } | null
  }
}

export type AppConfig = Pick<
  Config,
  | 'bodyLimit'
  | 'pathTokens'
  | 'publicUrls'
  | 'statusUrl'
  | 'feeUrl'
  | 'apps'
  | 'auth'
  | 'maxAgeS'
  | 'allowFrom'
  | 'trustProxy'
  | 'tls'
>

export interface AppParts {
  config: AppConfig
  receiver: Pick<Receiver, 'take' | 'keepUnread'>
  registry: Registry
  log: Log
  /** True once the receiver is about to stop: clients are told to come back on a new connection. */
  isStopping?: () => boolean
}

/** Milliseconds a client has for a whole request and for its headers, and how often both are looked at. */
const requestTimeout = 30_000
const headersTimeout = 10_000
const connectionsCheckingInterval = 2_000
const handshakeTimeout = 10_000
/** What the log calls a request whose sender went away, as nginx does. */
const aborted = 499

/** The public Fastify app: the two callback paths and nothing else. */
export async function buildApp({
  config,
  receiver,
  registry,
  log,
  isStopping = () => false,
}: AppParts): Promise<FastifyInstance> {
  const callbacks = new Counter({
    name: 'rtc_callbacks_total',
    help: 'Callbacks by what they were and how they were answered',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  })
  const lastCallback = new Gauge({
    name: 'rtc_last_callback_timestamp_seconds',
    help: 'When the last callback of a kind was accepted',
    labelNames: ['kind'],
    registers: [registry],
  })

  /** Connections whose last request is counted already. */
  const givenUp = new WeakSet<Socket>()
  const refused = refusalLines(log)
  const turnAway = (address: string | undefined, status: number) => {
    callbacks.inc({ kind: 'unknown', outcome: outcomes[status] ?? String(status) })
    refused(address, status)
  }
  const proxies = new AddressSet(config.trustProxy)
  const isProxy = (address: string | undefined) => proxies.has(address)
  const hasProxies = config.trustProxy.length > 0
  const app = Fastify({
    logger: false,
    bodyLimit: config.bodyLimit,
    requestTimeout,
    ...serverOptions(config),
    ...(hasProxies ? { trustProxy: isProxy } : {}),
    // While closing, what still comes on open connections is taken, not refused: a status event comes only once.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    // The longest URL the platform takes leaves no room for a longer token.
    routerOptions: { maxParamLength: 128 },
    clientErrorHandler: clientErrorHandler(turnAway, givenUp),
    // A path that cannot be decoded, or is too long. No hook runs for it.
    frameworkErrors: (_error, request, reply) => {
      turnAway(request.ip, 404)
      refuse(reply, 404, 'there is nothing at this path')
    },
  })
  app.server.on('checkExpectation', expectationHandler(turnAway))
  endUnusedConnections(app, config.tls !== undefined)
  capConnections(app.server, { isProxy, log })

  app.decorateRequest('callback', null)
  app.decorateRequest('signature', null)
  app.removeAllContentTypeParsers()
  const shareOf = ({ ip }: FastifyRequest) => (isProxy(ip) ? undefined : sourceOf(ip))
  const reader = bodyReader({ limit: config.bodyLimit, budget: new BodyBudget(config.bodyLimit), shareOf })
  // JSON by name too: for what only `*` takes, Fastify parses the content type anew with each request.
  app.addContentTypeParser(['application/json', '*'], reader)

  // The order of the answers: 404, 405, 403, 401, 415; then the body is read, 413.
  const allowed = config.allowFrom.length > 0 ? new AddressSet(config.allowFrom) : undefined
  const signatures = config.auth === 'off' ? undefined : signaturesOf({ config, receiver, registry, log })
  const signed = signatures ? [signatures.check] : []
  const checks: Check[] = [
    knownPath(config.pathTokens),
    post,
    allowedSource({ allowed, hasProxies, log }),
    ...signed,
    json,
  ]
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => countAborted(request, reply))
    if (!checks.some((check) => check(request, reply))) done()
  })

  // Whoever is gone before the answer hears none; a body that came whole is stored all the same.
  function countAborted(request: FastifyRequest, reply: FastifyReply): void {
    if (reply.raw.writableFinished || givenUp.has(request.raw.socket)) return
    const { kind = 'unknown', records = 0 } = request.callback ?? {}
    callbacks.inc({ kind, outcome: 'aborted' })
    if (!request.callback) refused(request.ip, aborted)
    else log.info({ kind, records }, 'callback: its sender was gone before the answer')
  }

  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isStopping()) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { kind = 'unknown', records = 0 } = request.callback ?? {}
    const outcome = outcomes[reply.statusCode] ?? String(reply.statusCode)
    callbacks.inc({ kind, outcome })
    if (reply.statusCode === 200) lastCallback.set({ kind }, Date.now() / 1000)
    if (hasOwnLine(request, reply)) {
      const route = request.routeOptions.url
      log.info({ route, kind, records, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'callback')
    } else refused(request.ip, reply.statusCode)
    done()
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'there is nothing at this path'))
  app.setErrorHandler((error: Error, _request, reply) => {
    if (error instanceof CannotStoreError) return refuse(reply, 503, error.message)
    if (error instanceof BodyRefusedError) return refuse(reply, error.status, error.message)
    log.error({ error: error.name, stack: frames(error) }, 'a callback met a mistake of the receiver: please report')
    return refuse(reply, 500, 'a mistake of the receiver')
  })

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'RTC callback receiver',
        version: '1',
        description: 'Takes the call status and CDR callbacks of Huawei Cloud VoiceCall (RTC)',
      },
    },
  })
  // The schemas document the routes; what is taken is decided record by record, more leniently than they say.
  app.setValidatorCompiler(() => () => true)
  const prefix = config.pathTokens.length > 0 ? '/rtc/:token' : '/rtc'
  const handler = callbackHandler(receiver, config.auth === 'enforce' ? signatures : undefined)
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  const others = app.supportedMethods.filter((method) => method !== 'POST')
  for (const path of ['status', 'fee']) {
    app.post(`${prefix}/${path}`, { schema: callbackSchema }, handler)
    app.route({ method: others, url: `${prefix}/${path}`, schema: { hide: true }, handler })
  }
  return app
}

/** A callback has a line of its own, and so has what cannot be read although it is signed: both should be looked into. */
function hasOwnLine({ callback, signature }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  return callback !== null || (signature !== null && statusCode === 400)
}

function serverOptions({ tls }: AppConfig): { http: ServerOptions } {
  const http = { headersTimeout, connectionsCheckingInterval }
  if (!tls) return { http }
  const https = { ...http, ...tls, handshakeTimeout, minVersion: 'TLSv1.2', ciphers: offeredSuites }
  // Fastify's types tell an app on https from one on http; nothing here makes a difference between them.
  return { https } as unknown as { http: ServerOptions }
}

function signaturesOf({ config, receiver, registry, log }: Omit<AppParts, 'isStopping'>): Signatures {
  const urls = callbackUrls({ ...config, tokens: config.pathTokens })
  if (urls.status.length === 0 && urls.fee.length === 0)
    log.warn({}, 'PUBLIC_URL is not set, and digests sign the URL: no callback can be verified')
  const verifier = new AkskVerifier(config.apps, urls, config.maxAgeS)
  const knowsToken = config.pathTokens.length > 0
  return new Signatures({ verifier, enforce: config.auth === 'enforce', knowsToken, receiver, registry, log })
}
