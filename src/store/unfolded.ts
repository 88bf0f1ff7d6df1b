import { arrayOf } from './row-arrays.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** A fact that came since its session was folded, or a session to be folded again. Times are milliseconds. */
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
  /** Whether folds that were put off are due. */
  later_due: boolean
  /** Sessions whose fold has failed. */
  failed: number
}

// No table of calls or facts here: on Citus these are distributed, and all of the statement would go by way of the nodes.
const outlookStatement: Statement = {
  name: 'fold_outlook',
  text: `SELECT round(extract(epoch FROM now()) * 1000)::float8 AS now,
    (SELECT max(id)::float8 FROM rtc.unfolded WHERE id > $1) AS newest,
    EXISTS (SELECT FROM rtc.fold_later WHERE due_at <= now()) AS later_due,
    (SELECT count(*)::int FROM rtc.fold_later WHERE tries > 0) AS failed`,
}

/** Looks at rows of rtc.unfolded after an id. */
export async function readOutlook(client: Queryable, afterId: number): Promise<Outlook> {
  const { rows } = await run<Outlook>(client, outlookStatement, [afterId])
  return rows[0] as Outlook
}

const readStatement: Statement = {
  name: 'read_unfolded',
  text: `SELECT u.id::float8 AS id, u.session_id, extract(epoch FROM u.stored_at)::float8 * 1000 AS stored_at,
      extract(epoch FROM u.fact_time)::float8 * 1000 AS fact_time
    FROM rtc.unfolded u WHERE u.id > $1 ORDER BY u.id LIMIT $2`,
}

export async function readUnfolded(client: Queryable, afterId: number, limit: number): Promise<Unfolded[]> {
  const { rows } = await run<Unfolded>(client, readStatement, [afterId, limit])
  return rows
}

const stateStatement: Statement = {
  name: 'unfolded_state',
  text: `SELECT (SELECT count(*)::int FROM (SELECT FROM rtc.unfolded LIMIT $1) x) AS rows,
    (SELECT min(id)::float8 FROM rtc.unfolded) AS first, (SELECT max(id)::float8 FROM rtc.unfolded) AS last`,
}

/** How many rows wait, counted up to `most`, and the ids of the first and the last; null where none waits. */
export async function unfoldedState(
  client: Queryable,
  most: number,
): Promise<{ rows: number; first: number | null; last: number | null }> {
  const { rows } = await run<{ rows: number; first: number | null; last: number | null }>(client, stateStatement, [
    most,
  ])
  return rows[0] as { rows: number; first: number | null; last: number | null }
}

const markSessionsStatement: Statement = {
  name: 'mark_sessions',
  text: 'INSERT INTO rtc.unfolded (session_id) SELECT DISTINCT id FROM unnest($1::text[]) AS id',
}

/** Marks sessions as to be folded again. */
export async function markSessions(client: Queryable, sessionIds: readonly string[]): Promise<void> {
  await run(client, markSessionsStatement, [arrayOf(sessionIds)])
}

const extentStatement: Statement = {
  name: 'extent_of_facts',
  text: `SELECT least(e.first, c.first) AS first, greatest(e.last, c.last) AS last
    FROM (SELECT min(occurred_at) AS first, max(occurred_at) AS last FROM rtc.call_events) e,
      (SELECT min(cdr_time) AS first, max(cdr_time) AS last FROM rtc.cdrs) c`,
}

/** The earliest and the latest key time of all facts; null where there are none. */
export async function extentOfFacts(client: Queryable): Promise<{ first: Date | null; last: Date | null }> {
  const { rows } = await run<{ first: Date | null; last: Date | null }>(client, extentStatement, [])
  return rows[0] ?? { first: null, last: null }
}

// Where a table has fewer rows it does not bound the slice.
const sliceStatement: Statement = {
  name: 'slice_of_facts',
  text: `SELECT coalesce(least(CASE e.n WHEN $3 THEN e.t END, CASE c.n WHEN $3 THEN c.t END), greatest(e.t, c.t)) AS last FROM
    (SELECT max(t) AS t, count(*)::int AS n FROM (SELECT occurred_at AS t FROM rtc.call_events
      WHERE occurred_at > $1 AND occurred_at < $2 ORDER BY occurred_at LIMIT $3::int) x) e,
    (SELECT max(t) AS t, count(*)::int AS n FROM (SELECT cdr_time AS t FROM rtc.cdrs
      WHERE cdr_time > $1 AND cdr_time < $2 ORDER BY cdr_time LIMIT $3::int) x) c`,
}
const markSliceStatement: Statement = {
  name: 'mark_slice',
  text: `INSERT INTO rtc.unfolded (session_id, fact_time)
    SELECT session_id, min(t) FROM (
      SELECT session_id, occurred_at AS t FROM rtc.call_events WHERE occurred_at > $1 AND occurred_at <= $2
      UNION ALL SELECT session_id, cdr_time FROM rtc.cdrs WHERE cdr_time > $1 AND cdr_time <= $2
    ) x GROUP BY session_id`,
}

/**
 * Marks the sessions of the next `rows` facts or so, with a key time after `from` and before `to`, as to be folded again.
 * Resolves to the key time of the last of them, where to go on, and how many sessions, of which some may have been in the
 * slice before; undefined where there are no more.
 */
export async function markNextSlice(
  client: Queryable,
  from: Date,
  to: Date,
  rows: number,
): Promise<{ last: Date; sessions: number } | undefined> {
  const range = [from.toISOString(), to.toISOString(), rows]
  const { rows: found } = await run<{ last: Date | null }>(client, sliceStatement, range)
  const last = found[0]?.last
  if (!last) return undefined
  const { rowCount } = await run(client, markSliceStatement, [from.toISOString(), last.toISOString()])
  return { last, sessions: rowCount ?? 0 }
}
