import { join } from 'node:path'
import pg from 'pg'
import type { Config } from '../../config/config.ts'
import { serverTime } from '../../store/clock.ts'
import { durabilityWarnings } from '../../store/durability.ts'
import { pendingMigrations } from '../../store/migrate.ts'
import { checkApps } from './apps.ts'
import { checkCitus } from './citus.ts'
import { type Finding, findings, reasonOf } from './finding.ts'
import { checkRoles } from './roles.ts'

const patienceMs = 5_000

/**
 * A connection to the receiver's Postgres and what was found there. Nothing is started and nothing created: a Postgres
 * that does not run is a finding.
 */
export async function checkDatabase(config: Config): Promise<{ client: pg.Client | undefined; found: Finding[] }> {
  const { found, ok, careful, wrong } = findings('database')
  const databaseUrl = config.databaseUrl ?? (await embeddedUrl(config))
  if (databaseUrl === undefined) {
    wrong(
      'DATABASE_URL is not set, and the embedded Postgres of DATA_DIR does not run',
      'start the receiver: it brings it up',
    )
    return { client: undefined, found }
  }
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'rtc-receiver check',
    connectionTimeoutMillis: patienceMs,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query("SET TimeZone = 'UTC'")
    ok('Postgres can be reached')
    const pending = await pendingMigrations({ databaseUrl })
    if (pending.length > 0) wrong(`migrations are pending: ${pending.join(', ')}`, 'run rtc-receiver migrate')
    else {
      ok('it is migrated to this release')
      found.push(...(await checkRoles(client, config)), ...(await checkApps(client)), ...(await checkCitus(client)))
    }
    const warnings = await durabilityWarnings(client)
    for (const warning of warnings)
      careful(warning, 'a callback answered 200 shall survive a crash: change the setting')
    if (warnings.length === 0) ok('what is committed is durable')
    found.push(...(await checkClock(client)))
    return { client, found }
  } catch (error) {
    wrong(`Postgres cannot be used (${reasonOf(error)})`, 'see DATABASE_URL, the network and the log of Postgres')
    await client.end().catch(() => {})
    return { client: undefined, found }
  }
}

async function embeddedUrl({ dataDir }: Config): Promise<string | undefined> {
  const { findEmbeddedPostgres } = await import('../../embedded-postgres/embedded.ts')
  return (await findEmbeddedPostgres(join(dataDir, 'postgres')).catch(() => undefined))?.url
}

async function checkClock(client: pg.Client): Promise<Finding[]> {
  const { found, ok, careful, wrong } = findings('clock')
  const before = Date.now()
  const now = await serverTime(client)
  const middle = (before + Date.now()) / 2
  const apart = Math.abs((now?.getTime() ?? 0) - middle) / 1000
  const words = `the clocks here and of Postgres are ${apart.toFixed(1)} s apart`
  if (apart > 60) wrong(words, 'set them by NTP: times of calls, of signatures and of partitions depend on them')
  else if (apart > 5) careful(words, 'keep them by NTP')
  else ok(words)
  return found
}
