import { type Queryable, run, type Statement } from './statement.ts'

/** What the fold has to know when it begins. Times are milliseconds. */
export interface FoldTurn {
  /** The database's time. */
  now: number
  /** Facts before this time may be gone by retention, which last removed some at `removed_at`; null: none ever. */
  kept_from: number | null
  removed_at: number | null
}

// A locked row instead of an advisory lock, which every login of the server could hold. Behind a transaction pooler it
// works as well. FOR UPDATE leaves no dead row behind.
const foldStatement: Statement = {
  name: 'lock_fold',
  text: `SELECT round(extract(epoch FROM now()) * 1000)::float8 AS now,
      (SELECT round(extract(epoch FROM reached) * 1000)::float8 FROM rtc.maintenance WHERE task = 'retention') AS kept_from,
      (SELECT round(extract(epoch FROM ran_at) * 1000)::float8 FROM rtc.maintenance WHERE task = 'retention') AS removed_at
    FROM rtc.maintenance WHERE task = 'fold' FOR UPDATE SKIP LOCKED`,
}

/** Locks the fold until the end of the transaction; resolves to undefined where another process has it. */
export async function lockFold(client: Queryable): Promise<FoldTurn | undefined> {
  const { rows } = await run<FoldTurn>(client, foldStatement, [])
  return rows[0]
}

const reachedStatement: Statement = {
  name: 'fold_reached',
  text: `UPDATE rtc.maintenance SET ran_at = now(), reached = greatest(reached, to_timestamp($1::float8 / 1000)), reached_id = $2
    WHERE task = 'fold'`,
}

/** How far the fold has come: stored_at of the newest fact (milliseconds), and an id of rtc.unfolded before which none waits. */
export interface Reached {
  storedAt: number
  id: number
}

/** Notes it for ops.freshness. */
export async function noteFolded(client: Queryable, { storedAt, id }: Reached): Promise<void> {
  await run(client, reachedStatement, [storedAt, id])
}
