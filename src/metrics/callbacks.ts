import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { CallbackKind } from '../platform/record.ts'

/** `unknown` is whatever was answered before its envelope was open. */
export type AnsweredKind = CallbackKind | 'unknown'

/** The objective of docs/metrics.md is a bucket of its own: the deadline of a commit, by default. */
const answerBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10]

/** Requests of the public listener, and how they were answered. */
export class CallbackMetrics {
  readonly #callbacks: Counter<'kind' | 'outcome'>
  readonly #oddities: Counter<'what'>
  readonly #answerSeconds: Histogram<'kind'>
  readonly #lastCallback: Gauge<'kind'>

  constructor(registry: Registry) {
    const registers = [registry]
    this.#callbacks = new Counter({
      name: 'rtc_callbacks_total',
      help: 'Callbacks by what they were and how they were answered',
      labelNames: ['kind', 'outcome'],
      registers,
    })
    this.#oddities = new Counter({
      name: 'rtc_body_oddities_total',
      help: 'Callbacks taken although they differ from the documents',
      labelNames: ['what'],
      registers,
    })
    this.#answerSeconds = new Histogram({
      name: 'rtc_answer_seconds',
      help: 'Time from the headers of a callback until its answer was sent',
      labelNames: ['kind'],
      buckets: answerBuckets,
      registers,
    })
    this.#lastCallback = new Gauge({
      name: 'rtc_last_callback_timestamp_seconds',
      help: 'When the last callback of a kind was accepted',
      labelNames: ['kind'],
      registers,
    })
  }

  answered(kind: AnsweredKind, outcome: string, seconds: number): void {
    this.#callbacks.inc({ kind, outcome })
    this.#answerSeconds.observe({ kind }, seconds)
    if (outcome === 'accepted') this.#lastCallback.set({ kind }, Date.now() / 1000)
  }

  oddity(what: string): void {
    this.#oddities.inc({ what })
  }

  /** Without a duration: the sender was gone before the answer, or Node answered what reached no route. */
  ended(kind: AnsweredKind, outcome: string): void {
    this.#callbacks.inc({ kind, outcome })
  }
}
