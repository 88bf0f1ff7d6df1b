import type { Queryable } from '../statement.ts'
import { type ErasableTable, parametersOf, type SqlPatterns } from './tables.ts'

/** Settings of a role or a database are meant for queries: an erasure takes as long as it takes. */
export async function prepareForErasure(client: Queryable): Promise<void> {
  await client.query("SET TimeZone = 'UTC'; SET statement_timeout = 0; SET lock_timeout = '10s'; SET jit = off")
}

export async function beginErasure(client: Queryable, pseudonym: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO rtc.erasures (erased_by, pseudonym, counts) VALUES (session_user, $1, '{}') RETURNING id`,
    [pseudonym],
  )
  return rows[0]?.id ?? ''
}

export async function countErased(
  client: Queryable,
  id: string,
  counts: Record<ErasableTable, number>,
  finished: boolean,
): Promise<void> {
  await client.query('UPDATE rtc.erasures SET counts = $2, finished_at = CASE WHEN $3 THEN now() END WHERE id = $1', [
    id,
    counts,
    finished,
  ])
}

/** Removes dead rows, and makes the planner forget the values it remembers. What is locked is left to autovacuum. */
export async function cleanUp(
  client: Queryable,
  tables: readonly ErasableTable[],
  patterns: SqlPatterns,
): Promise<void> {
  for (const name of tables) await client.query(`VACUUM (SKIP_LOCKED) rtc.${name}`)
  if (tables.length > 0) await client.query('VACUUM (SKIP_LOCKED) ops.calls')
  const { rows } = await client.query<{ table: string }>(
    `SELECT DISTINCT format('%I.%I', schemaname, tablename) AS table FROM pg_stats,
        concat_ws(E'\\n', most_common_vals::text, histogram_bounds::text, most_common_elems::text) AS said
      WHERE schemaname IN ('rtc', 'ops') AND (translate(said, $1, $2) LIKE $3 OR said LIKE ANY ($4::text[]))`,
    parametersOf(patterns),
  )
  for (const { table } of rows) await client.query(`ANALYZE (SKIP_LOCKED) ${table}`)
}
