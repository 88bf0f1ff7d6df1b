import type pg from 'pg'
import { copyIn } from './copy.ts'
import { type Column, copyText } from './copy-text.ts'
import { readCommitted, type Statement } from './statement.ts'

const unfoldedColumns: readonly Column[] = [{ column: 'session_id', type: 'text' }]
const copyUnfolded = 'COPY rtc.unfolded (session_id) FROM STDIN'

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
 * @param digests of their keys, where keys have been erased; null where none is known to have been
 */
export async function copyFacts<Row extends { session_id: string }>(
  client: pg.ClientBase,
  statement: string,
  columns: readonly Column[],
  rows: readonly Row[],
  digests: readonly string[] | null,
): Promise<void> {
  const begin = client.getTransactionStatus() === 'I' ? readCommitted(client) : ''
  // Last, because an erasure that commits while the COPY waits for the row it moves would else let the row back in. Hex
  // digits only: there is no way to give a query string parameters.
  const check = `SELECT rtc.refuse_erased(${digests === null ? 'NULL' : `'{${digests.join()}}'`})`
  await copyIn(client, `${begin}${statement}; ${copyUnfolded}; ${check}`, [copyText(rows, columns), sessionsText(rows)])
}

/** Marks the sessions of these facts as to be folded, in the transaction that stores the facts. */
export async function markUnfolded(client: pg.ClientBase, rows: readonly { session_id: string }[]): Promise<void> {
  await copyIn(client, copyUnfolded, [sessionsText(rows)])
}

function sessionsText(rows: readonly { session_id: string }[]): string {
  const sessions = new Set(rows.map(({ session_id }) => session_id))
  return copyText(
    [...sessions].map((session_id) => ({ session_id })),
    unfoldedColumns,
  )
}

export const refuseErased: Statement = { name: 'refuse_erased', text: 'SELECT rtc.refuse_erased($1::uuid[])' }
