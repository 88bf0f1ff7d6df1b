import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { BodyBudget } from './body-budget.ts'

/** Up to this a body is not counted: the platform's have 0.5 to 50 KB, in few pieces, and always find room. */
const uncounted = 64 * 1024
/** What a piece takes besides its bytes: a body in pieces of one byte takes hundreds of times its size. */
const perPiece = 256

/** Milliseconds for the rest of a body that nobody needs. */
const discardMs = 1_000

/** A body that is read no further, and why. */
export class BodyRefusedError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface BodyReaderOptions {
  limit: number
  budget: BodyBudget
  /** Whose share a large body takes; asked for only when there is one. */
  shareOf: (request: FastifyRequest) => string | undefined
}

/** Reads whole bodies, counting bytes as they come: a Content-Length may be missing, or promise what never comes. */
export function bodyReader({ limit, budget, shareOf }: BodyReaderOptions) {
  return (
    request: FastifyRequest,
    payload: IncomingMessage,
    done: (error: Error | null, body?: Buffer) => void,
  ): void => {
    if (Number(request.headers['content-length']) > limit) {
      discard(payload, () => done(tooLarge(limit)))
      return
    }
    const pieces: Buffer[] = []
    let size = 0
    let held = 0
    let source: string | undefined

    const take = (piece: Buffer) => {
      pieces.push(piece)
      size += piece.length
      if (size > limit) return finish(tooLarge(limit))
      const cost = size + pieces.length * perPiece
      if (cost <= uncounted) return
      if (held === 0) source = shareOf(request)
      const refusal = budget.hold(source, cost - held)
      if (refusal) return finish(new BodyRefusedError(refusal, 'too many large bodies are being read'))
      held = cost
    }
    const end = () => finish(null)
    // Node ends no body before its Content-Length, or its last chunk, has come.
    const fail = () => finish(new BodyRefusedError(400, 'the body is shorter than it should be'))
    const finish = (error: Error | null) => {
      payload.off('data', take).off('end', end).off('error', fail).off('close', fail)
      if (held > 0) budget.release(source, held)
      if (error) discard(payload, () => done(error))
      // A copy, for pieces are views of what was read from the socket.
      else done(null, Buffer.concat(pieces, size))
    }
    payload.on('data', take).on('end', end).on('error', fail).on('close', fail)
  }
}

/**
 * Reads the rest of a body, keeps nothing of it, and does not wait for it long. A connection that is closed with bytes
 * unread is reset, and a client that is still sending may lose the answer with it.
 */
function discard(payload: IncomingMessage, then: () => void): void {
  const finish = () => {
    clearTimeout(timer)
    payload.off('end', finish).off('error', finish).off('close', finish)
    then()
  }
  const timer = setTimeout(finish, discardMs)
  payload.on('end', finish).on('error', finish).on('close', finish).resume()
  if (payload.readableEnded || payload.destroyed) finish()
}

function tooLarge(limit: number): BodyRefusedError {
  return new BodyRefusedError(413, `the body is larger than ${limit} bytes`)
}
