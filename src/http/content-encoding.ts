import type { FastifyRequest } from 'fastify'
import type { Check } from './header-checks.ts'
import { refuse } from './refusals.ts'
import type { Reason } from './refused-bodies.ts'

const message = 'the body has a Content-Encoding, which is not undone here'
const why: Reason = { kind: 'unknown', reason: 'content_encoding', errors: [{ pointer: '', message }] }

/**
 * Refuses bodies that somebody compressed on the way, and keeps them. `identity` and the name of a charset, which some
 * gateways write there, encode nothing.
 */
export const noEncoding: Check = (request, reply) => {
  if (!isEncoded(request)) return undefined
  void request.keepUnread(why).then(() => refuse(reply, 415, message))
  return reply
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
