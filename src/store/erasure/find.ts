import type pg from 'pg'
import type { Queryable } from '../statement.ts'
import { keyOf, mayHold, parametersOf, type Row, type SqlPatterns, type Table, textOf, where } from './tables.ts'

/** The end of the stretch of time that begins after `from` and has some 10,000 rows; null at the end of the table. */
export async function endOfStretch(
  client: Queryable,
  { name, time }: Table,
  from: string,
): Promise<[string | null, number]> {
  const { rows } = await client.query<{ end: string | null; rows: number }>(
    `SELECT max(x.t)::text AS end, count(*)::int AS rows
      FROM (SELECT ${time} AS t FROM rtc.${name} WHERE ${time} > $1::timestamptz ORDER BY ${time} LIMIT 10000) x`,
    [from],
  )
  return [rows[0]?.end ?? null, rows[0]?.rows ?? 0]
}

/** Rows read at a time: each may have a megabyte. */
const fetched = 20

/**
 * Rows that may hold the number, key and text, one after the other; of quarantine all, with their bodies. Reads through a
 * cursor in a transaction of its own, on a connection that changes nothing meanwhile.
 */
export async function* candidates(
  reader: pg.ClientBase,
  table: Table,
  patterns: SqlPatterns,
  stretch?: { from: string; to: string },
): AsyncGenerator<Row> {
  const { name, time } = table
  const conditions = [
    ...(name === 'quarantine' ? [] : [mayHold(table)]),
    ...(stretch ? [`${time} > $5::timestamptz AND ${time} <= $6::timestamptz`] : []),
  ]
  const values = [
    ...(name === 'quarantine' ? [] : [...parametersOf(patterns)]),
    ...(stretch ? [stretch.from, stretch.to] : []),
  ]
  await reader.query('BEGIN READ ONLY')
  try {
    await reader.query(
      `DECLARE candidates NO SCROLL CURSOR FOR SELECT ${textOf(table)} AS row ${name === 'quarantine' ? ', body' : ''}
        FROM rtc.${name} t ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}`,
      values,
    )
    for (;;) {
      const { rows } = await reader.query<{ row: Row; body?: Buffer }>(`FETCH ${fetched} FROM candidates`)
      if (rows.length === 0) return
      for (const { row, body } of rows) yield body ? { ...row, body } : row
    }
  } finally {
    await reader.query('ROLLBACK').catch(() => {})
  }
}

/** Those of one session, each locked. */
export async function candidatesOfSession(
  client: Queryable,
  table: Table,
  patterns: SqlPatterns,
  session: string,
): Promise<Row[]> {
  const { rows } = await client.query<{ row: Row }>(
    `SELECT ${keyOf(table)} AS row FROM rtc.${table.name} t WHERE session_id = $5 AND ${mayHold(table)}`,
    [...parametersOf(patterns), session],
  )
  return rows.map(({ row }) => row)
}

/** A row as it is now, locked; undefined where it is gone. */
export async function readForUpdate(client: Queryable, table: Table, key: Row): Promise<Row | undefined> {
  const { rows } = await client.query<{ row: Row }>(
    `SELECT ${textOf(table)} AS row FROM rtc.${table.name} t WHERE ${where(table)} FOR UPDATE`,
    table.key.map((name) => key[name]),
  )
  return rows[0]?.row
}

/** Keys of all facts that a session has in a table. */
export async function keysOfSession(client: Queryable, table: Table, session: string): Promise<Row[]> {
  const { rows } = await client.query<{ row: Row }>(
    `SELECT ${keyOf(table)} AS row FROM rtc.${table.name} t WHERE session_id = $1`,
    [session],
  )
  return rows.map(({ row }) => row)
}
