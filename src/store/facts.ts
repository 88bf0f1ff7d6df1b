import type pg from 'pg'
import { type Column, copyIn, copyText } from './copy.ts'
import { readCommitted, type Statement } from './statement.ts'

const unfoldedColumns: readonly Column[] = [
  { column: 'session_id', type: 'text' },
  { column: 'fact_time', type: 'time' },
]
const copyUnfolded = copyStatement('rtc.unfolded', unfoldedColumns)

/** The text of a COPY of rows with these columns. */
function copyStatement(table: string, columns: readonly Column[]): string {
  return `COPY ${table} (${columns.map(({ column }) => column).join(', ')}) FROM STDIN`
}

/**
 * Makes the function that stores facts and the sessions to be folded, all or nothing: in the transaction that is open,
 * else in one of its own.
 *
 * It takes rows sorted by partition and key, no two with one key, and digests of their keys, where keys have been erased;
 * null where none is known to have been. It rejects with 23505 where one of them is there already, or with the SQLSTATE
 * of `rtc.refuse_erased`.
 *
 * @param time of a row: its key time
 */
export function factCopier<Row extends { session_id: string }>(
  table: string,
  columns: readonly Column[],
  time: (row: Row) => string,
) {
  const statement = copyStatement(table, columns)
  return (client: pg.ClientBase, rows: readonly Row[], digests: readonly string[] | null): Promise<void> => {
    const begin = client.getTransactionStatus() === 'I' ? readCommitted(client) : ''
    // Last, because an erasure that commits while the COPY waits for the row it moves would else let the row back in. Hex
    // digits only: there is no way to give a query string parameters.
    const check = `SELECT rtc.refuse_erased(${digests === null ? 'NULL' : `'{${digests.join()}}'`})`
    return copyIn(client, `${begin}${statement}; ${copyUnfolded}; ${check}`, [
      copyText(rows, columns),
      sessionsText(rows, time),
    ])
  }
}

/** Marks the sessions of these facts as to be folded, in the transaction that stores the facts. */
export function markUnfolded<Row extends { session_id: string }>(
  client: pg.ClientBase,
  rows: readonly Row[],
  time: (row: Row) => string,
): Promise<void> {
  return copyIn(client, copyUnfolded, [sessionsText(rows, time)])
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
