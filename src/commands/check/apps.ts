import { listApps } from '../../store/apps.ts'
import type { Queryable } from '../../store/statement.ts'
import { type Finding, findings, reasonOf } from './finding.ts'

/** Days of calls that are looked at. */
const days = 7

/** Applications whose calls nobody can tell from each other: notification and verification look alike in a CDR. */
export async function checkApps(client: Queryable): Promise<Finding[]> {
  const { found, ok, careful, unknown } = findings('APPS')
  try {
    const open = (await listApps(client, days)).filter((app) => app.calls_without_scenario > 0)
    for (const { app_key, calls_without_scenario: calls } of open)
      careful(
        `${calls.toLocaleString('en')} calls of ${app_key} in ${days} days are notifications or verification calls, nobody knows which`,
        `rtc-receiver apps set ${app_key} --scenario callnotify (or callVerify)`,
      )
    if (open.length === 0) ok(`of every call of the last ${days} days the scenario is known`)
  } catch (error) {
    unknown(`applications cannot be read (${reasonOf(error)})`)
  }
  return found
}
