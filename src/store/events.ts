import { type CallEventRow, callEventColumns } from '../platform/call-event.ts'
import type { Column } from './copy.ts'
import { factCopier } from './facts.ts'
import { insertFromJson, jsonRows } from './json-rows.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** A call event with what the receiver adds to it. */
export type EventInsert = CallEventRow & {
  /** 32 hex digits. */
  event_key: string
  /** appKey of the verified X-AKSK header. */
  signed_by: string | null
  /** ISO 8601 with its zone. */
  received_at: string
}

type EventKey = Pick<EventInsert, 'session_id' | 'event_key' | 'occurred_at'>

const columns: readonly Column[] = [
  ...callEventColumns,
  { column: 'event_key', type: 'key' },
  { column: 'signed_by', type: 'text' },
  { column: 'received_at', type: 'instant' },
]

const insertStatement: Statement = {
  name: 'insert_events',
  text: `${insertFromJson('rtc.call_events', columns)} ON CONFLICT DO NOTHING RETURNING event_key`,
}

// The range is for the plan that is kept for a named statement: partitions are pruned by a parameter, but not by an array.
const storedStatement: Statement = {
  name: 'stored_events',
  text: `SELECT session_id, event_key, occurred_at FROM rtc.call_events
    WHERE session_id = ANY($1::text[]) AND occurred_at = ANY($2::timestamptz[])
      AND occurred_at BETWEEN $3::timestamptz AND $4::timestamptz`,
}

/** Stores events of which none is known to be there. See `factCopier`. */
export const copyEvents = factCopier<EventInsert>('rtc.call_events', columns, ({ occurred_at }) => occurred_at)

/** Stores those events that are not there yet and returns their event_keys. Rows sorted and distinct as for `factCopier`. */
export async function insertEvents(client: Queryable, rows: readonly EventInsert[]): Promise<Set<string>> {
  const result = await run<{ event_key: string }>(client, insertStatement, [jsonRows(rows, columns)])
  return new Set(result.rows.map(({ event_key }) => hexOf(event_key)))
}

/** The event_keys of those events that are stored. The key holds a digest of the event: what has it is the same event. */
export async function storedEvents(client: Queryable, rows: readonly EventKey[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const result = await run<{ event_key: string }>(client, storedStatement, [
    [...new Set(rows.map(({ session_id }) => session_id))],
    ...timesAndRange(rows.map(({ occurred_at }) => occurred_at)),
  ])
  return new Set(result.rows.map(({ event_key }) => hexOf(event_key)))
}

/** Distinct times as parameters, with the first and the last. */
export function timesAndRange(times: readonly string[]): [string[], string, string] {
  const sorted = [...new Set(times)].sort().map((time) => `${time}+00`)
  return [sorted, sorted[0] as string, sorted.at(-1) as string]
}

/** The 32 hex digits of a digest that Postgres gave back as a uuid. */
export function hexOf(uuid: string): string {
  return uuid.replaceAll('-', '')
}
