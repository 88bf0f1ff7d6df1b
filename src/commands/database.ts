import { join } from 'node:path'
import pg from 'pg'
import { type Config, loadConfig } from '../config/config.ts'
import { reachThroughPooler } from '../store/statement.ts'
import { noteLines } from './output.ts'

/**
 * Where a command finds Postgres: DATABASE_URL, else the embedded one of DATA_DIR, running already or started for the
 * time of the command.
 */
export async function withDatabaseUrl<T>(work: (databaseUrl: string, config: Config) => Promise<T>): Promise<T> {
  const config = await loadConfig()
  if (config.databaseUrl !== undefined) return work(config.databaseUrl, config)
  const { findEmbeddedPostgres, startEmbeddedPostgres } = await import('../embedded-postgres/embedded.ts')
  const directory = join(config.dataDir, 'postgres')
  const found = await findEmbeddedPostgres(directory)
  if (found) return work(found.url, config)
  const log = { info: () => {}, warn: (line: string) => noteLines(line) }
  const started = await startEmbeddedPostgres({ directory, log })
  try {
    return await work(started.url, config)
  } finally {
    await started.stop()
  }
}

/** A single connection for the time of the command. */
export async function withConnection<T>(
  work: (client: pg.Client, config: Config, databaseUrl: string) => Promise<T>,
): Promise<T> {
  return withDatabaseUrl(async (databaseUrl, config) => {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'rtc-receiver cli' })
    if (config.databasePooler === 'transaction') reachThroughPooler(client)
    // Told by the query that fails.
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client, config, databaseUrl)
    } finally {
      await client.end()
    }
  })
}

/** Where the owner's work is done that needs a session of its own: MIGRATE_DATABASE_URL, else DATABASE_URL. */
export function directUrl(databaseUrl: string, { migrateDatabaseUrl, databasePooler }: Config): string {
  if (migrateDatabaseUrl === undefined && databasePooler !== undefined)
    throw new Error('DATABASE_URL leads to a pooler: set MIGRATE_DATABASE_URL to a connection that does not')
  return migrateDatabaseUrl ?? databaseUrl
}
