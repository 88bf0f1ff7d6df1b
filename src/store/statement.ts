import type pg from 'pg'

/** A statement of constant text. Its name makes Postgres keep the plan for the life of a connection. */
export interface Statement {
  name: string
  text: string
  /** How values of the result are read, where not as the driver does. */
  types?: pg.CustomTypesConfig
}

/** A client, or a pool for a statement that stands alone. */
export type Queryable = Pick<pg.ClientBase, 'query'>

/** The clients that reach Postgres through a transaction pooler, and how long a statement of theirs may take, in milliseconds. */
const pooled = new WeakMap<Queryable, number>()

/**
 * A transaction pooler hands the next transaction to another connection: that knows no statement by its name, and no
 * setting that was not made in the transaction itself.
 *
 * @param statementTimeoutMs 0: as the server has it
 */
export function reachThroughPooler(client: Queryable, statementTimeoutMs = 0): void {
  pooled.set(client, statementTimeoutMs)
}

/** Whether its connections of Postgres belong to a transaction pooler. */
export function isPooled(client: Queryable): boolean {
  return pooled.has(client)
}

/**
 * What begins the transaction of a query string of several statements. The level is said outright: under another default
 * one, what others committed meanwhile would not be seen.
 */
export function readCommitted(client: Queryable): string {
  return `SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ${localTimeout(client)}`
}

/** Behind a pooler the timeout travels with each transaction; elsewhere it is a setting of the connection. */
export function localTimeout(client: Queryable): string {
  const timeoutMs = pooled.get(client)
  return timeoutMs ? `SET LOCAL statement_timeout = ${timeoutMs}; ` : ''
}

export async function run<Row extends pg.QueryResultRow>(
  client: Queryable,
  { name, text, types }: Statement,
  values: unknown[],
): Promise<pg.QueryResult<Row>> {
  const query = { text, values, ...(types ? { types } : {}) }
  return await client.query<Row>(pooled.has(client) ? query : { name, ...query })
}
