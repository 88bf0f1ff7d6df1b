import { readdir } from 'node:fs/promises'
import { Socket } from 'node:net'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { within } from '../lib/within.ts'
import { explainLogin, incompatibility } from './compatibility.ts'

/** Beside src and dist alike, so that the same line works under vitest and in the image. */
const migrationsDir = fileURLToPath(new URL('../../migrations', import.meta.url))

/** Milliseconds for a question that a living server answers at once, and for saying goodbye. */
const questionMs = 10_000
const goodbyeMs = 1_000

/** A migration gives up its lock_timeout rather than queue everybody behind it; then it is tried again. */
const attempts = 5
const triableAgain = new Set(['55P03', '40P01'])

/**
 * Limits that a role or database sets for its queries would hold for the statement that lifts them, too, so they are
 * lifted as the connection is made. The longest there are: node-postgres leaves a 0 out.
 */
const patient = { statement_timeout: 2 ** 31 - 1, lock_timeout: 2 ** 31 - 1 }

export interface MigrateOptions {
  /** A direct connection: the advisory lock belongs to a session, which a transaction pooler does not keep. */
  databaseUrl: string
  log?: (message: string) => void
}

/**
 * Brings the database to this release and returns the names of the migrations it ran. Any number of processes may call
 * it at once: one works, the others wait and find nothing left to do.
 */
export async function migrate({ databaseUrl, log = () => {} }: MigrateOptions): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await migrateOnce(databaseUrl, log)
    } catch (error) {
      if (attempt === attempts || !triableAgain.has(codeOf(error))) throw error
      log(`migration waited too long for a lock (${codeOf(error)}), trying again`)
      await sleep(attempt * 500)
    }
  }
}

/** The names of the migrations this release has and the database has not; a database without any table lacks them all. */
export async function pendingMigrations({ databaseUrl }: Pick<MigrateOptions, 'databaseUrl'>): Promise<string[]> {
  return await withConnection(databaseUrl, { query_timeout: questionMs }, pending)
}

async function migrateOnce(databaseUrl: string, log: (message: string) => void): Promise<string[]> {
  // Asked first, because the runner wants rights (CREATE, ownership) that the receiver's own role may well lack.
  const asked = await withConnection(databaseUrl, { ...patient, query_timeout: questionMs }, pending)
  if (asked.length === 0) return []
  // Loaded where there is something to migrate: whoever only asks need not wait for it.
  const { PG_MIGRATE_LOCK_ID, runner } = await import('node-pg-migrate')
  return await withConnection(databaseUrl, patient, async (client) => {
    // A role, a database or the URL may carry settings that are meant for queries and not for migrations. The last one
    // lets Postgres give the lock back when we are gone and nobody has told it.
    await client.query(
      `SET TimeZone = 'UTC'; SET statement_timeout = 0; SET lock_timeout = 0; SET search_path = pg_catalog;
       SET idle_in_transaction_session_timeout = '60s'; SET idle_session_timeout = '60s'`,
    )
    // The runner's own lock, taken before the schema: two CREATE SCHEMA IF NOT EXISTS at once collide. A session may
    // hold it twice, and closing the connection releases both.
    await client.query('SELECT pg_advisory_lock($1)', [PG_MIGRATE_LOCK_ID])
    const { rows } = await client.query("SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'rtc'")
    if (rows.length === 0) await client.query('CREATE SCHEMA rtc')
    const ran = await runner({
      dbClient: client,
      dir: migrationsDir,
      direction: 'up',
      migrationsSchema: 'rtc',
      migrationsTable: 'migrations',
      advisoryLockMode: 'wait',
      singleTransaction: true,
      logger: { info: log, warn: log, error: log },
    })
    return ran.map(({ name }) => name)
  })
}

async function pending(client: pg.Client): Promise<string[]> {
  const version = await client.query<{ version: string }>('SELECT version()')
  const reason = incompatibility(version.rows[0]?.version ?? '')
  if (reason) throw new Error(reason)
  const names = (await readdir(migrationsDir))
    .filter((file) => file.endsWith('.sql'))
    .map((file) => basename(file, '.sql'))
  const { rows } = await client.query<{ present: boolean }>(
    "SELECT to_regclass('rtc.migrations') IS NOT NULL AS present",
  )
  if (!rows[0]?.present) return names.sort()
  const done = await client.query<{ name: string }>('SELECT name FROM rtc.migrations')
  const ran = new Set(done.rows.map(({ name }) => name))
  return names.filter((name) => !ran.has(name)).sort()
}

async function withConnection<T>(
  databaseUrl: string,
  limits: Pick<pg.ClientConfig, 'query_timeout' | 'statement_timeout' | 'lock_timeout'>,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const socket = new Socket()
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 10_000,
    ...limits,
    keepAlive: true,
    // A migration may take hours, but not for a server that is gone.
    keepAliveInitialDelayMillis: 10_000,
    stream: () => socket,
  })
  // Without a listener a connection lost between two queries would end the process.
  client.on('error', () => {})
  try {
    await client.connect().catch((error: unknown) => {
      throw explainLogin(error)
    })
    return await work(client)
  } finally {
    // Over a connection that swallows everything the goodbye would be waited for without end.
    await within(
      goodbyeMs,
      client.end().catch(() => {}),
    )
    socket.destroy()
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
