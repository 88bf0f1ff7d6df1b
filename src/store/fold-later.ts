import { type ArrayColumns, arrayOf, arraysOf, insertFromArrays } from './row-arrays.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** A session whose fold is put off. Times are milliseconds. */
export interface FoldLater {
  session_id: string
  due_at: number
  /** Key time of a fact that is not folded yet; null where it is not known. */
  fact_time: number | null
  /** How often its fold has failed; 0 where it only has so many facts. */
  tries: number
  /** SQLSTATE, or the name of an error of ours. */
  error: string | null
}

const columns: ArrayColumns<FoldLater> = {
  session_id: 'text',
  due_at: 'millis',
  fact_time: 'millis',
  tries: 'int',
  error: 'text',
}

// NULL means that the time is not known, which one known time does not change.
const putOffStatement: Statement = {
  name: 'put_off_folds',
  text: `${insertFromArrays('rtc.fold_later AS l', columns)}
    ON CONFLICT (session_id) DO UPDATE SET due_at = excluded.due_at, tries = excluded.tries, error = coalesce(excluded.error, l.error),
      fact_time = CASE WHEN l.fact_time IS NOT NULL AND excluded.fact_time IS NOT NULL
        THEN least(l.fact_time, excluded.fact_time) END`,
}

export async function putOffFolds(client: Queryable, rows: readonly FoldLater[]): Promise<void> {
  if (rows.length > 0) await run(client, putOffStatement, arraysOf(rows, columns))
}

const dueStatement: Statement = {
  name: 'folds_due',
  text: `SELECT session_id, round(extract(epoch FROM fact_time) * 1000)::float8 AS fact_time
    FROM rtc.fold_later WHERE due_at <= now() ORDER BY due_at LIMIT $1`,
}

export async function foldsDue(
  client: Queryable,
  limit: number,
): Promise<Pick<FoldLater, 'session_id' | 'fact_time'>[]> {
  const { rows } = await run<FoldLater>(client, dueStatement, [limit])
  return rows
}

const deleteStatement: Statement = {
  name: 'delete_fold_later',
  text: 'DELETE FROM rtc.fold_later WHERE session_id = ANY($1::text[])',
}

export async function deleteFoldLater(client: Queryable, sessionIds: readonly string[]): Promise<void> {
  if (sessionIds.length > 0) await run(client, deleteStatement, [arrayOf(sessionIds)])
}

const retryStatement: Statement = {
  name: 'retry_folds',
  text: 'UPDATE rtc.fold_later SET due_at = now() WHERE tries > 0 AND due_at > now()',
}

/** Folds that have failed are due now. */
export async function retryFolds(client: Queryable): Promise<void> {
  await run(client, retryStatement, [])
}
