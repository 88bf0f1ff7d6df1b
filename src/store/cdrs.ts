import type pg from 'pg'
import { type CdrRow, cdrColumns } from '../rtc/cdr.ts'
import { run, type Statement } from './statement.ts'
import { arrayLiteral, arraysOf, type Column, hexOf, insertFromUnnest } from './unnest.ts'

/** A CDR with what the receiver adds to it. */
export type CdrInsert = CdrRow & {
  /** 32 hex digits. */
  record_key: string
  /** appKey of the verified X-AKSK header. */
  signed_by: string | null
  /** ISO 8601 with its zone. */
  received_at: string
}

type CdrKey = Pick<CdrRow, 'session_id' | 'icid' | 'cdr_time'>

const columns: readonly Column[] = [
  ...cdrColumns,
  { column: 'record_key', type: 'key' },
  { column: 'signed_by', type: 'text' },
  { column: 'received_at', type: 'instant' },
]

const insertStatement: Statement = {
  name: 'insert_cdrs',
  text: `${insertFromUnnest('rtc.cdrs', columns)} ON CONFLICT DO NOTHING RETURNING record_key`,
}

// Plain arrays, which Citus can route; a few rows more than asked for may match and are dropped below. The range is for
// the plan that is kept for a named statement: partitions are pruned by a parameter, but not by an array of them.
const storedStatement: Statement = {
  name: 'stored_record_keys',
  text: `SELECT session_id, icid, to_char(cdr_time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS cdr_time, record_key,
      erased_at IS NOT NULL AS erased
    FROM rtc.cdrs WHERE session_id = ANY($1::text[]) AND cdr_time = ANY($2::timestamptz[])
      AND cdr_time BETWEEN $3::timestamptz AND $4::timestamptz`,
}

/** The unique key of a CDR as text. NUL separates its parts, since no text in Postgres holds one. */
export function cdrKey(row: CdrKey): string {
  return `${row.session_id}\0${row.icid}\0${row.cdr_time}`
}

/**
 * Stores CDRs and returns the record_keys of those that are new. Rows must be sorted by key, and no two with one key:
 * groups that lock the same keys in different order deadlock. Throws what Postgres threw (see errors.ts).
 */
export async function insertCdrs(client: pg.ClientBase, rows: readonly CdrInsert[]): Promise<Set<string>> {
  const result = await run<{ record_key: string }>(client, insertStatement, arraysOf(rows, columns))
  return new Set(result.rows.map((row) => hexOf(row.record_key)))
}

/**
 * The second look at the CDRs that were not new: `cdrKey` → record_key of the stored row, or null where personal data
 * were erased from it and its record_key is random. A statement of its own, because an INSERT does not see the row of
 * another transaction it has waited for.
 */
export async function storedRecordKeys(
  client: pg.ClientBase,
  rows: readonly CdrKey[],
): Promise<Map<string, string | null>> {
  if (rows.length === 0) return new Map()
  const times = [...new Set(rows.map((row) => row.cdr_time))].sort()
  const sessions = [...new Set(rows.map((row) => row.session_id))]
  const result = await run<CdrKey & { record_key: string; erased: boolean }>(client, storedStatement, [
    arrayLiteral(sessions, 'text'),
    arrayLiteral(times, 'time'),
    `${times[0]}+00`,
    `${times.at(-1)}+00`,
  ])
  const wanted = new Set(rows.map(cdrKey))
  const stored = new Map<string, string | null>()
  for (const row of result.rows) {
    const key = cdrKey(row)
    if (wanted.has(key)) stored.set(key, row.erased ? null : hexOf(row.record_key))
  }
  return stored
}
