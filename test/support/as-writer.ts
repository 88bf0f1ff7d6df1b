import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, inject } from 'vitest'
import { makeRoles } from '../../src/store/roles.ts'
import { takeRoute } from './route.ts'

/**
 * From here on every receiver of the test file comes to its database as a login that is a member of rtc_writer and
 * nothing else, as in a company that keeps the owner's password from it; migrations run as the owner. Not where the file
 * is run by way of a pooler.
 */
export function asWriter(): void {
  const role = `rtc_test_writer_${randomBytes(4).toString('hex')}`
  const ready = new Map<string, Promise<void>>()

  const taken = takeRoute(async (databaseUrl) => {
    const url = new URL(databaseUrl)
    // What is wrong stays wrong: where nobody listens, a database that is not there, a wrong password.
    if (url.port === '1' || url.pathname === '/no_such_database') return { databaseUrl }
    if (url.password !== new URL(inject('adminUrl')).password) return { databaseUrl }
    const made = ready.get(url.pathname) ?? make(url.pathname)
    ready.set(url.pathname, made)
    await made
    url.username = role
    url.password = 'test'
    return { databaseUrl: url.href, migrateDatabaseUrl: databaseUrl }
  })
  if (!taken) return

  /** Past whatever the test has put before the server. */
  async function make(pathname: string): Promise<void> {
    const url = new URL(inject('adminUrl'))
    url.pathname = pathname
    const admin = new pg.Client({ connectionString: url.href })
    await admin.connect()
    try {
      await makeRoles(admin)
      await admin.query(`DO $$ BEGIN CREATE ROLE ${role} LOGIN PASSWORD 'test' IN ROLE rtc_writer;
        EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
    } finally {
      await admin.end()
    }
  }

  afterAll(async () => {
    const admin = new pg.Client({ connectionString: inject('adminUrl') })
    await admin.connect()
    const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [role])
    await admin.query(`DROP ROLE IF EXISTS ${role}`)
    await admin.end()
    if (rowCount === 0) throw new Error('nobody came as rtc_writer')
  })
}
