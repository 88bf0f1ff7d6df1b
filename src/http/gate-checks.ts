import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuse } from './refusals.ts'

/** A check on the headers alone, before any of the body is read. It answers, or lets the request pass. */
export type Check = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined

/** Only paths that are registered; a path token is compared in constant time. */
export function knownPath(tokens: readonly string[]): Check {
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

/** The platform always POSTs (protocol.md: transport). */
export const post: Check = (request, reply) => {
  if (request.method === 'POST') return undefined
  reply.header('allow', 'POST')
  return refuse(reply, 405, 'only POST is allowed here')
}

/** HTTP/1.1 asks for it. Node would refuse it too, but nobody would count it. */
export const host: Check = ({ raw, headers }, reply) => {
  if (headers.host !== undefined || raw.httpVersion !== '1.1') return undefined
  return refuse(reply, 400, 'the request has no Host header')
}

/**
 * Any content type will do where the body is JSON: what is pushed once must not be lost to a header that a gateway
 * rewrote. But a page that a browser shows may post text to any address, loopback too, and JSON only where it is allowed.
 */
export const notFromPage: Check = ({ headers }, reply) => {
  const { origin, 'content-type': type = '' } = headers
  if (origin === undefined || /^\s*application\/json\s*(;|$)/i.test(type)) return undefined
  return refuse(reply, 403, 'callbacks are not taken from web pages')
}

/** Equal in length whatever the text, as timingSafeEqual wants it. */
function fingerprint(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
