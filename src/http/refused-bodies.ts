import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { QuarantineNote } from '../ingest/entry.ts'
import type { Receiver } from '../ingest/receiver.ts'
import type { Place } from '../platform/record.ts'

/** Why a body is refused, as the quarantine tells it. */
export interface Reason {
  kind: Extract<QuarantineNote['kind'], 'unknown' | 'unauthenticated'>
  /** A short stable code, such as `wrong_digest`. */
  reason: string
  errors: Place[]
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Keeps a body, which may be the beginning of a longer one: how long that is its Content-Length tells. */
    keepBody(body: Buffer, why: Reason): Promise<void>
    /** Keeps the beginning of a body that nobody has read. */
    keepUnread(why: Reason): Promise<void>
  }
}

export interface RefusedBodiesOptions {
  receiver: Pick<Receiver, 'keepUnread'>
}

/**
 * Keeps what is refused for people to look at: what is pushed once shall not be lost to a mixed-up secret or to a header
 * that a gateway rewrote. The quarantine has bounds of its own, so that strangers fill no disk.
 */
export const refusedBodies = fp<RefusedBodiesOptions>(async (app, { receiver }) => {
  app.decorateRequest('keepBody', function (this: FastifyRequest, body: Buffer, why: Reason) {
    const announced = Math.min(Number(this.headers['content-length']) || 0, 2 ** 31 - 1)
    const note = { ...why, holds: 'body', body, bodySize: Math.max(body.length, announced) } as const
    return receiver.keepUnread(note, this.ip, new Date())
  })
  app.decorateRequest('keepUnread', function (this: FastifyRequest, why: Reason) {
    return app.bodies.beginning(this, async (body) => {
      if (body.length > 0) await this.keepBody(body, why)
    })
  })
})
