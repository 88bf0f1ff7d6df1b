import type pg from 'pg'

export interface Result {
  columns: string[]
  rows: unknown[][]
}

/** Milliseconds a person waits for a query. */
const timeoutMs = 60_000

/** Blanks, comments and brackets, then a statement that can only read; a comment in a comment is none of these. */
const reading =
  /^(?:\s|--[^\r\n]*[\r\n]|\/\*(?:(?!\/\*|\*\/)[\s\S])*\*\/|\()*(?:select|with|values|table|explain|show)\b/i

/**
 * The rights on tables are looked at when a query starts, its functions run later: one that changed the role, and then
 * one that runs a text as SQL, would read all that the login may. Names can be spelled with U& too. This is for queries
 * that somebody pastes: whoever has the login itself needs no way back.
 */
const waysBack = /set_config|_to_xml|ts_stat|ts_rewrite|dblink|crosstab|connectby|xpath_table|\bu&/i

/**
 * Runs one query that a person typed, in a read-only transaction, with the rights of rtc_ops where the login is the
 * receiver's or the owner's. The extended protocol takes one statement only, so that the text cannot end the
 * transaction and go on.
 */
export async function readOnly(client: pg.ClientBase, text: string): Promise<Result> {
  if (!reading.test(text)) throw new Error('one query that reads: SELECT, WITH, VALUES, TABLE, EXPLAIN or SHOW')
  await client.query('BEGIN READ ONLY')
  try {
    await client.query(`SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL jit = off`)
    const lessened = await becomeReader(client)
    const [wayBack] = lessened ? (waysBack.exec(text) ?? []) : []
    if (wayBack !== undefined) throw new Error(`a query that says ${wayBack} is not for this command`)
    const query: pg.QueryArrayConfig & { queryMode: string } = { text, rowMode: 'array', queryMode: 'extended' }
    const { fields, rows } = await client.query<unknown[]>(query).catch((error: Error & { code?: unknown }) => {
      if (lessened && error.code === '42501')
        error.message += ' (this command reads as rtc_ops: schema ops; rtc-receiver roles grants it)'
      throw error
    })
    return { columns: fields.map(({ name }) => name), rows }
  } finally {
    // When the connection is lost the query has said so.
    await client.query('ROLLBACK').catch(() => {})
  }
}

/** Takes the role rtc_ops for this transaction where the login has more rights than a person should; whether it did. */
async function becomeReader(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ login: string; owner: boolean; writer: boolean; there: boolean; may: boolean }>(
    `SELECT quote_ident(current_user) AS login, there IS NOT NULL AS there,
        rolsuper OR EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname IN ('rtc', 'ops') AND pg_has_role(nspowner, 'USAGE')) AS owner,
        coalesce(pg_has_role(to_regrole('rtc_writer'), 'USAGE'), false) AS writer,
        coalesce(pg_has_role(there, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END), false) AS may
      FROM pg_catalog.pg_roles, LATERAL (SELECT to_regrole('rtc_ops') AS there) AS ops WHERE rolname = current_user`,
  )
  const { login = '', owner, writer, there, may } = rows[0] ?? {}
  if (!owner && !writer) return false
  if (may) await client.query('SET LOCAL ROLE rtc_ops')
  else if (owner && there)
    throw new Error(`this login may not become rtc_ops, as which queries run: GRANT rtc_ops TO ${login}`)
  else if (owner) throw new Error('there is no role rtc_ops, as which queries run: rtc-receiver roles makes it')
  return may ?? false
}
