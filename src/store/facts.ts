import type pg from 'pg'
import { type Column, copyIn, copyText } from './copy.ts'
import { readCommitted, type Statement } from './statement.ts'

const unfoldedColumns: readonly Column[] = [
  { column: 'session_id', type: 'text' },
  { column: 'fact_time', type: 'time' },
  { column: 'event_key', type: 'key' },
  { column: 'icid', type: 'text' },
]
const copyUnfolded = copyStatement('rtc.unfolded', unfoldedColumns)

/** What a fact is known by: an event by its key, a CDR by its icid. */
interface Fact {
  session_id: string
  event_key?: string
  icid?: string
}

/** The text of a COPY of rows with these columns. */
function copyStatement(table: string, columns: readonly Column[]): string {
  return `COPY ${table} (${columns.map(({ column }) => column).join(', ')}) FROM STDIN`
}

/**
 * Makes the function that stores facts and marks them as to be folded, all or nothing: in the transaction that is open,
 * else in one of its own.
 *
 * It takes rows sorted by partition and key, no two with one key, and digests of their keys, where keys have been erased;
 * null where none is known to have been. It rejects with 23505 where one of them is there already, or with the SQLSTATE
 * of `rtc.refuse_erased`.
 *
 * @param time of a row: its key time
 */
export function factCopier<Row extends Fact>(table: string, columns: readonly Column[], time: (row: Row) => string) {
  const statement = copyStatement(table, columns)
  return (client: pg.ClientBase, rows: readonly Row[], digests: readonly string[] | null): Promise<void> => {
    const begin = client.getTransactionStatus() === 'I' ? readCommitted(client) : ''
    // Last, because an erasure that commits while the COPY waits for the row it moves would else let the row back in. Hex
    // digits only: there is no way to give a query string parameters.
    const check = `SELECT rtc.refuse_erased(${digests === null ? 'NULL' : `'{${digests.join()}}'`})`
    return copyIn(client, `${begin}${statement}; ${copyUnfolded}; ${check}`, [
      copyText(rows, columns),
      unfoldedText(rows, time),
    ])
  }
}

/** Marks these facts as to be folded, in the transaction that stores them. */
export function markUnfolded<Row extends Fact>(
  client: pg.ClientBase,
  rows: readonly Row[],
  time: (row: Row) => string,
): Promise<void> {
  return copyIn(client, copyUnfolded, [unfoldedText(rows, time)])
}

/** A row each: the fold gives each fact its position in the feed. */
function unfoldedText<Row extends Fact>(rows: readonly Row[], time: (row: Row) => string): string {
  return copyText(
    rows.map((row) => ({ session_id: row.session_id, fact_time: time(row), event_key: row.event_key, icid: row.icid })),
    unfoldedColumns,
  )
}

export const refuseErased: Statement = { name: 'refuse_erased', text: 'SELECT rtc.refuse_erased($1::uuid[])' }
