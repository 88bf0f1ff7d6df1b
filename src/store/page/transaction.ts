import type pg from 'pg'
import { transaction, withClient } from '../pool.ts'
import type { Queryable } from '../statement.ts'

/** Parallel workers would take from callbacks. */
const settings = (timeoutMs: number) =>
  `SET LOCAL statement_timeout = ${Math.round(timeoutMs)}; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off;`

/** Runs `work` in a read-only transaction that Postgres ends after `timeoutMs` a statement. */
export function inReadOnly<T>(
  pool: pg.Pool,
  timeoutMs: number,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  return withClient(pool, (client) =>
    transaction(client, () => work(client), `SET TRANSACTION READ ONLY; ${settings(timeoutMs)}`),
  )
}

/** The same for a look-up, which writes down that somebody asked. */
export function inLookUp<T>(pool: pg.Pool, timeoutMs: number, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  return withClient(pool, (client) => transaction(client, () => work(client), settings(timeoutMs)))
}

export interface Server {
  version: string
  ms: number
}

/** Whether Postgres answers, and how fast. */
export async function readServer(client: Queryable): Promise<Server> {
  const started = performance.now()
  const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version")
  return { version: rows[0]?.version ?? '', ms: performance.now() - started }
}
