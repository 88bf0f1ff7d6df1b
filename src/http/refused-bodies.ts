import type { FastifyRequest } from 'fastify'
import type { QuarantineNote } from '../ingest/entry.ts'
import type { Receiver } from '../ingest/receiver.ts'
import type { Place } from '../platform/record.ts'
import type { BodyReader } from './limits/body-reader.ts'

/** Why a body is refused, as the quarantine tells it. */
export interface Reason {
  kind: Extract<QuarantineNote['kind'], 'unknown' | 'unauthenticated'>
  /** A short stable code, such as `wrong_digest`. */
  reason: string
  errors: Place[]
}

/**
 * Keeps what is refused for people to look at: what is pushed once shall not be lost to a mixed-up secret or to a header
 * that a gateway rewrote. The quarantine has bounds of its own, so that strangers fill no disk.
 */
export class RefusedBodies {
  readonly #reader: BodyReader
  readonly #receiver: Pick<Receiver, 'keepUnread'>

  constructor(reader: BodyReader, receiver: Pick<Receiver, 'keepUnread'>) {
    this.#reader = reader
    this.#receiver = receiver
  }

  /** Keeps the beginning of a body that nobody has read. */
  keepUnread(request: FastifyRequest, why: Reason): Promise<void> {
    return this.#reader.beginning(request, async (body) => {
      if (body.length > 0) await this.keep(request, body, why)
    })
  }

  /** Keeps a body, which may be the beginning of a longer one: how long that is its Content-Length tells. */
  async keep(request: FastifyRequest, body: Buffer, why: Reason): Promise<void> {
    const announced = Math.min(Number(request.headers['content-length']) || 0, 2 ** 31 - 1)
    const note = { ...why, holds: 'body', body, bodySize: Math.max(body.length, announced) } as const
    await this.#receiver.keepUnread(note, request.ip, new Date())
  }
}
