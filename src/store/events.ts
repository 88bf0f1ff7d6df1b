import type pg from 'pg'
import { type CallEventRow, callEventColumns } from '../rtc/call-event.ts'
import { run, type Statement } from './statement.ts'
import { arraysOf, type Column, hexOf, insertFromUnnest } from './unnest.ts'

/** A call event with what the receiver adds to it. */
export type EventInsert = CallEventRow & {
  /** 32 hex digits. */
  event_key: string
  /** appKey of the verified X-AKSK header. */
  signed_by: string | null
  /** ISO 8601 with its zone. */
  received_at: string
}

const columns: readonly Column[] = [
  ...callEventColumns,
  { column: 'event_key', type: 'key' },
  { column: 'signed_by', type: 'text' },
  { column: 'received_at', type: 'instant' },
]

const statement: Statement = {
  name: 'insert_events',
  text: `${insertFromUnnest('rtc.call_events', columns)} ON CONFLICT DO NOTHING RETURNING event_key`,
}

/**
 * Stores events and returns the event_keys of those that are new. Rows must be sorted by key, and no two equal: groups
 * that lock the same keys in different order deadlock. Throws what Postgres threw (see errors.ts).
 */
export async function insertEvents(client: pg.ClientBase, rows: readonly EventInsert[]): Promise<Set<string>> {
  const result = await run<{ event_key: string }>(client, statement, arraysOf(rows, columns))
  return new Set(result.rows.map((row) => hexOf(row.event_key)))
}
