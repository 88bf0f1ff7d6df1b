import type { KeyObject } from 'node:crypto'
import type pg from 'pg'
import type { CallEventRow } from '../rtc/call-event.ts'
import type { CdrRow } from '../rtc/cdr.ts'
import { keyedDigest, recordDigest } from '../rtc/digest.ts'
import { type CdrInsert, cdrKey, insertCdrs, storedRecordKeys } from '../store/cdrs.ts'
import type { ErasedRows } from '../store/erased.ts'
import { type EventInsert, insertEvents } from '../store/events.ts'
import { transaction } from '../store/pool.ts'
import type { CommitContext } from '../store/postgres.ts'
import { insertQuarantine, type QuarantineInsert } from '../store/quarantine.ts'
import { noteOnRecord } from './check.ts'
import type { Entry, QuarantineNote, Settled } from './item.ts'

/** A row with all it is stored with. */
type Insert = EventInsert | CdrInsert

/** What differs between the two big tables. */
export interface Table {
  name: 'call_events' | 'cdrs'
  /**
   * Adds to the row what the receiver itself knows: digest, signer, time of receipt. One by one, since Object.assign
   * would make a dictionary of a wide row: 3 µs and 4 KB.
   */
  complete(entry: Entry, row: CallEventRow | CdrRow, key: KeyObject): Insert
  /** The row's unique key as text: rows are sorted by it, so that groups lock in one order. */
  key(row: Insert): string
  digest(row: Insert): string
  /** The partition column. */
  time(row: CallEventRow | CdrRow): string
  /** The digests of the rows that are new. */
  insert(client: pg.ClientBase, rows: Insert[]): Promise<Set<string>>
  /**
   * Digests stored under the keys of these rows; null under that of an erased row, which any record counts as a duplicate
   * of. Absent where the key holds the digest and nothing can conflict.
   */
  stored?(client: pg.ClientBase, rows: Insert[]): Promise<Map<string, string | null>>
  /** Digests of those rows that were stored before and erased since, where the key does not tell. */
  erased?(client: pg.ClientBase, rows: Insert[], known: ErasedRows): Promise<Set<string>>
}

export const eventTable: Table = {
  name: 'call_events',
  complete(entry, row, key) {
    const insert = row as EventInsert
    insert.event_key = recordDigest(key, 'status', entry.record)
    insert.signed_by = entry.signer
    insert.received_at = entry.receivedAt
    return insert
  },
  key: (row) => `${row.session_id}\n${(row as EventInsert).event_key}`,
  digest: (row) => (row as EventInsert).event_key,
  time: (row) => (row as CallEventRow).occurred_at,
  insert: (client, rows) => insertEvents(client, rows as EventInsert[]),
  erased: (client, rows, known) => known.events(client, rows as EventInsert[]),
}

export const cdrTable: Table = {
  name: 'cdrs',
  complete(entry, row, key) {
    const insert = row as CdrInsert
    insert.record_key = recordDigest(key, 'fee', entry.record)
    insert.signed_by = entry.signer
    insert.received_at = entry.receivedAt
    return insert
  },
  key: (row) => cdrKey(row as CdrInsert),
  digest: (row) => (row as CdrInsert).record_key,
  time: (row) => (row as CdrRow).cdr_time,
  insert: (client, rows) => insertCdrs(client, rows as CdrInsert[]),
  stored: (client, rows) => storedRecordKeys(client, rows as CdrInsert[]),
  erased: (client, rows, known) => known.cdrs(client, rows as CdrInsert[]),
}

/** The stored row met by a duplicate vanished between two statements (retention dropped its partition). */
export class RowVanishedError extends Error {
  readonly code = '40001'
}

/**
 * Commits a group and says what became of each entry. All or nothing: when it throws, nothing of the group is known to
 * be stored. Throws what Postgres or its driver threw.
 */
export async function commitGroup<E extends Entry>(
  client: pg.ClientBase,
  context: CommitContext,
  table: Table,
  entries: readonly E[],
  admits: (entry: E, note: QuarantineNote) => boolean,
): Promise<Map<E, Settled>> {
  // A statement alone is a transaction of its own, which saves two round trips where nothing can be added to it.
  const several = table.stored !== undefined || entries.some(({ fate }) => 'note' in fate)
  const store = () => storeGroup(client, context, table, entries, admits)
  return several ? transaction(client, store) : store()
}

/**
 * Stores a group inside whatever transaction there is.
 *
 * Of records with one key only the first goes to Postgres; what Postgres already has comes out of
 * `ON CONFLICT DO NOTHING RETURNING`, and only if rows are missing there, a second statement reads their digests: one
 * statement cannot see rows that were committed while it ran. Then it is known which record stands under each key, and
 * so which of the others are duplicates of it and which are conflicts. A conflict that is not admitted is refused.
 */
export async function storeGroup<E extends Entry>(
  client: pg.ClientBase,
  { digestKey, erasedRows }: CommitContext,
  table: Table,
  entries: readonly E[],
  admits: (entry: E, note: QuarantineNote) => boolean = () => true,
): Promise<Map<E, Settled>> {
  const outcomes = new Map<E, Settled>()
  const rows: { entry: E; row: Insert; leader: Insert; key: string }[] = []
  const leaders = new Map<string, Insert>()
  const notes: QuarantineInsert[] = []

  const quarantine = (entry: E, note: QuarantineNote, outcome: Settled) => {
    notes.push(toInsert(entry, note, digestKey))
    outcomes.set(entry, outcome)
  }

  for (const entry of entries) {
    if ('note' in entry.fate) {
      quarantine(entry, entry.fate.note, 'quarantined')
      continue
    }
    const row = table.complete(entry, entry.fate.row as CallEventRow | CdrRow, digestKey)
    const key = table.key(row)
    const leader = leaders.get(key) ?? row
    leaders.set(key, leader)
    rows.push({ entry, row, leader, key })
  }

  if (rows.length > 0) {
    // Sorted, because two groups that lock the same keys in different order deadlock.
    const group = [...leaders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
    const erased = erasedRows && (await table.erased?.(client, group, erasedRows))
    const isErased = (row: Insert) => erased?.has(table.digest(row)) ?? false
    const fresh = await table.insert(client, erased ? group.filter((row) => !isErased(row)) : group)
    const isNew = (row: Insert) => fresh.has(table.digest(row))
    const met = group.filter((row) => !isNew(row) && !isErased(row))
    const stored = met.length > 0 ? await table.stored?.(client, met) : undefined

    for (const { entry, row, leader, key } of rows) {
      const standing = isErased(leader) ? null : isNew(leader) || !stored ? table.digest(leader) : stored.get(key)
      if (standing === undefined) throw new RowVanishedError('a stored row vanished between two statements')
      if (standing === null || standing === table.digest(row)) {
        outcomes.set(entry, row === leader && isNew(leader) ? 'stored' : 'duplicate')
        continue
      }
      const note = conflictNote(entry)
      if (admits(entry, note)) quarantine(entry, note, 'conflict')
      else outcomes.set(entry, 'refused')
    }
  }

  if (notes.length > 0) await insertQuarantine(client, notes)
  return outcomes
}

/** A CDR whose key is taken by another record: kept for people to look at, never merged, never overwriting. */
function conflictNote({ kind, record }: Entry): QuarantineNote {
  const errors = [{ pointer: '', message: 'another record is stored under the same sessionId, icid and time' }]
  return noteOnRecord(kind, 'conflict', errors, record)
}

function toInsert(entry: Entry, note: QuarantineNote, key: KeyObject): QuarantineInsert {
  return {
    kind: note.kind,
    reason: note.reason,
    errors: note.errors,
    record_index: entry.index,
    body: note.body,
    body_size: note.bodySize,
    // The digest of a record does not depend on blanks or the order of keys, so that it is known again.
    body_key:
      note.holds === 'record'
        ? recordDigest(key, entry.kind, JSON.parse(note.body.toString()))
        : keyedDigest(key, note.body),
    signed_by: entry.signer,
    received_at: entry.receivedAt,
  }
}
