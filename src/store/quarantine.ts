import type pg from 'pg'
import type { CallbackKind, Place } from '../platform/record.ts'
import type { Column } from './copy.ts'
import { insertFromJson, jsonRows } from './json-rows.ts'
import { type Queryable, run, type Statement } from './statement.ts'

export type QuarantineKind = CallbackKind | 'unknown' | 'unauthenticated'

export interface QuarantineInsert {
  kind: QuarantineKind
  /** Short stable code. */
  reason: string
  errors: readonly Place[]
  /** Place in `feeLst`, from 0. */
  record_index: number | null
  /** The record's JSON, or the raw bytes of a body that could not be read, perhaps only their beginning. */
  body: Buffer
  /** Bytes of the original. */
  body_size: number
  /** Keyed digest of the original, 32 hex digits: the same again is counted, not added. */
  body_key: string
  /** appKey of the verified X-AKSK header. */
  signed_by: string | null
  /** When the callback came, ISO 8601 with its zone. */
  received_at: string
  /** Of a conflict: names of the fields in which it differs from the stored record. */
  differing?: string[]
}

/** An entry as listed; `body` only comes with `getQuarantine`. */
export interface QuarantineSummary {
  id: number
  kind: QuarantineKind
  reason: string
  errors: Place[]
  record_index: number | null
  body_size: number
  signed_by: string | null
  /** When it first came: the received_at of a record that is replayed. */
  first_seen_at: Date
  last_seen_at: Date
  seen_count: number
  resolved_at: Date | null
  resolution: string | null
  /** Of a conflict: the call, and what it would change of the bill; null while nobody has looked (see explainConflicts). */
  call_ref: string | null
  differing: string[] | null
  minutes_stored: number | null
  minutes_received: number | null
}

export interface QuarantineEntry extends QuarantineSummary {
  body: Buffer
}

const columns: readonly Column[] = [
  { column: 'first_seen_at', type: 'instant' },
  { column: 'last_seen_at', type: 'instant' },
  { column: 'seen_count', type: 'int' },
  { column: 'record_index', type: 'int' },
  { column: 'body_size', type: 'int' },
  { column: 'body_key', type: 'key' },
  { column: 'kind', type: 'text' },
  { column: 'reason', type: 'text' },
  { column: 'signed_by', type: 'text' },
  { column: 'errors', type: 'json' },
  // A list of texts, which goes in as JSON too.
  { column: 'differing', type: 'json' },
  { column: 'body', type: 'bytes' },
]

// The platform sends a CDR again for six hours, and for private number five or ten (protocol.md: retries): the same
// within a day of being resolved is no news. When it still comes later, its cause is not gone, and the entry opens
// again.
const insertStatement: Statement = {
  name: 'insert_quarantine',
  text: `${insertFromJson('rtc.quarantine', columns, 'AS q')}
    ON CONFLICT (body_key, reason, kind) DO UPDATE SET
      first_seen_at = least(q.first_seen_at, excluded.first_seen_at),
      last_seen_at = greatest(q.last_seen_at, excluded.last_seen_at),
      stored_at = now(),
      seen_count = q.seen_count + excluded.seen_count,
      signed_by = coalesce(q.signed_by, excluded.signed_by),
      differing = coalesce(excluded.differing, q.differing),
      resolved_at = CASE WHEN excluded.last_seen_at > q.resolved_at + interval '24 hours' THEN NULL ELSE q.resolved_at END,
      resolution = CASE WHEN excluded.last_seen_at > q.resolved_at + interval '24 hours' THEN NULL ELSE q.resolution END`,
}

/** Keeps what could not become a row. The same record or body with the same reason has one entry, which counts. */
export async function insertQuarantine(client: pg.ClientBase, entries: readonly QuarantineInsert[]): Promise<void> {
  await run(client, insertStatement, [jsonRows(merge(entries), columns)])
}

type MergedEntry = Omit<QuarantineInsert, 'received_at'> &
  Pick<QuarantineSummary, 'seen_count'> & { first_seen_at: string; last_seen_at: string }

/** One entry for each key, since one statement may not touch a row twice; sorted, so that two groups do not deadlock. */
function merge(entries: readonly QuarantineInsert[]): MergedEntry[] {
  const merged = new Map<string, MergedEntry>()
  for (const { received_at, ...entry } of entries) {
    const key = `${entry.body_key} ${entry.kind} ${entry.reason}`
    const same = merged.get(key)
    if (same) {
      same.seen_count++
      if (received_at < same.first_seen_at) same.first_seen_at = received_at
      if (received_at > same.last_seen_at) same.last_seen_at = received_at
    } else {
      merged.set(key, { ...entry, seen_count: 1, first_seen_at: received_at, last_seen_at: received_at })
    }
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}

const summary = `id::float8 AS id, kind, reason, errors, record_index, body_size, signed_by,
  first_seen_at, last_seen_at, seen_count::float8 AS seen_count, resolved_at, resolution,
  call_ref, differing, minutes_stored, minutes_received`

export interface QuarantineFilter {
  /** Resolved entries too. */
  resolved?: boolean
  reason?: string
  limit?: number
}

/** The entries that came last, newest first; open ones only unless asked otherwise. */
export async function listQuarantine(
  client: Queryable,
  { resolved = false, reason, limit = 100 }: QuarantineFilter = {},
): Promise<QuarantineSummary[]> {
  const { rows } = await client.query<QuarantineSummary>(
    `SELECT ${summary} FROM rtc.quarantine
      WHERE ($1 OR resolved_at IS NULL) AND ($2::text IS NULL OR reason = $2)
      ORDER BY last_seen_at DESC, id DESC LIMIT $3`,
    [resolved, reason ?? null, limit],
  )
  return rows
}

export async function getQuarantine(client: Queryable, id: number): Promise<QuarantineEntry | undefined> {
  const { rows } = await client.query<QuarantineEntry>(`SELECT ${summary}, body FROM rtc.quarantine WHERE id = $1`, [
    id,
  ])
  return rows[0]
}

/** Open conflicts that nobody has looked at yet, the latest first. */
export async function newConflicts(client: Queryable, limit: number): Promise<QuarantineEntry[]> {
  const { rows } = await client.query<QuarantineEntry>(
    `SELECT ${summary}, body FROM rtc.quarantine
      WHERE reason = 'conflict' AND call_ref IS NULL AND resolved_at IS NULL ORDER BY id DESC LIMIT $1`,
    [limit],
  )
  return rows
}

/** Notes which call a conflict is about, and its billed minutes by the stored CDR and by this one; null: not known. */
export async function noteConflict(
  client: Queryable,
  id: number,
  callRef: string,
  minutes: { stored: number; received: number } | null,
): Promise<void> {
  await client.query(
    'UPDATE rtc.quarantine SET call_ref = $2, minutes_stored = $3, minutes_received = $4 WHERE id = $1',
    [id, callRef, minutes?.stored ?? null, minutes?.received ?? null],
  )
}

/** Closes open entries; returns the ids of those that were open. */
export async function resolveQuarantine(
  client: Queryable,
  ids: readonly number[],
  resolution: string,
): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(
    `UPDATE rtc.quarantine SET resolved_at = now(), resolution = $2
      WHERE id = ANY($1::bigint[]) AND resolved_at IS NULL RETURNING id::float8 AS id`,
    [ids, resolution],
  )
  return rows.map(({ id }) => id)
}

/** What an entry takes beside its body, in bytes: its row and its part of the indexes. As in rtc.count_quarantine. */
export const entryOverhead = 512

export interface QuarantineSize {
  entries: number
  /** Bytes of all bodies, and `entryOverhead` for each entry. */
  bytes: number
  /** Bytes of the table's files. They do not shrink when entries go: what comes later takes the room. */
  diskBytes: number
}

const sizeStatement: Statement = {
  name: 'quarantine_size',
  text: `SELECT entries::float8 AS entries, bytes::float8 AS bytes, disk_bytes::float8 AS "diskBytes"
    FROM rtc.quarantine_size()`,
}

/** How much there is, known without reading any of it. */
export async function quarantineSize(client: Queryable): Promise<QuarantineSize> {
  const { rows } = await run<QuarantineSize>(client, sizeStatement, [])
  return rows[0] as QuarantineSize
}

/** Entries that one statement deletes: it must end within the timeout of statements, their bodies included. */
const pruneRows = 500

/**
 * Deletes what has not come again for so many days, resolved or not; returns how many entries. Nothing that was stored
 * lately: a receiver whose clock was years behind quarantined what it took for the future, as of years ago.
 */
export function pruneQuarantine(client: Queryable, retentionDays: number): Promise<number> {
  const past = 'now() - make_interval(days => $1)'
  return prune(client, `last_seen_at < ${past} AND stored_at < ${past} ORDER BY last_seen_at`, [retentionDays])
}

/**
 * Deletes what was resolved more than a day ago, to make room; returns how many entries. Until then the same again, which
 * the platform may re-send, leaves the entry closed.
 */
export function pruneResolved(client: Queryable): Promise<number> {
  return prune(client, `resolved_at < now() - interval '1 day' ORDER BY resolved_at`, [])
}

async function prune(client: Queryable, which: string, values: unknown[]): Promise<number> {
  const text = `DELETE FROM rtc.quarantine WHERE id IN (SELECT id FROM rtc.quarantine WHERE ${which} LIMIT ${pruneRows})`
  let deleted = 0
  for (;;) {
    const { rowCount } = await client.query(text, values)
    deleted += rowCount ?? 0
    if ((rowCount ?? 0) < pruneRows) return deleted
  }
}
