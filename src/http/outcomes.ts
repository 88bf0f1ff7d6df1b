import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Log } from '../lib/log.ts'
import type { CallbackMetrics } from '../metrics/callbacks.ts'
import type { CallbackKind } from '../platform/record.ts'
import { type RefusalLines, refusalLines } from './refusal-lines.ts'
import { outcomes } from './refusals.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the callback turned out to be, once its envelope is open. */
    callback: { kind: CallbackKind; records: number } | null
  }
}

/** What the log calls a request whose sender went away, as nginx does. */
const aborted = 499

/** Counts and logs how each request of the public listener ended, once, whoever answered it. */
export class Outcomes {
  /** Connections whose last request is counted already. */
  readonly #counted = new WeakSet<Socket>()
  readonly #metrics: CallbackMetrics
  readonly #log: Log
  readonly #logRefusal: RefusalLines

  constructor(metrics: CallbackMetrics, log: Log) {
    this.#metrics = metrics
    this.#log = log
    this.#logRefusal = refusalLines(log)
  }

  answered(request: FastifyRequest, reply: FastifyReply): void {
    const { kind = 'unknown', records = 0 } = request.callback ?? {}
    const { statusCode: status, elapsedTime: ms } = reply
    this.#metrics.answered(kind, outcomeOf(status), ms / 1000)
    if (hasOwnLine(request, status))
      this.#log.info({ route: request.routeOptions.url, kind, records, status, ms: Math.round(ms) }, 'callback')
    else this.#logRefusal(request.ip, status)
  }

  /** A sender that is gone before the answer gets none; a body that came whole is stored all the same. */
  closed(request: FastifyRequest, reply: FastifyReply): void {
    if (reply.raw.writableFinished || this.#counted.has(request.raw.socket)) return
    const { kind = 'unknown', records = 0 } = request.callback ?? {}
    this.#metrics.ended(kind, 'aborted')
    if (!request.callback) this.#logRefusal(request.ip, aborted)
    else this.#log.info({ kind, records }, 'callback: its sender was gone before the answer')
  }

  /** A request that reaches no route. */
  unrouted(address: string | undefined, status: number): void {
    this.#metrics.ended('unknown', outcomeOf(status))
    this.#logRefusal(address, status)
  }

  /** The same of one whose body was perhaps being read: it is counted here and not once more when its connection ends. */
  givenUp(socket: Socket, status: number): void {
    this.#counted.add(socket)
    this.unrouted(socket.remoteAddress, status)
  }
}

export interface CountOutcomesOptions {
  outcomes: Outcomes
}

/** The hooks that see every request of a route. */
export const countOutcomes = fp<CountOutcomesOptions>(async (app, { outcomes }) => {
  app.decorateRequest('callback', null)
  app.addHook('onRequest', (request, reply, done) => {
    // Not onRequestAbort: it does not run for a request whose body has come whole.
    reply.raw.once('close', () => outcomes.closed(request, reply))
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    outcomes.answered(request, reply)
    done()
  })
})

function outcomeOf(status: number): string {
  return outcomes[status] ?? String(status)
}

/** A callback has a line of its own, and so has what cannot be read although it is signed: both should be looked into. */
function hasOwnLine({ callback, signature }: FastifyRequest, status: number): boolean {
  return callback !== null || (signature !== null && status === 400)
}
