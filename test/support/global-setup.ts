import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { clusterPaths } from '../../src/embedded-postgres/cluster.ts'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded.ts'
import { findPostmaster, stopPostmaster } from '../../src/embedded-postgres/postmaster.ts'
import { migrate } from '../../src/store/migrate.ts'
import { citusServers, makeCitus, sealTemplate } from '../citus/cluster.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's connection to the server of the run. */
    adminUrl: string
    /** Of a Citus cluster all servers, the coordinator first; else the one. */
    serverUrls: string[]
    /** Begins the name of every database of this run. */
    databasePrefix: string
    /** A migrated database nobody is connected to. */
    templateDatabase: string
    /** How a copy of it is made, for CREATE DATABASE. */
    templateStrategy: string
  }
}

const TEMPORARY = 'rtc-receiver-test-server-'
const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }

/**
 * One Postgres for the whole run: our own embedded one in a temporary directory, or the server of TEST_DATABASE_URL. With
 * CITUS=1 the cluster of TEST_CITUS_URL.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.CITUS ? citusUrl() : process.env.TEST_DATABASE_URL
  const server = given ? { url: given, stop: async () => {} } : await startTemporary()
  const servers = process.env.CITUS ? await citusServers(server.url) : [server.url]
  const databasePrefix = `rtc_test_${randomBytes(4).toString('hex')}_`
  const templateDatabase = `${databasePrefix}template`
  // 14 knows no other way.
  let templateStrategy = ''
  try {
    const [row] = await execute(server.url, 'SHOW server_version_num')
    if (Number(row?.server_version_num) >= 150_000) templateStrategy = 'STRATEGY FILE_COPY'
    for (const url of servers) await execute(url, `CREATE DATABASE ${templateDatabase}`)
    const templateUrl = new URL(server.url)
    templateUrl.pathname = `/${templateDatabase}`
    await migrate({ databaseUrl: templateUrl.href })
    if (process.env.CITUS) {
      await makeCitus(servers, templateDatabase)
      await sealTemplate(servers, templateDatabase)
    }
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('adminUrl', server.url)
  project.provide('serverUrls', servers)
  project.provide('databasePrefix', databasePrefix)
  project.provide('templateDatabase', templateDatabase)
  project.provide('templateStrategy', templateStrategy)
  return async () => {
    // Those of test files that were killed are still there.
    if (given) for (const url of servers) await dropAll(url, databasePrefix)
    await server.stop()
  }
}

function citusUrl(): string {
  const url = process.env.TEST_CITUS_URL
  if (!url)
    throw new Error('TEST_CITUS_URL is not set, so nothing was tried on Citus: test/citus/README.md says what it names')
  return url
}

async function startTemporary(): Promise<{ url: string; stop(): Promise<void> }> {
  await removeAbandoned()
  const directory = await mkdtemp(join(tmpdir(), `${TEMPORARY}${process.pid}-`))
  const remove = () => rm(directory, REMOVE)
  try {
    await chmod(directory, 0o755) // as root the server runs as another user
    const server = await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      log: { info: () => {}, warn: (message) => console.warn(message) },
      // Nothing here has to survive a power cut, and pools of two workers and of the programs they start add up.
      settings: { fsync: 'off', full_page_writes: 'off', max_connections: '300' },
      refuge: directory,
    })
    const stop = async () => {
      await server.stop()
      await remove()
    }
    return { url: server.url, stop }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Ends the servers of runs that were killed, and removes their directories. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(TEMPORARY) || isAlive(Number(name.slice(TEMPORARY.length).split('-')[0]))) continue
    const directory = join(tmpdir(), name)
    // Another run that starts now may have removed it first.
    const real = await realpath(directory).catch(() => undefined)
    if (real === undefined) continue
    const { data } = clusterPaths(join(real, 'postgres'))
    const left = await findPostmaster(data)
    if (left) await stopPostmaster(left.pid, data, console)
    await rm(directory, REMOVE).catch(() => undefined) // another user's
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function dropAll(url: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    )
    for (const { datname } of rows) await client.query(`DROP DATABASE ${datname} WITH (FORCE)`)
  } finally {
    await client.end()
  }
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
