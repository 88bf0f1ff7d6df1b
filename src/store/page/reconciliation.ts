import type { Queryable } from '../statement.ts'

export interface MissingCdr {
  call_ref: string
  session_id: string | null
  app_key: string | null
  scenario: string | null
  started_at: Date
  ended_at: Date | null
  last_received_at: Date
  presumed: boolean
  resends_left: number
}

/** Calls of the last three days whose CDR is due and not there, the latest first, and how many there are in all. */
export async function readMissingCdrs(
  client: Queryable,
  limit: number,
): Promise<{ calls: MissingCdr[]; total: number }> {
  const { rows } = await client.query<MissingCdr & { total: number }>(
    `SELECT call_ref, session_id, app_key, scenario, started_at, ended_at, last_received_at, presumed, resends_left,
        count(*) OVER ()::float8 AS total
      FROM ops.missing_cdrs WHERE started_at >= now() - interval '3 days'
      ORDER BY started_at DESC, call_ref LIMIT $1`,
    [limit],
  )
  return { calls: rows, total: rows[0]?.total ?? 0 }
}

export interface Silence {
  hour: Date
  kind: 'status' | 'fee'
  records: number
  expected: number | null
  silent: boolean
}

/** The last full hours, the latest first, beside what was usual in them. */
export async function readSilence(client: Queryable, hours: number): Promise<Silence[]> {
  const { rows } = await client.query<Silence>(
    `SELECT hour, kind, records::float8, expected::float8, coalesce(silent, false) AS silent
      FROM ops.silence WHERE hour >= date_trunc('hour', now(), 'UTC') - make_interval(hours => $1)
      ORDER BY hour DESC, kind DESC`,
    [hours],
  )
  return rows
}

export interface Subscription {
  app_key: string | null
  name: string | null
  events: number
  cdrs: number
  last_event_hour: Date | null
  last_cdr_hour: Date | null
  needs_attention: boolean
  /** English and Chinese. */
  finding: string
}

/** Which kinds of callback came of each application in the last week. */
export async function readSubscriptions(client: Queryable): Promise<Subscription[]> {
  const { rows } = await client.query<Subscription>(
    `SELECT app_key, name, events::float8, cdrs::float8, last_event_hour, last_cdr_hour, needs_attention, finding
      FROM ops.subscriptions ORDER BY greatest(last_event_hour, last_cdr_hour) DESC, app_key LIMIT 50`,
  )
  return rows
}
