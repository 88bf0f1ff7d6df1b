import type { Queryable } from './statement.ts'

/** How far the fold is behind, in sessions. */
export interface Freshness {
  waiting: number
  /** Those whose call could not be computed. */
  failed: number
  /** Those of so many facts that they are put off. */
  large: number
}

export async function readFreshness(client: Queryable): Promise<Freshness> {
  const { rows } = await client.query<Freshness>(
    'SELECT waiting_sessions AS waiting, failed_sessions AS failed, large_sessions AS large FROM ops.freshness',
  )
  return rows[0] ?? { waiting: 0, failed: 0, large: 0 }
}
