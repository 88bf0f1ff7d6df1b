import { type Queryable, run, type Statement } from './statement.ts'

export type PartitionedTable = 'call_events' | 'cdrs'

const tables: readonly PartitionedTable[] = ['call_events', 'cdrs']

const ensurePeriod: Statement = {
  name: 'ensure_period',
  text: 'SELECT rtc.ensure_period($1, $2::timestamptz, $3)',
}

/**
 * Keeps partitions ahead of the rows. Remembers the days that are known to be covered, so that the usual group costs
 * no statement; everything before 2024 always is.
 */
export class Partitions {
  readonly #by: 'month' | 'day'
  #known = noDays()

  constructor(by: 'month' | 'day' = 'month') {
    this.#by = by
  }

  /**
   * Makes sure that rows of these times (`yyyy-MM-dd HH:mm:ss`, UTC) have a partition to go to. To be called outside of
   * a transaction: what it creates is committed by itself. Throws 22008 for a time outside 2000 to 13 months ahead.
   */
  async ensure(client: Queryable, table: PartitionedTable, times: Iterable<string>): Promise<void> {
    const known = this.#known[table]
    for (const time of times) {
      const day = time.slice(0, 10)
      if (known.has(day) || (day >= '2000' && day < '2024')) continue
      await run(client, ensurePeriod, [table, `${day} 00:00:00+00`, this.#by])
      known.add(day)
    }
  }

  /** After a row found no partition: somebody has dropped one that was known. */
  forget(): void {
    this.#known = noDays()
  }

  /** Creates the partitions of now and of the time to come, for both tables. Meant to be called now and then. */
  async createAhead(client: Queryable, now = new Date()): Promise<void> {
    const ahead =
      this.#by === 'day'
        ? [0, 1, 2, 3].map((days) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + days))
        : [0, 1].map((months) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months))
    for (const table of tables)
      await this.ensure(
        client,
        table,
        ahead.map((time) => new Date(time).toISOString()),
      )
  }
}

function noDays(): Record<PartitionedTable, Set<string>> {
  return { call_events: new Set(), cdrs: new Set() }
}
