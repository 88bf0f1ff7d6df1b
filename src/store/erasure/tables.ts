import type { Queryable } from '../statement.ts'

/** What the tables of an erasure need; the names of columns come from the catalogs, values are parameters. */

/**
 * Tables that may hold a number, in the order in which they are gone through: what names a session of the facts goes by
 * the new name once they have it.
 */
export const erasableTables = [
  'quarantine',
  'notices',
  'reveals',
  'cdrs',
  'call_events',
  'calls_private',
  'placed_calls',
  'replaced_cdrs',
  'feed',
] as const
export type ErasableTable = (typeof erasableTables)[number]

/** Text in which a number may stand, as translate() and LIKE look for it. */
export interface SqlPatterns {
  from: string
  to: string
  pattern: string
  encoded: string[]
}

export interface Column {
  name: string
  type: 'text' | 'jsonb' | 'text[]'
}

export interface Table {
  name: ErasableTable
  /** Columns of one row's identity. */
  key: readonly string[]
  /** By which a table of facts is gone through, a stretch of time after the other. */
  time?: string
  /** What of it may hold a number, without bodies: read from the catalogs, so that a new column is not forgotten. */
  columns: Column[]
  /** Rows, about. */
  about: number
}

/** Key and text columns of a row, as JSON has them. */
export type Row = Record<string, unknown>

const identities: Record<ErasableTable, Pick<Table, 'key' | 'time'>> = {
  quarantine: { key: ['id'] },
  notices: { key: ['notice_key'] },
  placed_calls: { key: ['id'] },
  replaced_cdrs: { key: ['id'] },
  reveals: { key: ['ticket'] },
  cdrs: { key: ['session_id', 'icid', 'cdr_time'], time: 'cdr_time' },
  call_events: { key: ['session_id', 'event_key', 'occurred_at'], time: 'occurred_at' },
  calls_private: { key: ['call_ref'] },
  feed: { key: ['position'] },
}

/** Throws when the database is not migrated. */
export async function readErasableTables(client: Queryable): Promise<Table[]> {
  const { rows } = await client.query<{ name: ErasableTable; columns: Column[]; about: number }>(
    `SELECT c.relname::text AS name,
      json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL)) ORDER BY a.attnum) AS columns,
      (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)::float8
        FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf) AS about
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'rtc'::regnamespace AND c.relname = ANY($1)
       AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype)
     GROUP BY c.oid, c.relname`,
    [[...erasableTables]],
  )
  return erasableTables.map((name) => {
    const found = rows.find((row) => row.name === name)
    if (!found) throw new Error(`there is no table rtc.${name}: run rtc-receiver migrate`)
    return { ...found, ...identities[name] }
  })
}

export const parametersOf = ({ from, to, pattern, encoded }: SqlPatterns) => [from, to, pattern, encoded]

/** All that a row says, as one text; a line feed stands in no number. */
export function mayHold({ columns }: Table): string {
  const said = `concat_ws(E'\\n', ${columns.map(({ name, type }) => (type === 'text' ? `t.${name}` : `t.${name}::text`)).join(', ')})`
  return `(translate(${said}, $1, $2) LIKE $3 OR ${said} LIKE ANY ($4::text[]))`
}

export function textOf({ key, columns }: Table): string {
  return objectOf([...new Set([...key, ...columns.map(({ name }) => name)])])
}

export function keyOf({ key }: Table): string {
  return objectOf(key)
}

function objectOf(names: readonly string[]): string {
  return `jsonb_build_object(${names.map((name) => `'${name}', t.${name}`).join(', ')})`
}

export function where({ key }: Table): string {
  return key.map((name, i) => `${name} = $${i + 1}`).join(' AND ')
}
