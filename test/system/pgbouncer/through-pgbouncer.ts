import { afterAll, expect } from 'vitest'
import { takeRoute } from '../../support/route.ts'
import { Pgbouncer } from './pgbouncer.ts'

/**
 * From here on every receiver of the test file comes to its Postgres by way of a pgbouncer in transaction mode, one for
 * each address; migrations go past it.
 */
export function throughPgbouncer(): void {
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
}
