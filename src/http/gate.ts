import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { AddressSet } from '../lib/addresses.ts'
import type { Log } from '../lib/log.ts'
import { Budget } from './limits/budget.ts'
import { mostPerSource } from './limits/connections.ts'
import { refuse } from './refusals.ts'
import type { Reason } from './refused-bodies.ts'

/** A check on the headers alone, before any of the body is read. It answers, or lets the request pass. */
export type Check = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined

/** Connections on which a request was refused: they are closed after its answer. */
const refused = new WeakSet<Socket>()

export interface GateOptions {
  config: Pick<Config, 'pathTokens' | 'allowFrom' | 'trustProxy' | 'maxConnections'>
  log: Log
}

/**
 * Lets a request pass when all checks do. The first that does not has answered.
 *
 * They run in onRequest, because none of a body is to be read for whom nobody knows: preParsing and preValidation would
 * be hooks of a request that is let in already.
 */
export const gate = fp<GateOptions>(async (app, { config, log }) => {
  const { pathTokens, trustProxy, allowFrom, maxConnections } = config
  const allowed = allowFrom.length > 0 ? new AddressSet(allowFrom) : undefined
  // The order of the answers: 404, 405, 403, 401, 415; then the body is read, 413.
  const checks: Check[] = [
    host,
    knownPath(pathTokens),
    post,
    allowedSource({ allowed, hasProxies: trustProxy.length > 0, log }),
    notFromPage,
    limitRequests(maxConnections),
    ...(app.signatures ? [app.signatures.check] : []),
    noEncoding,
  ]
  app.addHook('onRequest', (request, reply, done) => {
    if (checks.some((check) => check(request, reply))) {
      refused.add(request.raw.socket)
      return
    }
    // What the sender calls the body does not matter, and Fastify would refuse what is no media type at all.
    request.raw.headers['content-type'] = undefined
    done()
  })
})

/**
 * Drops what comes behind a refused request on its connection, unanswered: nobody waits for it but who sends hundreds of
 * requests at once, and all of them would be kept until the first is answered. To be added before all other hooks.
 */
export const dropAfterRefusal = fp<Record<never, never>>(async (app) => {
  app.addHook('onRequest', ({ raw: { socket } }, _reply, done) => {
    if (refused.has(socket)) socket.destroy()
    else done()
  })
})

/** HTTP/1.1 asks for it. Node would refuse it too, but nobody would count it. */
const host: Check = ({ raw, headers }, reply) => {
  if (headers.host !== undefined || raw.httpVersion !== '1.1') return undefined
  return refuse(reply, 400, 'the request has no Host header')
}

/** Only paths that are registered; a path token is compared in constant time. */
function knownPath(tokens: readonly string[]): Check {
  const known = tokens.map(fingerprint)
  return (request, reply) => {
    if (!request.is404 && known.length === 0) return undefined
    const { token } = request.params as { token?: string }
    if (!request.is404 && token !== undefined) {
      const given = fingerprint(token)
      if (known.filter((fingerprint) => timingSafeEqual(fingerprint, given)).length > 0) return undefined
    }
    return refuse(reply, 404, 'there is nothing at this path')
  }
}

/** Equal in length whatever the text, as timingSafeEqual wants it. */
function fingerprint(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The platform always POSTs (protocol.md: transport). */
export const post: Check = (request, reply) => {
  if (request.method === 'POST') return undefined
  reply.header('allow', 'POST')
  return refuse(reply, 405, 'only POST is allowed here')
}

interface SourceOptions {
  /** Undefined: callbacks may come from anywhere. */
  allowed: AddressSet | undefined
  /** Whether X-Forwarded-For of our own proxies is believed: `request.ip` then is what they say. */
  hasProxies: boolean
  log: Log
}

/** Refuses addresses that are not allowed. The platform names none (protocol "Source addresses"): what was seen counts. */
function allowedSource({ allowed, hasProxies, log }: SourceOptions): Check {
  let warned = false
  return (request, reply) => {
    const { 'x-forwarded-for': forwardedFor, forwarded } = request.headers
    if (!hasProxies && !warned && (forwardedFor !== undefined || forwarded !== undefined)) {
      warned = true
      log.warn(
        {},
        'a callback came with a forwarded header, which is not believed: behind a proxy, set TRUST_PROXY to its addresses',
      )
    }
    if (!allowed || allowed.has(request.ip)) return undefined
    return refuse(reply, 403, 'callbacks are not taken from this address')
  }
}

/**
 * Any content type will do where the body is JSON: what is pushed once must not be lost to a header that a gateway
 * rewrote. But a page that a browser shows may post text to any address, loopback too, and JSON only where it is allowed.
 */
const notFromPage: Check = ({ headers }, reply) => {
  const { origin, 'content-type': type = '' } = headers
  if (origin === undefined || /^\s*application\/json\s*(;|$)/i.test(type)) return undefined
  return refuse(reply, 403, 'callbacks are not taken from web pages')
}

/**
 * Refuses requests of a source that has too many under way. That is the cap of connections where it cannot be one of
 * connections: behind our own proxy, and for requests that are sent one behind the other without waiting for answers.
 *
 * @param most MAX_CONNECTIONS: requests of all sources together
 */
function limitRequests(most: number): Check {
  const budget = new Budget(mostPerSource, most)
  return (request, reply) => {
    const { source } = request
    const status = budget.hold(source, 1)
    if (status) return refuse(reply, status, 'too many requests are under way')
    reply.raw.once('close', () => budget.release(source, 1))
    return undefined
  }
}

const encoded = 'the body has a Content-Encoding, which is not undone here'
const why: Reason = { kind: 'unknown', reason: 'content_encoding', errors: [{ pointer: '', message: encoded }] }

/**
 * Refuses bodies that somebody compressed on the way, and keeps them. `identity` and the name of a charset, which some
 * gateways write there, encode nothing.
 */
const noEncoding: Check = (request, reply) => {
  const { 'content-encoding': encodings } = request.headers
  if (encodings === undefined || encodings.split(',').every(encodesNothing)) return undefined
  void request.keepUnread(why).then(() => refuse(reply, 415, encoded))
  return reply
}

function encodesNothing(encoding: string): boolean {
  const name = encoding.trim().toLowerCase()
  return name === '' || name === 'identity' || isCharset(name)
}

function isCharset(name: string): boolean {
  try {
    return new TextDecoder(name) !== undefined
  } catch {
    return false
  }
}
