import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuse } from './refusals.ts'

/** A check on the headers alone, before any of the body is read. It answers, or lets the request pass. */
export type Check = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined

/** HTTP/1.1 asks for it. Node would refuse it too, but nobody would count it. */
export const host: Check = ({ raw, headers }, reply) => {
  if (headers.host !== undefined || raw.httpVersion !== '1.1') return undefined
  return refuse(reply, 400, 'the request has no Host header')
}

/** The platform always POSTs (protocol.md: transport). */
export const post: Check = (request, reply) => {
  if (request.method === 'POST') return undefined
  reply.header('allow', 'POST')
  return refuse(reply, 405, 'only POST is allowed here')
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
