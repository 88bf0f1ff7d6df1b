import type pg from 'pg'
import { copyIn } from './copy.ts'
import { type Column, copyText } from './copy-text.ts'
import { readCommitted, type Statement } from './statement.ts'

const unfoldedColumns: readonly Column[] = [
  { column: 'session_id', type: 'text' },
  { column: 'fact_time', type: 'time' },
]
const copyUnfolded = copyStatement('rtc.unfolded', unfoldedColumns)

/** The text of a COPY of rows with these columns. */
export function copyStatement(table: string, columns: readonly Column[]): string {
  return `COPY ${table} (${columns.map(({ column }) => column).join(', ')}) FROM STDIN`
}

/**
 * Stores facts and the sessions to be folded, all or nothing: in the transaction that is open, else in one of its own.
 *
 * Rejects with 23505 where one of them is there already, or with the SQLSTATE of `rtc.refuse_erased`: see `isMet`.
 *
 * @param statement of `copyStatement`
 * @param rows sorted by partition and key, no two with one key
 * @param time of a row: its key time
 * @param digests of their keys, where keys have been erased; null where none is known to have been
 */
export async function copyFacts<Row extends { session_id: string }>(
  client: pg.ClientBase,
  statement: string,
  columns: readonly Column[],
  rows: readonly Row[],
  time: (row: Row) => string,
  digests: readonly string[] | null,
): Promise<void> {
  const begin = client.getTransactionStatus() === 'I' ? readCommitted(client) : ''
  // Last, because an erasure that commits while the COPY waits for the row it moves would else let the row back in. Hex
  // digits only: there is no way to give a query string parameters.
  const check = `SELECT rtc.refuse_erased(${digests === null ? 'NULL' : `'{${digests.join()}}'`})`
  await copyIn(client, `${begin}${statement}; ${copyUnfolded}; ${check}`, [
    copyText(rows, columns),
    sessionsText(rows, time),
  ])
}

/** Marks the sessions of these facts as to be folded, in the transaction that stores the facts. */
export async function markUnfolded<Row extends { session_id: string }>(
  client: pg.ClientBase,
  rows: readonly Row[],
  time: (row: Row) => string,
): Promise<void> {
  await copyIn(client, copyUnfolded, [sessionsText(rows, time)])
}

/** With the earliest of their key times, before which the fold need not look. */
function sessionsText<Row extends { session_id: string }>(rows: readonly Row[], time: (row: Row) => string): string {
  const earliest = new Map<string, string>()
  for (const row of rows) {
    const before = earliest.get(row.session_id)
    if (before === undefined || time(row) < before) earliest.set(row.session_id, time(row))
  }
  return copyText(
    [...earliest].map(([session_id, fact_time]) => ({ session_id, fact_time })),
    unfoldedColumns,
  )
}

export const refuseErased: Statement = { name: 'refuse_erased', text: 'SELECT rtc.refuse_erased($1::uuid[])' }
