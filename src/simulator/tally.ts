import type { RecordKind } from '../platform/record.ts'
import type { SimulatedCall } from './call.ts'
import type { Delivery } from './ledger.ts'

export interface Latency {
  p50: number
  p95: number
  p99: number
  max: number
}

/** What is told at the end of a run. Callbacks are messages; a CDR callback holds up to 50 records. */
export interface Summary {
  seconds: number
  calls: number
  /** How many calls of each scenario ended how. */
  outcomes: Record<string, Record<string, number>>
  callbacks: { sent: number; acknowledged: number; refused: number; unanswered: number; perSecond: number }
  records: Record<RecordKind, { sent: number; acknowledged: number }>
  /** CDR callbacks sent again after a failure, and CDRs that were never taken in spite of it. */
  resent: number
  givenUp: number
  /** Of what was sent: messages sent twice, and messages and records that no receiver can store. */
  duplicates: number
  malformed: number
  /** CDRs that were kept back on purpose. */
  lostCdrs: number
  /** Statuses and errors that came instead of an acknowledgement, and how often. */
  failures: Record<string, number>
  /** Milliseconds from sending to the whole answer. */
  latencyMs: Record<RecordKind, Latency>
}

/** Counts while a run goes on; cheap enough to be asked for a summary at any time. */
export class Tally {
  readonly #startedAt = performance.now()
  readonly #latencies: Record<RecordKind, number[]> = { status: [], fee: [] }
  readonly #deliveries: Record<Delivery, number> = { acknowledged: 0, refused: 0, unanswered: 0 }
  readonly #records = { status: { sent: 0, acknowledged: 0 }, fee: { sent: 0, acknowledged: 0 } }
  readonly #failures: Record<string, number> = {}
  readonly #outcomes: Record<string, Record<string, number>> = {}
  calls = 0
  resent = 0
  givenUp = 0
  duplicates = 0
  malformed = 0
  lostCdrs = 0

  get sent(): number {
    const { acknowledged, refused, unanswered } = this.#deliveries
    return acknowledged + refused + unanswered
  }

  get acknowledged(): number {
    return this.#deliveries.acknowledged
  }

  call({ scenario, outcome }: SimulatedCall): void {
    this.calls += 1
    const counts = this.#outcomes[scenario] ?? {}
    counts[outcome] = (counts[outcome] ?? 0) + 1
    this.#outcomes[scenario] = counts
  }

  /** @param failure status or error, where it was not acknowledged */
  callback(kind: RecordKind, records: number, delivery: Delivery, ms: number, failure?: string): void {
    this.#deliveries[delivery] += 1
    this.#records[kind].sent += records
    if (delivery === 'acknowledged') this.#records[kind].acknowledged += records
    if (failure !== undefined) this.#failures[failure] = (this.#failures[failure] ?? 0) + 1
    if (delivery !== 'unanswered') this.#latencies[kind].push(ms)
  }

  wrongAnswer(what: string): void {
    this.#failures[what] = (this.#failures[what] ?? 0) + 1
  }

  summary(): Summary {
    const seconds = (performance.now() - this.#startedAt) / 1000
    return {
      seconds: round(seconds),
      calls: this.calls,
      outcomes: this.#outcomes,
      callbacks: { sent: this.sent, ...this.#deliveries, perSecond: Math.round(this.sent / seconds) },
      records: this.#records,
      resent: this.resent,
      givenUp: this.givenUp,
      duplicates: this.duplicates,
      malformed: this.malformed,
      lostCdrs: this.lostCdrs,
      failures: this.#failures,
      latencyMs: { status: latency(this.#latencies.status), fee: latency(this.#latencies.fee) },
    }
  }
}

function latency(all: readonly number[]): Latency {
  const sorted = Float64Array.from(all).sort()
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
