import { arrayOf } from './row-arrays.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** A session that got a fact since it was folded. Times are milliseconds. */
export interface Unfolded {
  id: number
  session_id: string
  stored_at: number
  /** Key time of the fact; null where it is not known. */
  fact_time: number | null
}

/** What there is to fold, as far as it takes no time to find out. */
export interface Outlook {
  /** The database's time, milliseconds. */
  now: number
  /** The greatest id in rtc.unfolded; null where there is none. */
  newest: number | null
  /** Whether calls change by the clock, and whether folds that were put off are due. */
  calls_due: boolean
  later_due: boolean
  /** Sessions whose fold has failed. */
  failed: number
}

const outlookStatement: Statement = {
  name: 'fold_outlook',
  text: `SELECT round(extract(epoch FROM now()) * 1000)::float8 AS now,
    (SELECT max(id)::float8 FROM rtc.unfolded WHERE id > $1) AS newest,
    EXISTS (SELECT FROM ops.calls WHERE recheck_at > to_timestamp($2::float8 / 1000) AND recheck_at <= now()) AS calls_due,
    EXISTS (SELECT FROM rtc.fold_later WHERE due_at <= now()) AS later_due,
    (SELECT count(*)::int FROM rtc.fold_later WHERE tries > 0) AS failed`,
}

/** Looks at rows of rtc.unfolded after an id, and at calls to be looked at after a time (milliseconds). */
export async function readOutlook(client: Queryable, afterId: number, afterTime: number): Promise<Outlook> {
  const { rows } = await run<Outlook>(client, outlookStatement, [afterId, afterTime])
  return rows[0] as Outlook
}

const readStatement: Statement = {
  name: 'read_unfolded',
  text: `SELECT id::float8 AS id, session_id, extract(epoch FROM stored_at)::float8 * 1000 AS stored_at,
      extract(epoch FROM fact_time)::float8 * 1000 AS fact_time
    FROM rtc.unfolded WHERE id > $1 ORDER BY id LIMIT $2`,
}

export async function readUnfolded(client: Queryable, afterId: number, limit: number): Promise<Unfolded[]> {
  const { rows } = await run<Unfolded>(client, readStatement, [afterId, limit])
  return rows
}

const deleteStatement: Statement = {
  name: 'delete_unfolded',
  text: 'DELETE FROM rtc.unfolded WHERE id = ANY($1::bigint[])',
}

export async function deleteUnfolded(client: Queryable, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await run(client, deleteStatement, [arrayOf(ids)])
}
