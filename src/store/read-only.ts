import type pg from 'pg'

export interface Result {
  columns: string[]
  rows: unknown[][]
}

/** Milliseconds a person waits for a query. */
const timeoutMs = 60_000

/**
 * Runs one query that a person typed, in a read-only transaction. The extended protocol takes one statement only, so
 * that the text cannot end the transaction and go on.
 */
export async function readOnly(client: pg.ClientBase, text: string): Promise<Result> {
  await client.query('BEGIN READ ONLY')
  try {
    await client.query(`SET LOCAL statement_timeout = ${timeoutMs}`)
    const query: pg.QueryArrayConfig & { queryMode: string } = { text, rowMode: 'array', queryMode: 'extended' }
    const { fields, rows } = await client.query<unknown[]>(query)
    return { columns: fields.map(({ name }) => name), rows }
  } finally {
    // When the connection is lost the query has said so.
    await client.query('ROLLBACK').catch(() => {})
  }
}
