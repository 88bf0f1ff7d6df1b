import type { Queryable } from './statement.ts'

export interface Freshness {
  /** Null: nothing has been stored yet. */
  newest_fact_at: Date | null
  newest_folded_at: Date | null
  /** How long the oldest fact that is in no call yet has waited. */
  lag_seconds: number
  waiting_sessions: number
  /** Sessions whose call could not be computed. */
  failed_sessions: number
  /** Sessions of so many facts that they are put off. */
  large_sessions: number
}

/** How far calls are behind callbacks. */
export async function readFreshness(client: Queryable): Promise<Freshness | undefined> {
  const { rows } = await client.query<Freshness>(
    'SELECT newest_fact_at, newest_folded_at, lag_seconds, waiting_sessions, failed_sessions, large_sessions FROM ops.freshness',
  )
  return rows[0]
}
