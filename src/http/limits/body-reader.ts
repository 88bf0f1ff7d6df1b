import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { unreadLimits } from '../../ingest/quarantine-budget.ts'
import { Budget } from './budget.ts'

declare module 'fastify' {
  interface FastifyInstance {
    bodies: BodyReader
  }
}

const KiB = 1024
const MiB = 1024 * KiB

/** Up to this a body that is wanted takes no share: the platform's have 0.5 to 50 KiB, and always find room. */
const uncountedBytes = 64 * KiB
/** Milliseconds for a body that is refused whatever it says: the platform's come with their headers. */
const unwantedMs = 3_000
/** Least milliseconds that whoever sends in too many pieces waits for the answer, and most; not all at the same time. */
const leastPenaltyMs = 10_000
const mostPenaltyMs = 20_000
/** What a connection counts as meanwhile besides itself: a source has room for 16 of them. */
const penaltyConnections = 31
/** Room for a body whose length is not known, and most that is believed of a length. */
const firstBytes = 4 * KiB
const believedBytes = 16 * KiB

/** @param limit BODY_LIMIT */
export const bodies = fp<{ limit: number }>(async (app, { limit }) => {
  const { connections } = app
  const { bodyBytes: keptBytes } = unreadLimits
  const reader = new BodyReader({ limit, keptBytes, connections, sourceOf: ({ source }) => source })
  app.decorate('bodies', reader)
  app.addHook('preClose', async () => reader.close())
  // A parser of our own, not a preParsing hook before Fastify's: that one would count no pieces and no memory.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', reader.parse)
})

/** A body that is read no further, and why. */
export class BodyRefusedError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface BodyReaderOptions {
  /** BODY_LIMIT: bytes of the largest body that is taken. */
  limit: number
  /** Bytes that are kept of a body that is refused. */
  keptBytes: number
  /** The connections of each source. */
  connections: Budget
  /** Who sends; undefined for our own proxy, which speaks for many. */
  sourceOf: (request: FastifyRequest) => string | undefined
}

interface Bounds {
  bytes: number
  budget: Budget
  uncountedBytes: number
  /** Node's own requestTimeout where there is none. */
  timeoutMs?: number
}

/**
 * Reads the bodies of all requests, wanted or not, within one set of bounds: bytes, pieces, memory of a source and of
 * all. Bytes are counted as they come, for a Content-Length may be missing, or promise what never comes.
 */
export class BodyReader {
  readonly #options: BodyReaderOptions
  readonly #wanted: Budget
  readonly #unwanted = new Budget(4 * MiB, 16 * MiB)
  /** What answers those that still wait for it. */
  readonly #punished = new Set<(error: BodyRefusedError) => void>()

  constructor(options: BodyReaderOptions) {
    this.#options = options
    const share = Math.max(16 * MiB, 2 * options.limit)
    this.#wanted = new Budget(share, 4 * share)
  }

  /** Reads a whole body: the content type parser of the public app. */
  readonly parse = (
    request: FastifyRequest,
    payload: IncomingMessage,
    done: (error: Error | null, body?: Buffer) => void,
  ): void => {
    const { limit } = this.#options
    if (Number(request.headers['content-length']) > limit) {
      done(tooLarge(limit))
      return
    }
    const bounds = { bytes: limit, budget: this.#wanted, uncountedBytes }
    this.#read(request, payload, bounds, (error, body, release) => {
      release()
      if (error) done(error)
      else done(null, body)
    })
  }

  /**
   * Hands the first bytes of a body that is refused to `use`, and resolves when that is done. A body that does not come
   * in time, whose sender goes away, or for which there is no memory is not handed on.
   */
  beginning(request: FastifyRequest, use: (body: Buffer) => Promise<void>): Promise<void> {
    const bounds = {
      bytes: this.#options.keptBytes,
      budget: this.#unwanted,
      uncountedBytes: 0,
      timeoutMs: unwantedMs,
    }
    return new Promise((resolve, reject) => {
      this.#read(request, request.raw, bounds, (error, body, release) => {
        const used = error === null || error.status === 413 ? use(body) : Promise.resolve()
        used.finally(release).then(resolve, reject)
      })
    })
  }

  /** Answers everybody who is kept waiting: the server is about to close. */
  close(): void {
    for (const finish of this.#punished) finish(tooManyPieces())
  }

  /** @param done is told what came until then, and must call `release` once it does not hold the body any more */
  #read(
    request: FastifyRequest,
    payload: IncomingMessage,
    bounds: Bounds,
    done: (error: BodyRefusedError | null, body: Buffer, release: () => void) => void,
  ): void {
    // One buffer, not a list of pieces: a piece of one byte takes some hundred times its size.
    let buffer = Buffer.allocUnsafe(0)
    let size = 0
    let pieces = 0
    let held = 0
    let source: string | undefined
    const { connections } = this.#options

    /** Makes room for so many bytes, or says why there is none. */
    const grow = (needed: number): BodyRefusedError | undefined => {
      const announced = Math.min(Number(request.headers['content-length']) || firstBytes, believedBytes)
      const room = Math.min(Math.max(needed, 2 * buffer.length, announced), Math.max(bounds.bytes, needed))
      if (room > bounds.uncountedBytes) {
        if (held === 0) source = this.#options.sourceOf(request)
        const status = bounds.budget.hold(source, room - held)
        if (status) return new BodyRefusedError(status, 'too many large bodies are being read')
        held = room
      }
      const larger = Buffer.allocUnsafe(room)
      buffer.copy(larger, 0, 0, size)
      buffer = larger
      return undefined
    }
    const take = (piece: Buffer) => {
      const fitting = size + piece.length > bounds.bytes ? piece.subarray(0, bounds.bytes - size) : piece
      if (size + fitting.length > buffer.length) {
        const refusal = grow(size + fitting.length)
        if (refusal) return stop(refusal)
      }
      size += fitting.copy(buffer, size)
      if (fitting !== piece) return stop(tooLarge(bounds.bytes))
      if (++pieces > mostPieces(size)) punish()
    }
    const end = () => finish(null)
    // Node ends no body before its Content-Length, or its last chunk, has come.
    const fail = () => finish(new BodyRefusedError(400, 'the body is shorter than it should be'))
    const stop = (error: BodyRefusedError) => {
      readNoFurther(payload)
      finish(error)
    }
    /** Each 64 KiB in pieces of one byte cost 10 ms: whoever is answered at once sends more over the next connection. */
    const punish = () => {
      clearTimeout(timer)
      payload.off('data', take).off('end', end)
      readNoFurther(payload)
      const penaltyMs = leastPenaltyMs + Math.random() * (mostPenaltyMs - leastPenaltyMs)
      timer = setTimeout(finish, penaltyMs, tooManyPieces())
      this.#punished.add(finish)
      const sender = this.#options.sourceOf(request)
      connections.charge(sender, penaltyConnections)
      payload.once('close', () => connections.release(sender, penaltyConnections))
    }
    const finish = (error: BodyRefusedError | null) => {
      clearTimeout(timer)
      this.#punished.delete(finish)
      payload.off('data', take).off('end', end).off('error', fail).off('close', fail)
      done(error, buffer.subarray(0, size), () => {
        if (held > 0) bounds.budget.release(source, held)
      })
    }
    const { timeoutMs } = bounds
    let timer: NodeJS.Timeout | undefined
    if (timeoutMs !== undefined)
      timer = setTimeout(() => stop(new BodyRefusedError(408, 'the body came too slowly')), timeoutMs)
    payload.on('data', take).on('end', end).on('error', fail).on('close', fail)
  }
}

/**
 * In how many pieces so many bytes may come: each costs time, whatever its size. TCP makes one of 500 bytes and more, a
 * sender that writes every word of its JSON apart one of 8.
 */
function mostPieces(bytes: number): number {
  return 4_096 + bytes / 8
}

/**
 * Reads nothing more from the socket, and drops what of it is on its way through the parser: a request that is paused at
 * once would keep the pieces, which take many times their size.
 */
function readNoFurther(payload: IncomingMessage): void {
  const { socket } = payload
  // Without a listener each piece would be kept until the next turn even while the request flows.
  payload.on('data', () => {})
  // Else Node would read up to 32 times before anybody else has a turn; a request that flows starts it once more.
  const stop = () => {
    if (socket instanceof Socket) socket.pause()
  }
  stop()
  setImmediate(() => {
    payload.pause()
    stop()
  })
}

function tooManyPieces(): BodyRefusedError {
  return new BodyRefusedError(413, 'the body comes in too many pieces')
}

function tooLarge(limit: number): BodyRefusedError {
  return new BodyRefusedError(413, `the body is larger than ${limit} bytes`)
}
