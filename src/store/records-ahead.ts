import type { RecordKind } from '../platform/record.ts'
import type { Queryable } from './statement.ts'

/** Records of each kind that are looked at, those next to come. */
export const recordsRead = 1_000

/** Records that are still ahead of the database's clock, by more than a minute. */
export interface RecordsAhead {
  kind: RecordKind
  /** Up to `recordsRead`. */
  records: number
  /** How far ahead they were when they came, the median; 0 when there is none. */
  seconds: number
}

/** From the indexes of time, so that it takes as long however many records there are. */
export async function readRecordsAhead(client: Queryable): Promise<RecordsAhead[]> {
  const of = (kind: RecordKind, table: string, time: string) => `
    SELECT '${kind}' AS kind, count(*)::int AS records,
        coalesce(extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY ahead)), 0)::float8 AS seconds
      FROM (SELECT ${time} - received_at AS ahead FROM rtc.${table} WHERE ${time} > now() + interval '1 minute'
        ORDER BY ${time} LIMIT ${recordsRead}) AS next`
  const { rows } = await client.query<RecordsAhead>(
    `${of('status', 'call_events', 'occurred_at')} UNION ALL ${of('fee', 'cdrs', 'cdr_time')}`,
  )
  return rows
}
