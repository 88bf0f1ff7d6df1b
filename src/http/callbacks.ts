import { METHODS } from 'node:http'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Receiver } from '../ingest/receiver.ts'
import { accepted } from '../platform/answer.ts'
import { BodyError, type Envelope, openEnvelope, parseBody } from '../platform/body.ts'
import { post } from './gate.ts'
import { callbackSchema } from './openapi/callback-schema.ts'
import { refuse } from './refusals.ts'

export interface CallbackOptions {
  receiver: Pick<Receiver, 'take'>
  stopping: AbortSignal
}

/**
 * Both callback paths: take, hand on, answer. The answer is 200 when every record is durable. Either path takes either
 * kind, for the platform allows one URL for both (protocol.md: envelope).
 *
 * There is no preValidation and no validation: the schema documents the route, and what is taken is decided record by
 * record, more leniently than it says.
 */
export const callbacks: FastifyPluginAsyncTypebox<CallbackOptions> = async (app, { receiver, stopping }) => {
  app.setValidatorCompiler(() => () => true)
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  const others = app.supportedMethods.filter((method) => method !== 'POST')
  const replays = app.signatures?.areEnforced ? app.signatures : undefined

  for (const kind of ['status', 'fee'] as const) {
    app.post(`/${kind}`, { schema: callbackSchema(kind) }, async (request, reply) => {
      const body = request.body ?? Buffer.alloc(0)
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
          const { places, reason } = envelope
          await request.keepBody(body, { kind: 'unknown', reason, errors: places })
          return refuse(reply, 400, envelope.message, places)
        }
        const { kind: sent, records } = envelope
        const oddities: string[] = [...envelope.oddities]
        request.callback = { kind: sent, records: records.length }
        if (sent !== 'notice' && sent !== kind) oddities.push('wrong_path')
        const signer = request.signature?.appKey ?? null
        await receiver.take({ kind: sent, records, oddities, body, signer, receivedAt })
        isTaken = true
        // The client is to come back on a new connection. After a refusal it is anyway.
        if (stopping.aborted) reply.header('connection', 'close')
        return accepted
      } finally {
        replays?.leave(request, isTaken)
      }
    })
    // The gate has answered them. They are here so that they are known paths, and not 404.
    app.route({ method: others, url: `/${kind}`, schema: { hide: true }, handler: post })
  }
}

function open(body: Buffer): Envelope | BodyError {
  try {
    return openEnvelope(parseBody(body))
  } catch (error) {
    if (error instanceof BodyError) return error
    throw error
  }
}
