import type { Scenario } from '../calls/types.ts'
import { type Queryable, run, type Statement } from './statement.ts'

export const scenarios = ['click2Call', 'callnotify', 'callVerify', 'privateNumber'] as const satisfies Scenario[]

/** What the owner tells of an application; null where that is left open. */
export interface App {
  app_key: string
  name: string | null
  scenario: Scenario | null
}

export interface AppInUse extends App {
  /** Whether the owner told anything of it. */
  registered: boolean
  /** Calls of the last days. */
  calls: number
  /** Those of which nobody knows whether they are notifications or verifications. */
  calls_without_scenario: number
}

const listStatement: Statement = {
  name: 'apps_in_use',
  text: `SELECT coalesce(a.app_key, c.app_key) AS app_key, a.name, a.scenario, a.app_key IS NOT NULL AS registered,
      coalesce(c.calls, 0) AS calls, coalesce(c.playbacks, 0) AS calls_without_scenario
    FROM rtc.apps a
    FULL JOIN (
      SELECT app_key, count(*)::float8 AS calls, count(*) FILTER (WHERE scenario = 'playback')::float8 AS playbacks
      FROM ops.calls WHERE started_at >= now() - make_interval(days => $1) AND app_key IS NOT NULL GROUP BY app_key
    ) c ON c.app_key = a.app_key
    ORDER BY 1`,
}

/** Applications that were declared, and those that had calls in the last days. */
export async function listApps(client: Queryable, days: number): Promise<AppInUse[]> {
  const { rows } = await run<AppInUse>(client, listStatement, [days])
  return rows
}

const setStatement: Statement = {
  name: 'set_app',
  text: `INSERT INTO rtc.apps AS a (app_key, name, scenario) VALUES ($1, $2, $3)
    ON CONFLICT (app_key) DO UPDATE SET name = coalesce(excluded.name, a.name), scenario = coalesce(excluded.scenario, a.scenario)
    RETURNING app_key, name, scenario`,
}

/** Declares an application; null leaves what was declared before. */
export async function setApp(client: Queryable, { app_key, name, scenario }: App): Promise<App> {
  const { rows } = await run<App>(client, setStatement, [app_key, name, scenario])
  return rows[0] as App
}

const removeStatement: Statement = { name: 'remove_app', text: 'DELETE FROM rtc.apps WHERE app_key = $1' }

/** Whether there was one. */
export async function removeApp(client: Queryable, appKey: string): Promise<boolean> {
  const { rowCount } = await run(client, removeStatement, [appKey])
  return rowCount === 1
}

// Where serviceType names the scenario, or keys were pressed, what was declared changes nothing.
const otherCallsStatement: Statement = {
  name: 'calls_of_other_scenario',
  text: `SELECT count(*)::float8 AS calls, min(c.started_at) AS earliest FROM ops.calls c
    WHERE c.app_key = $1 AND (c.service_type IS NULL OR c.service_type = '001')
      AND c.scenario IS DISTINCT FROM $2 AND c.digit_count IS NULL`,
}

/** Calls of an application that may be of this scenario and were computed as of another one, or of none. */
export async function otherCalls(
  client: Queryable,
  appKey: string,
  scenario: Scenario,
): Promise<{ calls: number; earliest: Date | null }> {
  const { rows } = await run<{ calls: number; earliest: Date | null }>(client, otherCallsStatement, [appKey, scenario])
  return rows[0] ?? { calls: 0, earliest: null }
}
