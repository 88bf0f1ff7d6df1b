import type pg from 'pg'
import { transaction } from './pool.ts'

/** Hours that are counted in one transaction: a second or two at 100,000 calls a day, more while the disk is cold. */
export const hoursAtOnce = 6
const countMs = 120_000
/** How much later we give up ourselves: Postgres says that it took too long. */
const graceMs = 1_000

/**
 * Brings the summaries that statistics add up to date, a few hours of the past in a transaction. Resolves to how many it
 * counted; 0 when there are none, or another replica is at it. Throws what Postgres threw.
 */
export async function refreshSummaries(client: pg.ClientBase, hours = hoursAtOnce): Promise<number> {
  return transaction(client, async () => {
    // On one processor: nobody waits for it, and the others are for those who do.
    await client.query(`SET LOCAL statement_timeout = ${countMs}; SET LOCAL max_parallel_workers_per_gather = 0`)
    const query = {
      text: 'SELECT rtc.refresh_summaries($1) AS hours',
      values: [hours],
      query_timeout: countMs + graceMs,
    }
    const { rows } = await client.query<{ hours: number }>(query)
    return rows[0]?.hours ?? 0
  })
}
