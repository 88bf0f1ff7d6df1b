import type { Queryable } from './statement.ts'

/** What `npm run demo` shows: queries as ops would type them. Times are ISO 8601. */
export interface Period {
  from: string
  to: string
}

/** Says what each application is for: CDRs alone do not tell notification from verification. */
export async function nameApps(client: Queryable, apps: Readonly<Record<string, string>>): Promise<void> {
  await client.query(
    `INSERT INTO rtc.apps (app_key, scenario) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
    [Object.values(apps), Object.keys(apps)],
  )
}

/**
 * As if callbacks had come while the calls went on: an event within a second or so, a CDR within seconds of the end. All
 * were sent just now, of calls of hours ago, which would look like a delay of hours.
 */
export async function receiveInTime(client: Queryable): Promise<void> {
  await client.query(
    `UPDATE rtc.call_events SET received_at = occurred_at + make_interval(secs => 0.2 + random() ^ 4 * 3)`,
  )
  await client.query(`UPDATE rtc.cdrs SET received_at = cdr_time + make_interval(secs => 2 + random() ^ 4 * 20)`)
  await client.query(
    `INSERT INTO rtc.unfolded (session_id)
      SELECT session_id FROM rtc.call_events UNION SELECT session_id FROM rtc.cdrs`,
  )
}

export async function demoStats(client: Queryable, { from, to }: Period): Promise<unknown[][]> {
  const { rows } = await client.query({
    text: `SELECT scenario, sum(attempts), sum(answered), sum(busy), sum(no_answer), sum(rejected), sum(unreachable),
        sum(cancelled), sum(failed), round(100 * sum(answered) / sum(attempts), 1) || ' %',
        round(sum(talk_seconds) / nullif(sum(answered), 0)) || ' s'
      FROM ops.call_stats($1, $2) GROUP BY ROLLUP (scenario) ORDER BY scenario`,
    values: [from, to],
    rowMode: 'array',
  })
  return rows.map(([scenario, ...counts]) => [scenario ?? 'all', ...counts])
}

export async function demoFailures(client: Queryable, { from, to }: Period): Promise<unknown[][]> {
  const { rows } = await client.query({
    text: `SELECT outcome, concat_ws(' / ', reason_en, reason_zh) AS reason, sum(calls), round(100 * sum(share), 1) || ' %'
      FROM ops.failures($1::timestamptz, $2::timestamptz) GROUP BY 1, 2 ORDER BY sum(calls) DESC LIMIT 5`,
    values: [from, to],
    rowMode: 'array',
  })
  return rows
}

export async function demoMissingCdrs(
  client: Queryable,
  { from, to }: Period,
): Promise<{ count: number; rows: unknown[][] }> {
  const { rows } = await client.query({
    text: `SELECT call_ref, scenario, to_char(ended_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI:SS'), resends_left, count(*) OVER ()
      FROM ops.missing_cdrs
      WHERE started_at BETWEEN $1 AND $2
      ORDER BY ended_at LIMIT 3`,
    values: [from, to],
    rowMode: 'array',
  })
  return { count: Number(rows[0]?.[4] ?? 0), rows: rows.map((row: unknown[]) => row.slice(0, 4)) }
}
