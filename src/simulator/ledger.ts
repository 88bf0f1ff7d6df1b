import type { JsonObject, RecordKind } from '../platform/record.ts'

/** What became of a callback: answered as taken, answered otherwise, or no answer that could be read. */
export type Delivery = 'acknowledged' | 'refused' | 'unanswered'

export interface LedgerEntry {
  kind: RecordKind
  /** A status event with its type, or a CDR, as sent. */
  record: JsonObject
  appKey: string
  /** How often it was sent, and the best that became of it: acknowledged, unanswered, refused. */
  sent: number
  delivery: Delivery
}

/** Every good record that was sent, once. A test compares the tables with it. */
export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>()

  get size(): number {
    return this.#entries.size
  }

  note(kind: RecordKind, record: JsonObject, appKey: string, delivery: Delivery): void {
    const key = `${kind} ${JSON.stringify(record)}`
    const entry = this.#entries.get(key)
    if (!entry) return void this.#entries.set(key, { kind, record, appKey, sent: 1, delivery })
    entry.sent += 1
    if (rank[delivery] > rank[entry.delivery]) entry.delivery = delivery
  }

  entries(): IterableIterator<LedgerEntry> {
    return this.#entries.values()
  }
}

const rank: Record<Delivery, number> = { refused: 0, unanswered: 1, acknowledged: 2 }
