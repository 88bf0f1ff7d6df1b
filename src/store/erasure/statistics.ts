import type { Queryable } from '../statement.ts'
import { parametersOf, type SqlPatterns } from './tables.ts'

/** What is counted by an application's key or a company's number, which may be somebody's. Keys of tables stay unique. */
const counted: readonly { table: string; column: string; unique?: boolean }[] = [
  { table: 'ops.call_counts', column: 'app_key' },
  { table: 'ops.call_counts', column: 'bind_num' },
  { table: 'ops.delays', column: 'app_key' },
  { table: 'ops.delays', column: 'bind_num' },
  { table: 'ops.concurrent_legs', column: 'app_key' },
  { table: 'ops.bill_changes', column: 'app_key' },
  { table: 'ops.bill_changes', column: 'bind_num' },
  { table: 'ops.seen_callbacks', column: 'app_key', unique: true },
  { table: 'rtc.redeliveries', column: 'app_key', unique: true },
]

/**
 * Takes the number out of statistics, whose counts stay.
 *
 * @param holds whether a value holds the number
 * @param other makes a value to stand in its place where each has to be another
 */
export async function eraseFromStatistics(
  client: Queryable,
  patterns: SqlPatterns,
  pseudonym: string,
  { holds, other }: { holds: (value: string) => boolean; other: () => string },
): Promise<void> {
  for (const { table, column, unique } of counted) {
    const { rows } = await client.query<{ value: string }>(
      `SELECT DISTINCT ${column} AS value FROM ${table}
        WHERE translate(${column}, $1, $2) LIKE $3 OR ${column} LIKE ANY ($4::text[])`,
      parametersOf(patterns),
    )
    const held = rows.filter(({ value }) => holds(value))
    for (const { value } of held)
      await client.query(`UPDATE ${table} SET ${column} = $2 WHERE ${column} = $1`, [
        value,
        unique ? other() : pseudonym,
      ])
    if (held.length > 0) await client.query(`VACUUM (SKIP_LOCKED) ${table}`)
  }
}
