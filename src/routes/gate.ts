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

/** The platform always POSTs (C2C-status). */
export const post: Check = (request, reply) => {
  if (request.method === 'POST') return undefined
  reply.header('allow', 'POST')
  return refuse(reply, 405, 'only POST is allowed here')
}

/** JSON, or no content type at all; never encoded. */
export const json: Check = (request, reply) => {
  const { 'content-type': type, 'content-encoding': encoding } = request.headers
  if (encoding !== undefined) return refuse(reply, 415, 'a Content-Encoding is not supported')
  if (type !== undefined && !/^\s*application\/json\s*(;|$)/i.test(type)) {
    return refuse(reply, 415, 'the content type must be application/json')
  }
  return undefined
}

/** Equal in length whatever the text, as timingSafeEqual wants it. */
function fingerprint(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
