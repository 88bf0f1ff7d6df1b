import type { FastifyRequest } from 'fastify'
import type { Check } from './gate-checks.ts'
import { refuse } from './refusals.ts'
import type { Reason, RefusedBodies } from './refused-bodies.ts'

const message = 'the body has a Content-Encoding, which is not undone here'

/**
 * Refuses bodies that somebody compressed on the way, and keeps them. `identity` and the name of a charset, which some
 * gateways write there, encode nothing.
 */
export function noEncoding(refused: RefusedBodies): Check {
  return (request, reply) => {
    if (!isEncoded(request)) return undefined
    const why: Reason = { kind: 'unknown', reason: 'content_encoding', errors: [{ pointer: '', message }] }
    void refused.keepUnread(request, why).then(() => refuse(reply, 415, message))
    return reply
  }
}

function isEncoded({ headers }: FastifyRequest): boolean {
  const encodings = (headers['content-encoding'] ?? '').split(',').map((name) => name.trim().toLowerCase())
  return !encodings.every((name) => name === '' || name === 'identity' || isCharset(name))
}

function isCharset(name: string): boolean {
  try {
    return new TextDecoder(name) !== undefined
  } catch {
    return false
  }
}
