import { type CdrRow, cdrColumns } from '../platform/cdr.ts'
import type { JsonObject } from '../platform/record.ts'
import type { Column } from './copy.ts'
import { timesAndRange } from './events.ts'
import { factCopier } from './facts.ts'
import { insertFromJson, jsonRows } from './json-rows.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** A CDR with what the receiver adds to it. */
export type CdrInsert = CdrRow & {
  /** appKey of the verified X-AKSK header. */
  signed_by: string | null
  /** ISO 8601 with its zone. */
  received_at: string
}

/** A stored CDR; of an erased one only the key is what it was. */
export interface StoredCdr {
  /** `received_at` with microseconds. */
  row: CdrInsert
  erased: boolean
}

type CdrKey = Pick<CdrRow, 'session_id' | 'icid' | 'cdr_time'>

const columns: readonly Column[] = [
  ...cdrColumns,
  { column: 'signed_by', type: 'text' },
  { column: 'received_at', type: 'instant' },
]

const insertStatement: Statement = {
  name: 'insert_cdrs',
  text: `${insertFromJson('rtc.cdrs', columns)} ON CONFLICT DO NOTHING
    RETURNING session_id, icid, ${read('time', 'cdr_time')}`,
}

// Plain arrays, which Citus can route; a few rows more than asked for may match and are dropped below. The range is for
// the plan that is kept for a named statement: partitions are pruned by a parameter, but not by an array of them.
const storedStatement: Statement = {
  name: 'stored_cdrs',
  text: `SELECT ${cdrColumns.map(({ type, column }) => read(type, column)).join(', ')}, signed_by,
      to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS received_at, erased_at IS NOT NULL AS erased
    FROM rtc.cdrs WHERE session_id = ANY($1::text[]) AND cdr_time = ANY($2::timestamptz[])
      AND cdr_time BETWEEN $3::timestamptz AND $4::timestamptz`,
}

/** The unique key of a CDR as text. NUL separates its parts, since no text in Postgres holds one. */
export function cdrKey({ session_id, icid, cdr_time }: CdrKey): string {
  return `${session_id}\0${icid}\0${cdr_time}`
}

/** Stores CDRs of which none is known to be there. See `factCopier`. */
export const copyCdrs = factCopier<CdrInsert>('rtc.cdrs', columns, ({ cdr_time }) => cdr_time)

/**
 * Stores those CDRs under whose key there is none yet and returns their `cdrKey`s. Rows sorted and distinct as for
 * `factCopier`.
 */
export async function insertCdrs(client: Queryable, rows: readonly CdrInsert[]): Promise<Set<string>> {
  const result = await run<CdrKey>(client, insertStatement, [jsonRows(rows, columns)])
  return new Set(result.rows.map(cdrKey))
}

/** What is stored under the keys of these CDRs, by `cdrKey`. */
export async function storedCdrs(client: Queryable, rows: readonly CdrKey[]): Promise<Map<string, StoredCdr>> {
  if (rows.length === 0) return new Map()
  const result = await run<CdrInsert & { erased: boolean }>(client, storedStatement, [
    [...new Set(rows.map(({ session_id }) => session_id))],
    ...timesAndRange(rows.map(({ cdr_time }) => cdr_time)),
  ])
  const wanted = new Set(rows.map(cdrKey))
  const stored = new Map<string, StoredCdr>()
  for (const { erased, ...row } of result.rows) {
    const key = cdrKey(row)
    if (wanted.has(key)) stored.set(key, { row, erased })
  }
  return stored
}

/** A column as the receiver writes it: a time as text, whatever the zone and the style of dates of the session. */
function read(type: Column['type'], column: string): string {
  return type === 'time' ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS ${column}` : column
}

const replaceStatement: Statement = {
  name: 'replace_cdr',
  text: 'SELECT rtc.replace_cdr($1, $2, $3, $4, $5, $6) AS replaced',
}

/**
 * Moves a stored CDR to rtc.replaced_cdrs, as the record it came from; by a function, for the receiver's role may delete no
 * facts. Resolves to false where it is not there any more as it was read.
 */
export async function replaceCdr(
  client: Queryable,
  { session_id, icid, cdr_time, received_at }: CdrInsert,
  { call_ref, cdr }: { call_ref: string; cdr: JsonObject },
): Promise<boolean> {
  const values = [session_id, icid, `${cdr_time}+00`, received_at, call_ref, JSON.stringify(cdr)]
  const { rows } = await run<{ replaced: boolean }>(client, replaceStatement, values)
  return rows[0]?.replaced ?? false
}
