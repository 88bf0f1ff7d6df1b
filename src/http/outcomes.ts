import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Log } from '../lib/log.ts'
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
  readonly givenUp = new WeakSet<Socket>()
  readonly #callbacks: Counter
  readonly #lastCallback: Gauge
  readonly #log: Log
  readonly #refused: RefusalLines

  constructor(registry: Registry, log: Log) {
    const registers = [registry]
    this.#callbacks = new Counter({
      name: 'rtc_callbacks_total',
      help: 'Callbacks by what they were and how they were answered',
      labelNames: ['kind', 'outcome'],
      registers,
    })
    this.#lastCallback = new Gauge({
      name: 'rtc_last_callback_timestamp_seconds',
      help: 'When the last callback of a kind was accepted',
      labelNames: ['kind'],
      registers,
    })
    this.#log = log
    this.#refused = refusalLines(log)
  }

  /** Adds the hooks that see every request of a route. */
  watch(app: FastifyInstance): void {
    app.decorateRequest('callback', null)
    app.addHook('onRequest', (request, reply, done) => {
      reply.raw.once('close', () => this.#countAborted(request, reply))
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      this.#countAnswered(request, reply)
      done()
    })
  }

  /** Counts a request that reaches no route. */
  readonly turnAway = (address: string | undefined, status: number): void => {
    this.#callbacks.inc({ kind: 'unknown', outcome: outcomes[status] ?? String(status) })
    this.#refused(address, status)
  }

  #countAnswered(request: FastifyRequest, reply: FastifyReply): void {
    const { kind = 'unknown', records = 0 } = request.callback ?? {}
    const { statusCode: status } = reply
    this.#callbacks.inc({ kind, outcome: outcomes[status] ?? String(status) })
    if (status === 200) this.#lastCallback.set({ kind }, Date.now() / 1000)
    if (hasOwnLine(request, status)) {
      const ms = Math.round(reply.elapsedTime)
      this.#log.info({ route: request.routeOptions.url, kind, records, status, ms }, 'callback')
    } else this.#refused(request.ip, status)
  }

  /** Whoever is gone before the answer hears none; a body that came whole is stored all the same. */
  #countAborted(request: FastifyRequest, reply: FastifyReply): void {
    if (reply.raw.writableFinished || this.givenUp.has(request.raw.socket)) return
    const { kind = 'unknown', records = 0 } = request.callback ?? {}
    this.#callbacks.inc({ kind, outcome: 'aborted' })
    if (!request.callback) this.#refused(request.ip, aborted)
    else this.#log.info({ kind, records }, 'callback: its sender was gone before the answer')
  }
}

/** A callback has a line of its own, and so has what cannot be read although it is signed: both should be looked into. */
function hasOwnLine({ callback, signature }: FastifyRequest, status: number): boolean {
  return callback !== null || (signature !== null && status === 400)
}
