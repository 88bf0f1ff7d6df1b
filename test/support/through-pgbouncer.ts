import { afterAll, expect, test } from 'vitest'
import { hasPgbouncer, Pgbouncer } from './pgbouncer.ts'
import { takeRoute } from './route.ts'

/**
 * From here on every receiver of the test file comes to its Postgres by way of a pgbouncer in transaction mode, one for
 * each address; migrations go past it. False, and told as a test of its own, where there is no pgbouncer.
 */
export function throughPgbouncer(): boolean {
  if (!hasPgbouncer) {
    const message = 'DATABASE_POOLER was NOT tested: pgbouncer is missing here (apt-get install pgbouncer)'
    test(message, () => console.warn(message))
    return false
  }
  const started = new Map<string, Promise<Pgbouncer>>()
  takeRoute(async (databaseUrl) => {
    const server = new URL(databaseUrl)
    if (server.port === '1') return { databaseUrl } // where nobody listens
    // The user and the password belong to it: a wrong one stays wrong.
    const key = `${server.username}:${server.password}@${server.host}`
    const pgbouncer = started.get(key) ?? Pgbouncer.start(server)
    started.set(key, pgbouncer)
    return { databaseUrl: (await pgbouncer).url(databaseUrl), migrateDatabaseUrl: databaseUrl, pooler: 'transaction' }
  })
  afterAll(async () => {
    const all = await Promise.all(started.values())
    await Promise.all(all.map((pgbouncer) => pgbouncer.stop()))
    expect(
      all.some(({ logins }) => logins > 0),
      'nobody came by way of pgbouncer',
    ).toBe(true)
  })
  return true
}
