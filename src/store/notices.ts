import type pg from 'pg'
import type { NoticeRow } from '../platform/notice.ts'
import type { Column } from './copy.ts'
import { hexOf } from './events.ts'
import { insertFromJson, jsonRows } from './json-rows.ts'
import { run, type Statement } from './statement.ts'

export type NoticeInsert = NoticeRow & {
  /** 32 hex digits. */
  notice_key: string
  /** appKey of the verified X-AKSK header. */
  signed_by: string | null
  /** When it first and last came, ISO 8601 with its zone, and how often. */
  received_at: string
  last_received_at: string
  seen_count: number
}

const columns: readonly Column[] = [
  { column: 'received_at', type: 'instant' },
  { column: 'last_received_at', type: 'instant' },
  { column: 'seen_count', type: 'int' },
  { column: 'notice_key', type: 'key' },
  { column: 'event_type', type: 'text' },
  { column: 'signed_by', type: 'text' },
  { column: 'body', type: 'json' },
]

const statement: Statement = {
  name: 'insert_notices',
  text: `${insertFromJson('rtc.notices', columns, 'AS n')}
    ON CONFLICT (notice_key) DO UPDATE SET
      received_at = least(n.received_at, excluded.received_at),
      last_received_at = greatest(n.last_received_at, excluded.last_received_at),
      seen_count = n.seen_count + excluded.seen_count,
      signed_by = coalesce(n.signed_by, excluded.signed_by)
    RETURNING notice_key, seen_count`,
}

/**
 * Stores notices, or counts those that are there; returns the keys of those that are new. No two with one key, sorted by
 * it: groups that lock the same rows in different order deadlock.
 */
export async function insertNotices(client: pg.ClientBase, rows: readonly NoticeInsert[]): Promise<Set<string>> {
  const seen = new Map(rows.map(({ notice_key, seen_count }) => [notice_key, seen_count]))
  const result = await run<{ notice_key: string; seen_count: number }>(client, statement, [jsonRows(rows, columns)])
  const after = result.rows.map(({ notice_key, seen_count }) => ({ key: hexOf(notice_key), seen_count }))
  return new Set(after.filter(({ key, seen_count }) => seen.get(key) === seen_count).map(({ key }) => key))
}
