import { METHODS, type ServerOptions } from 'node:http'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import type { Config } from '../config/config.ts'
import { unreadLimits } from '../ingest/quarantine-budget.ts'
import { CannotStoreError, type Receiver } from '../ingest/receiver.ts'
import { AddressSet, sourceOf } from '../lib/addresses.ts'
import type { Log } from '../lib/log.ts'
import { frames } from '../lib/logger.ts'
import { AkskVerifier } from '../platform/aksk-verifier.ts'
import { offeredSuites } from '../platform/tls-suites.ts'
import { callbackUrls } from '../platform/urls.ts'
import { allowedSource } from './auth/allowed-source.ts'
import { Signatures } from './auth/signatures.ts'
import { callbackSchema } from './callback-schema.ts'
import { callbackHandler } from './callbacks.ts'
import { clientErrorHandler, connectHandler, expectationHandler } from './client-errors.ts'
import { noEncoding } from './content-encoding.ts'
import { dropAfterRefusal, gate } from './gate.ts'
import { host, knownPath, notFromPage, post } from './gate-checks.ts'
import { BodyReader, BodyRefusedError } from './limits/body-reader.ts'
import { Budget } from './limits/budget.ts'
import { limitConnections, mostPerSource } from './limits/connections.ts'
import { limitRequests } from './limits/requests.ts'
import { endUnusedConnections } from './limits/unused-connections.ts'
import { Outcomes } from './outcomes.ts'
import { refuse } from './refusals.ts'
import { RefusedBodies } from './refused-bodies.ts'

export type AppConfig = Pick<
  Config,
  | 'bodyLimit'
  | 'maxConnections'
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

/** The public Fastify app: the two callback paths and nothing else. */
export async function buildApp({
  config,
  receiver,
  registry,
  log,
  isStopping = () => false,
}: AppParts): Promise<FastifyInstance> {
  const outcomes = new Outcomes(registry, log)
  const { turnAway } = outcomes
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
    clientErrorHandler: clientErrorHandler(turnAway, outcomes.givenUp),
    // A path that cannot be decoded, or is too long. No hook runs for it.
    frameworkErrors: (_error, request, reply) => {
      turnAway(request.ip, 404)
      refuse(reply, 404, 'there is nothing at this path')
    },
  })
  app.server.on('checkExpectation', expectationHandler(turnAway))
  app.server.on('connect', connectHandler(turnAway))
  endUnusedConnections(app, config.tls !== undefined)
  const connections = new Budget(mostPerSource, Number.POSITIVE_INFINITY)
  limitConnections(app.server, { most: config.maxConnections, perSource: connections, isProxy, registry, log })
  dropAfterRefusal(app)
  outcomes.watch(app)

  // Our own proxy speaks for many, where it does not say for whom.
  const sender = ({ ip }: FastifyRequest) => (isProxy(ip) ? undefined : sourceOf(ip))
  const { bodyBytes: keptBytes } = unreadLimits
  const bodies = new BodyReader({ limit: config.bodyLimit, keptBytes, connections, sourceOf: sender })
  app.addHook('preClose', async () => bodies.close())
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', bodies.parse)

  const refused = new RefusedBodies(bodies, receiver)
  const allowed = config.allowFrom.length > 0 ? new AddressSet(config.allowFrom) : undefined
  const signatures = config.auth === 'off' ? undefined : signaturesOf({ config, registry, log }, refused)
  app.decorateRequest('signature', null)
  // The order of the answers: 404, 405, 403, 401, 415; then the body is read, 413.
  gate(app, [
    host,
    knownPath(config.pathTokens),
    post,
    allowedSource({ allowed, hasProxies, log }),
    notFromPage,
    limitRequests({ most: config.maxConnections, sourceOf: sender }),
    ...(signatures ? [signatures.check] : []),
    noEncoding(refused),
  ])

  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isStopping()) reply.header('connection', 'close')
    done(null, payload)
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
  const handler = callbackHandler(receiver, refused, config.auth === 'enforce' ? signatures : undefined)
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  const others = app.supportedMethods.filter((method) => method !== 'POST')
  for (const path of ['status', 'fee']) {
    app.post(`${prefix}/${path}`, { schema: callbackSchema }, handler)
    app.route({ method: others, url: `${prefix}/${path}`, schema: { hide: true }, handler })
  }
  return app
}

function serverOptions({ tls }: AppConfig): { http: ServerOptions } {
  // Host is looked at in the gate.
  const http = { headersTimeout, connectionsCheckingInterval, requireHostHeader: false }
  if (!tls) return { http }
  const https = { ...http, ...tls, handshakeTimeout, minVersion: 'TLSv1.2', ciphers: offeredSuites }
  // Fastify's types tell an app on https from one on http; nothing here makes a difference between them.
  return { https } as unknown as { http: ServerOptions }
}

function signaturesOf(
  { config, registry, log }: Pick<AppParts, 'config' | 'registry' | 'log'>,
  refused: RefusedBodies,
): Signatures {
  const urls = callbackUrls({ ...config, tokens: config.pathTokens })
  if (urls.status.length === 0 && urls.fee.length === 0)
    log.warn({}, 'PUBLIC_URL is not set, and digests sign the URL: no callback can be verified')
  const verifier = new AkskVerifier(config.apps, urls, config.maxAgeS)
  // Whoever knows a path token is the platform, with a secret mixed up, or as good as: strangers fill no disk.
  const kept = config.pathTokens.length > 0 ? refused : undefined
  return new Signatures({ verifier, enforce: config.auth === 'enforce', refused: kept, registry, log })
}
