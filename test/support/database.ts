import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { atEndOfFile } from './end-of-file.ts'

export interface TestDatabase {
  url: string
  pool: pg.Pool
  /** Ends the pool and drops the database, whoever is connected. Happens by itself at the end of the test file. */
  drop(): Promise<void>
}

/** A migrated database of one's own, empty of data: a copy of the run's template. Of files: twice as fast as through the WAL. */
export function freshDatabase(): Promise<TestDatabase> {
  return create(`TEMPLATE ${inject('templateDatabase')} ${inject('templateStrategy')}`)
}

/** A database of one's own without our schema. */
export function emptyDatabase(): Promise<TestDatabase> {
  return create('TEMPLATE template0')
}

async function create(template: string): Promise<TestDatabase> {
  const name = inject('databasePrefix') + randomBytes(6).toString('hex')
  await onEachServer(`CREATE DATABASE ${name} ${template}`)
  const address = new URL(inject('adminUrl'))
  address.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: address.href, max: 4 })
  pool.on('error', () => {}) // idle clients that a test or drop() cut off
  let isDropped = false
  const database: TestDatabase = {
    url: address.href,
    pool,
    async drop() {
      if (isDropped) return
      isDropped = true
      if (!pool.ended) await pool.end()
      await onEachServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
  atEndOfFile(database.drop)
  return database
}

/** How many connections of a database wait for a lock; of a Citus cluster on any of its servers. */
export async function waitingForLocks(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ name: string }>('SELECT current_database() AS name')
  const counts = await Promise.all(
    inject('serverUrls').map(async (url) => {
      const [row] = await execute(
        url,
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = '${rows[0]?.name}' AND wait_event_type = 'Lock'`,
      )
      return Number(row?.n)
    }),
  )
  return counts.reduce((sum, n) => sum + n, 0)
}

/** Of a Citus cluster each has a part of the database. */
async function onEachServer(sql: string): Promise<void> {
  await Promise.all(inject('serverUrls').map((url) => execute(url, sql)))
}

async function execute(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
