import { join } from 'node:path'
import type pg from 'pg'
import type { Config } from '../config/config.ts'
import { reachThroughPooler } from '../store/statement.ts'
import { noteLines } from './output.ts'
import { whileWaiting } from './progress.ts'

/** The configuration, loaded with what reads it when a command is run: help needs neither. */
export async function commandConfig(): Promise<Config> {
  const { loadConfig } = await import('../config/config.ts')
  return loadConfig()
}

/**
 * Where a command finds Postgres: DATABASE_URL, else the embedded one of DATA_DIR, running already or started for the
 * time of the command.
 */
export async function withDatabaseUrl<T>(work: (databaseUrl: string, config: Config) => Promise<T>): Promise<T> {
  const config = await commandConfig()
  if (config.databaseUrl !== undefined) return work(config.databaseUrl, config)
  const { findEmbeddedPostgres, startEmbeddedPostgres } = await import('../embedded-postgres/embedded.ts')
  const directory = join(config.dataDir, 'postgres')
  const found = await findEmbeddedPostgres(directory)
  if (found) return work(found.url, config)
  const log = { info: () => {}, warn: (line: string) => noteLines(line) }
  const started = await whileWaiting('starting the embedded Postgres', startEmbeddedPostgres({ directory, log }))
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
  return withDatabaseUrl((databaseUrl, config) =>
    withClient(databaseUrl, 'rtc-receiver cli', (client) => {
      if (config.databasePooler === 'transaction') reachThroughPooler(client)
      return work(client, config, databaseUrl)
    }),
  )
}

/** One to a URL, which is closed when the work is done. */
export async function withClient<T>(
  connectionString: string,
  name: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString, application_name: name })
  // Told by the query that fails.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

export const overDirectUrl = '\nIt runs over MIGRATE_DATABASE_URL where that is set.'

/** Where the owner's work is done that needs a session of its own: MIGRATE_DATABASE_URL, else DATABASE_URL. */
export function directUrl(databaseUrl: string, { migrateDatabaseUrl, databasePooler }: Config): string {
  if (migrateDatabaseUrl === undefined && databasePooler !== undefined)
    throw new Error('DATABASE_URL leads to a pooler: set MIGRATE_DATABASE_URL to a connection that does not')
  return migrateDatabaseUrl ?? databaseUrl
}
