import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Receiver } from '../ingest/receiver.ts'
import { ACCEPTED } from '../platform/answer.ts'
import { BodyError, parseBody } from '../platform/body.ts'
import { type Envelope, EnvelopeError, openEnvelope } from '../platform/envelope.ts'
import type { Signatures } from './auth/signatures.ts'
import { refuse } from './refusals.ts'
import type { RefusedBodies } from './refused-bodies.ts'

/**
 * The handler of both callback paths: take, hand on, answer. The answer is 200 when every record is durable.
 * Either path takes either kind, for the platform allows one URL for both (protocol.md: envelope).
 * @param replays refuses what comes under a used header; undefined where nothing is refused for its signature
 */
export function callbackHandler(
  receiver: Pick<Receiver, 'take'>,
  refused: RefusedBodies,
  replays: Signatures | undefined,
) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0)
    if (replays) {
      const admitted = replays.admits(request, body)
      // Nearly all are at once, and an await of what is there already costs a microsecond.
      if (admitted !== true && !(await admitted)) return replays.refuseReplay(request, reply, body)
    }
    let isTaken = false
    try {
      const receivedAt = new Date()
      const envelope = open(body)
      if (envelope instanceof Error) {
        const { places } = envelope
        const { reason } = envelope
        await refused.keep(request, body, { kind: 'unknown', reason, errors: places })
        return refuse(reply, 400, envelope.message, places)
      }
      const { kind, records } = envelope
      const oddities: string[] = [...envelope.oddities]
      request.callback = { kind, records: records.length }
      if (kind !== 'notice' && !request.routeOptions.url?.endsWith(kind)) oddities.push('wrong_path')
      await receiver.take({ kind, records, oddities, body, signer: request.signature?.appKey ?? null, receivedAt })
      isTaken = true
      return reply.header('content-type', 'application/json; charset=utf-8').send(ACCEPTED)
    } finally {
      replays?.leave(request, isTaken)
    }
  }
}

function open(body: Buffer): Envelope | BodyError | EnvelopeError {
  try {
    return openEnvelope(parseBody(body))
  } catch (error) {
    if (error instanceof BodyError || error instanceof EnvelopeError) return error
    throw error
  }
}
