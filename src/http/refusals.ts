import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { type Static, Type } from 'typebox'
import { CannotStoreError } from '../ingest/receiver.ts'
import type { Log } from '../lib/log.ts'
import { frames } from '../lib/logger.ts'
import { Place } from '../platform/record.ts'
import { BodyRefusedError } from './limits/body-reader.ts'

/** Seconds after which a callback may be tried again. The platform keeps its own schedule; proxies and people do not. */
const retryAfterSeconds = 60

/** What a refusal is counted under, by its HTTP status. */
export const outcomes: Record<number, string> = {
  200: 'accepted',
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'timeout',
  413: 'too_large',
  415: 'unsupported_media_type',
  417: 'expectation_failed',
  429: 'too_many',
  431: 'headers_too_large',
  503: 'unavailable',
}

/** The answer to a refused callback. */
export const Refusal = Type.Object(
  {
    resultcode: Type.String({ description: 'The HTTP status' }),
    resultdesc: Type.String(),
    errors: Type.Array(Place),
  },
  { description: 'Not taken' },
)
export type Refusal = Static<typeof Refusal>

/** @param status HTTP status of the answer */
export function refusal(status: number, resultdesc: string, errors: Place[] = []): Refusal {
  return { resultcode: String(status), resultdesc, errors }
}

/**
 * Answers with a refusal. The connection is closed after it: what follows on it may be the rest of a body that nobody
 * is going to read. (No decorator of the reply: Fastify's frameworkErrors hands out one that has none.)
 */
export function refuse(reply: FastifyReply, status: number, message: string, places: Place[] = []): FastifyReply {
  if (status === 503 || status === 429) reply.header('retry-after', retryAfterSeconds)
  return reply
    .code(status)
    .headers({ 'content-type': 'application/json; charset=utf-8', connection: 'close' })
    .send(JSON.stringify(refusal(status, message, places)))
}

export interface RefusalsOptions {
  log: Log
}

/** The answers to what no handler answers. */
export const refusals = fp<RefusalsOptions>(async (app, { log }) => {
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'there is nothing at this path'))
  app.setErrorHandler((error: Error, _request, reply) => {
    if (error instanceof CannotStoreError) return refuse(reply, 503, error.message)
    if (error instanceof BodyRefusedError) return refuse(reply, error.status, error.message)
    log.error({ error: error.name, stack: frames(error) }, 'internal error while a callback was handled: please report')
    return refuse(reply, 500, 'internal error')
  })
})
