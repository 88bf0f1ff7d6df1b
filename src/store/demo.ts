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
