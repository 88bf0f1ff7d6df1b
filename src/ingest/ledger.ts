import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { CallEventRow } from '../platform/call-event.ts'
import type { CdrRow } from '../platform/cdr.ts'
import { toMillis } from '../platform/times.ts'
import type { CountedAs, Entry, Outcome } from './entry.ts'
import { FutureRecords } from './future-records.ts'
import { RedeliveryCounts } from './redeliveries.ts'

/**
 * Counts every record from the moment it is taken in until its outcome is known, so that at every scrape
 *
 *     received = Σ live outcomes + in flight
 *     spool at start + live outcome "spooled" = Σ spool outcomes + set aside + in the spool
 *
 * Nothing here awaits: what belongs together changes in one turn of the event loop. What changes with every record is
 * kept in plain numbers and handed over at a scrape, for prom-client takes longer to find a sample by its labels.
 */
export class Ledger {
  readonly #received = new Map<CountedAs, number>()
  readonly #outcomes = { live: noOutcomes(), spool: noOutcomes() }
  readonly redeliveries = new RedeliveryCounts()
  #inflight = 0
  readonly #misfits: Counter<'field'>
  readonly #oddities: Counter<'what'>
  readonly #mistakes: Counter
  readonly commitSeconds: Histogram<'table'>
  readonly groupRows: Histogram<'table'>
  readonly delaySeconds: Histogram<'kind'>
  readonly future: FutureRecords

  constructor(registry: Registry) {
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
    this.#misfits = new Counter({
      name: 'rtc_field_misfits_total',
      help: 'Known fields whose value did not fit their column and went into extra as sent',
      labelNames: ['field'],
      registers,
    })
    this.#oddities = new Counter({
      name: 'rtc_body_oddities_total',
      help: 'Callbacks taken although they differ from the documents',
      labelNames: ['what'],
      registers,
    })
    this.#mistakes = new Counter({
      name: 'rtc_statement_mistakes_total',
      help: 'Statements that failed by a mistake of the receiver or of its database, not by a record or an outage',
      registers,
    })
    this.commitSeconds = new Histogram({
      name: 'rtc_commit_seconds',
      help: 'Time from handing a group to Postgres until it is committed',
      labelNames: ['table'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    })
    this.groupRows = new Histogram({
      name: 'rtc_group_rows',
      help: 'Records committed together',
      labelNames: ['table'],
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      registers,
    })
    this.delaySeconds = new Histogram({
      name: 'rtc_callback_delay_seconds',
      help: 'Time from the key time of a record (one second resolution) until its callback came',
      labelNames: ['kind'],
      buckets: [1, 2, 5, 10, 30, 60, 300, 1800, 3600, 7200, 21600, 86400],
      registers,
    })
    this.future = new FutureRecords(registry)
  }

  received(entries: readonly Entry[]): void {
    for (const { countedAs } of entries) add(this.#received, countedAs)
    this.#inflight += entries.length
  }

  settled(entry: Entry, outcome: Outcome): void {
    const { via, countedAs } = entry
    add(this.#outcomes[via][countedAs], outcome)
    if (via === 'live') this.#inflight--
    if (outcome === 'duplicate') this.redeliveries.note(entry)
  }

  misfits(fields: readonly string[]): void {
    for (const field of fields) this.#misfits.inc({ field })
  }

  /**
   * How long after its key time each good record of a callback came: tells of a platform or a network that lags. What
   * comes from the future has no delay, and must not look like the best.
   */
  delays(entries: readonly Entry[], receivedAt: Date): void {
    for (const { kind, fate } of entries) {
      if (kind === 'notice' || !('row' in fate)) continue
      const { occurred_at, cdr_time } = fate.row as Partial<CallEventRow & CdrRow>
      const delayMs = receivedAt.getTime() - toMillis(occurred_at ?? cdr_time ?? '')
      if (!this.future.note(kind, -delayMs)) this.delaySeconds.observe({ kind }, Math.max(0, delayMs) / 1000)
    }
  }

  oddity(what: string): void {
    this.#oddities.inc({ what })
  }

  ourMistake(): void {
    this.#mistakes.inc()
  }

  group(table: string, rows: number, seconds: number): void {
    this.groupRows.observe({ table }, rows)
    this.commitSeconds.observe({ table }, seconds)
  }
}

function noOutcomes(): Record<CountedAs, Map<Outcome, number>> {
  return { call_events: new Map(), cdrs: new Map(), notices: new Map(), bodies: new Map() }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
