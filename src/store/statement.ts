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

const unnamed = new WeakSet<Queryable>()

/** A transaction pooler hands the next transaction to another connection, which knows no statement by that name. */
export function forbidNames(client: Queryable): void {
  unnamed.add(client)
}

/** Whether its connections of Postgres belong to a transaction pooler. */
export function isPooled(client: Queryable): boolean {
  return unnamed.has(client)
}

export async function run<Row extends pg.QueryResultRow>(
  client: Queryable,
  { name, text, types }: Statement,
  values: unknown[],
): Promise<pg.QueryResult<Row>> {
  const query = { text, values, ...(types ? { types } : {}) }
  return await client.query<Row>(unnamed.has(client) ? query : { name, ...query })
}
