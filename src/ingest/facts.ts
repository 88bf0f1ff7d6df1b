import type { KeyObject } from 'node:crypto'
import type pg from 'pg'
import type { CallEventRow } from '../platform/call-event.ts'
import type { CdrRow } from '../platform/cdr.ts'
import { cdrDifferences } from '../platform/cdr-differences.ts'
import { recordDigest } from '../platform/digest.ts'
import { type CdrInsert, cdrKey, copyCdrs, insertCdrs, storedCdrs } from '../store/cdrs.ts'
import { keyDigest } from '../store/erased-keys.ts'
import { copyEvents, type EventInsert, insertEvents, storedEvents } from '../store/events.ts'
import type { Entry } from './entry.ts'

/** Of each key that is known to be taken the row that it holds; null: whatever comes under it is a duplicate. */
export type Known<Row> = ReadonlyMap<string, Row | null>

/** What differs between the two big tables. */
export interface FactTable<Row extends { session_id: string }> {
  readonly name: 'call_events' | 'cdrs'
  /** The row of an entry with all it is stored with. */
  row(entry: Entry, key: KeyObject): Row
  /** The row's unique key as text. */
  key(row: Row): string
  /** The partition column, of a row or of an entry that is to be one: `yyyy-MM-dd HH:mm:ss`, UTC. */
  time(row: Row): string
  timeOf(entry: Entry): string
  /** The digest under which an erasure keeps the row's key. */
  keyDigest(row: Row, key: KeyObject): string
  /** Stores rows that are all taken to be new; rejects where one is not. */
  copy(client: pg.ClientBase, rows: readonly Row[], keyDigests: readonly string[] | null): Promise<void>
  /** Stores those rows that are new and returns their keys. */
  insert(client: pg.ClientBase, rows: readonly Row[]): Promise<Set<string>>
  /** What is stored under the keys of these rows. */
  stored(client: pg.ClientBase, rows: readonly Row[]): Promise<Known<Row>>
  /** Names of the fields in which two rows of one key differ; none: they are the same record. */
  differences(stored: Row, received: Row): string[]
}

export const eventTable: FactTable<EventInsert> = {
  name: 'call_events',
  row(entry, key) {
    const event_key = recordDigest(key, 'status', entry.record, entry.signer !== null)
    return Object.assign(rowOf<CallEventRow>(entry), { event_key }, receipt(entry))
  },
  key: (row) => row.event_key,
  time: (row) => row.occurred_at,
  timeOf: (entry) => rowOf<CallEventRow>(entry).occurred_at,
  keyDigest: (row, key) => keyDigest(key, 'call_events', [row.session_id, row.event_key, row.occurred_at]),
  copy: copyEvents,
  insert: insertEvents,
  async stored(client, rows) {
    return new Map([...(await storedEvents(client, rows))].map((key) => [key, null]))
  },
  // The key holds a digest of the whole event.
  differences: () => [],
}

export const cdrTable: FactTable<CdrInsert> = {
  name: 'cdrs',
  row(entry) {
    return Object.assign(rowOf<CdrRow>(entry), receipt(entry))
  },
  key: cdrKey,
  time: (row) => row.cdr_time,
  timeOf: (entry) => rowOf<CdrRow>(entry).cdr_time,
  keyDigest: (row, key) => keyDigest(key, 'cdrs', [row.session_id, row.icid, row.cdr_time]),
  copy: copyCdrs,
  insert: insertCdrs,
  async stored(client, rows) {
    const stored = await storedCdrs(client, rows)
    // Of an erased row nothing is left to compare with.
    return new Map([...stored].map(([key, { row, erased }]) => [key, erased ? null : row]))
  },
  // What is not signed is not compared with what is: whoever may post could post numbers, and see which one fits.
  differences: (stored, received) =>
    stored.signed_by !== null && received.signed_by === null ? ['signature'] : cdrDifferences(stored, received),
}

/** What the receiver adds to a row. */
function receipt({ signer, receivedAt }: Entry) {
  return { signed_by: signer, received_at: receivedAt }
}

function rowOf<Row>({ content }: Entry): Row {
  if (!('row' in content)) throw new Error('a note is no fact')
  return content.row as Row
}
