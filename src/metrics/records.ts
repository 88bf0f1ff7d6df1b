import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Batches } from '../ingest/batches.ts'
import type { CountedAs, Outcome, Via } from '../ingest/entry.ts'
import type { RecordKind } from '../platform/record.ts'

/**
 * Every record from the moment it is taken in until its outcome is known, so that at every scrape
 *
 *     received = Σ live outcomes + in flight
 *     spool at start + live outcome "spooled" = Σ spool outcomes + set aside + in the spool
 *
 * What changes with every record is kept in plain numbers and handed over at a scrape, for prom-client takes longer to
 * find a sample by its labels.
 */
export class RecordMetrics {
  readonly #received = new Map<CountedAs, number>()
  readonly #outcomes = { live: noOutcomes(), spool: noOutcomes() }
  #inflight = 0
  readonly #misfits: Counter<'field'>
  readonly #mistakes: Counter
  readonly #future: Counter<'kind'>
  readonly #commitSeconds: Histogram<'table'>
  readonly #groupRows: Histogram<'table'>
  readonly #delaySeconds: Histogram<'kind'>

  constructor(registry: Registry) {
    this.#ledger(registry)
    const registers = [registry]
    this.#misfits = new Counter({
      name: 'rtc_field_misfits_total',
      help: 'Known fields whose value did not fit their column and went into extra as sent',
      labelNames: ['field'],
      registers,
    })
    this.#mistakes = new Counter({
      name: 'rtc_statement_mistakes_total',
      help: 'Statements that failed by an error in the receiver or its database, not by a record or an outage',
      registers,
    })
    this.#future = new Counter({
      name: 'rtc_future_records_total',
      help: 'Records whose key time was more than a minute ahead of the clock here',
      labelNames: ['kind'],
      registers,
    })
    // There from the start, so that the first one is an increase.
    for (const kind of ['status', 'fee']) this.#future.inc({ kind }, 0)
    this.#commitSeconds = new Histogram({
      name: 'rtc_commit_seconds',
      help: 'Time from handing a group to Postgres until it is committed',
      labelNames: ['table'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    })
    this.#groupRows = new Histogram({
      name: 'rtc_group_rows',
      help: 'Records committed together',
      labelNames: ['table'],
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      registers,
    })
    this.#delaySeconds = new Histogram({
      name: 'rtc_callback_delay_seconds',
      help: 'Time from the key time of a record (one second resolution) until its callback came',
      labelNames: ['kind'],
      buckets: [1, 2, 5, 10, 30, 60, 300, 1800, 3600, 7200, 21600, 86400],
      registers,
    })
  }

  received(table: CountedAs): void {
    add(this.#received, table)
    this.#inflight++
  }

  settled(table: CountedAs, outcome: Outcome, via: Via): void {
    add(this.#outcomes[via][table], outcome)
    if (via === 'live') this.#inflight--
  }

  misfits(fields: readonly string[]): void {
    for (const field of fields) this.#misfits.inc({ field })
  }

  ourMistake(): void {
    this.#mistakes.inc()
  }

  future(kind: RecordKind): void {
    this.#future.inc({ kind })
  }

  delay(kind: RecordKind, seconds: number): void {
    this.#delaySeconds.observe({ kind }, seconds)
  }

  group(table: string, rows: number, seconds: number): void {
    this.#groupRows.observe({ table }, rows)
    this.#commitSeconds.observe({ table }, seconds)
  }

  #ledger(registry: Registry): void {
    const registers = [registry]
    const received = this.#received
    new Counter({
      name: 'rtc_records_received_total',
      help: 'Records of callbacks that were taken in (bodies: those that could not be read)',
      labelNames: ['table'],
      registers,
      collect() {
        this.reset()
        for (const [table, count] of received) this.inc({ table }, count)
      },
    })
    const outcomes = this.#outcomes
    new Counter({
      name: 'rtc_records_total',
      help: 'Records whose outcome is known; refused ones were answered 503',
      labelNames: ['table', 'outcome', 'via'],
      registers,
      collect() {
        this.reset()
        for (const [via, tables] of Object.entries(outcomes))
          for (const [table, counts] of Object.entries(tables))
            for (const [outcome, count] of counts) this.inc({ table, outcome, via }, count)
      },
    })
    const inflight = () => this.#inflight
    new Gauge({
      name: 'rtc_inflight_records',
      help: 'Records taken in whose callback is not answered yet',
      registers,
      collect() {
        this.set(inflight())
      },
    })
  }
}

/** What waits in memory, by the table it is for. */
export function watchBatches(registry: Registry, batches: Pick<Batches, 'all'>): void {
  new Gauge({
    name: 'rtc_queue_rows',
    help: 'Records that wait for their group',
    labelNames: ['table'],
    registers: [registry],
    collect() {
      for (const batch of batches.all) this.set({ table: batch.name }, batch.rows)
    },
  })
}

function noOutcomes(): Record<CountedAs, Map<Outcome, number>> {
  return { call_events: new Map(), cdrs: new Map(), notices: new Map(), bodies: new Map() }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
