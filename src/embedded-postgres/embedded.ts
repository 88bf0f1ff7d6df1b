import { createHash } from 'node:crypto'
import { chown, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { makeReachable } from '../lib/directories.ts'
import { findBinaries } from './binaries.ts'
import { checkVersion, clusterPaths, createCluster, OWNER, readPassword } from './cluster.ts'
import { exists, giveTo } from './files.ts'
import { takeLock } from './lock.ts'
import { findPostmaster, type Log, settle, startPostmaster, stopPostmaster, trimLog } from './postmaster.ts'
import { canEnter, chooseUser, type RunAs } from './user.ts'

export interface EmbeddedPostgres {
  url: string
  /** True when a Postgres that outlived an earlier receiver was found running. */
  adopted: boolean
  pid: number
  /** Where the data is: the directory asked for, unless `movedBecause`. */
  directory: string
  /** Why the data is somewhere else. */
  movedBecause: string | undefined
  /** A psql command line to paste; the password is in a file, never in arguments. */
  psql: string
  /** Shuts Postgres down and resolves when its process is gone. Without it Postgres outlives us. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  /** DATA_DIR/postgres. */
  directory: string
  log: Log
  /** Settings of Postgres for this start, ahead of postgresql.conf. */
  settings?: Record<string, string>
  /** Where the data goes when we are root and Postgres' user cannot enter `directory`. */
  refuge?: string
}

const REFUGE = '/var/lib/rtc-receiver'
/** Left in `directory` when the data lives elsewhere. */
const NOTE = 'moved-to'
const LOG_CHECK_MS = 60_000

/**
 * The Postgres of this data directory, running: adopted when it lives, else started, and created before that if need be. It stands
 * on loopback at a port that stays the same while it is free. Errors are one line that says what to do.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log, settings = {}, refuge = REFUGE } = options
  await makeReachable(options.directory)
  const directory = await realpath(options.directory)
  const unlock = await takeLock(join(directory, 'lock'), () =>
    log.info(`another process is starting Postgres in ${directory}`),
  )
  try {
    const { base, runAs } = await choosePlace(directory, refuge, log)
    const movedBecause =
      base === directory
        ? undefined
        : `Postgres cannot run as root, and ${runAs?.name ?? 'its user'} cannot enter ${directory}`
    const { data, cluster } = clusterPaths(base)
    const logFile = join(base, 'postgres.log')
    const alive = await settle(data, log)
    if (alive && (await canAdopt(base, alive, log))) {
      return await handleOf({ base, movedBecause, logFile, ...alive, adopted: true, log })
    }
    const binaries = await findBinaries({
      runAs,
      copyTo: base,
      onCopy: (to) => log.info(`copying the programs of Postgres to ${to}`),
    })
    if (await exists(cluster)) {
      await checkVersion(base, binaries)
      // Copied or restored by root, say.
      if (runAs && (await stat(data)).uid !== runAs.uid) await giveTo(runAs, cluster)
    } else {
      log.info(`creating the embedded Postgres in ${base}`)
      await createCluster({ base, binaries, runAs, durable: settings.fsync !== 'off' })
    }
    const started = await startPostmaster({ postgres: binaries.postgres, data, logFile, settings, runAs, log })
    try {
      await connectAndCheck(base, started.port)
    } catch (error) {
      await stopPostmaster(started.pid, data, log)
      throw error
    }
    return await handleOf({ base, movedBecause, logFile, ...started, adopted: false, log })
  } finally {
    await unlock()
  }
}

/** The Postgres that a receiver runs in this directory, for the commands of ops; undefined when none runs. */
export async function findEmbeddedPostgres(directory: string): Promise<{ url: string; psql: string } | undefined> {
  const base = await readNote(resolve(directory))
  const { data } = clusterPaths(await realpath(base).catch(() => base))
  const password = await readPassword(base)
  const found = await findPostmaster(data)
  if (!password || found?.status !== 'ready') return undefined
  return addresses(base, found.port, password)
}

/** Where the data is or shall be, and who runs Postgres. */
async function choosePlace(
  directory: string,
  refuge: string,
  log: Log,
): Promise<{ base: string; runAs: RunAs | undefined }> {
  const base = await readNote(directory)
  if (base !== directory && !(await exists(base))) {
    throw new Error(
      `${join(directory, NOTE)} says that the data is in ${base}, which is missing: restore it, or remove the note to start empty`,
    )
  }
  const runAs = await chooseUser([clusterPaths(base).data, base, dirname(base)])
  if (!runAs || (await canEnter(base, runAs))) {
    // The owner of DATA_DIR shall be able to start it as himself later.
    if (runAs && (await stat(dirname(base))).uid === runAs.uid) await chown(base, runAs.uid, runAs.gid)
    return { base, runAs }
  }
  const advice = `Postgres cannot run as root, and ${runAs.name} cannot enter ${base}`
  if (await exists(clusterPaths(base).cluster)) {
    throw new Error(
      `${advice}, where the data is: open the directories above it (chmod o+x), or start as an ordinary user`,
    )
  }
  let moved = await unusedPlace(directory, refuge, log)
  try {
    await makeReachable(moved)
    moved = await realpath(moved)
    if (!(await canEnter(moved, runAs))) throw new Error('it cannot enter that either')
    await writeFile(join(directory, NOTE), `${moved}\n`)
  } catch (error) {
    const reason = (error as Error).message
    throw new Error(
      `${advice}, and ${moved} cannot be used instead (${reason}): set DATA_DIR to a directory that it can enter`,
    )
  }
  log.info(`${advice}: the data is in ${moved}`)
  return { base: moved, runAs }
}

/**
 * Only the note in DATA_DIR leads to the data: whoever removed DATA_DIR wanted to start empty. What was left behind is
 * named, for nobody else knows of it.
 */
async function unusedPlace(directory: string, refuge: string, log: Log): Promise<string> {
  const first = join(refuge, `data-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`)
  let place = first
  for (let n = 2; await exists(place); n++) {
    log.warn(`${place} holds the data of an earlier ${directory}: remove it if nobody needs it`)
    place = `${first}-${n}`
  }
  return place
}

function readNote(directory: string): Promise<string> {
  return readFile(join(directory, NOTE), 'utf8').then(
    (text) => text.trim(),
    () => directory,
  )
}

/** False when it died while it was looked at: one that is killed seems alive for a moment. Throws when it cannot be used. */
async function canAdopt(base: string, { pid, port }: { pid: number; port: number }, log: Log): Promise<boolean> {
  try {
    await connectAndCheck(base, port)
    return true
  } catch (error) {
    await delay(100)
    if ((await settle(clusterPaths(base).data, log))?.pid === pid) throw error
    return false
  }
}

/** Connects for real, makes sure that this is the server of our data, and that our database exists. */
async function connectAndCheck(base: string, port: number): Promise<void> {
  const password = await readPassword(base)
  if (!password) throw new Error(`${clusterPaths(base).pgpass} is missing: restore it from a backup`)
  const client = new pg.Client({ connectionString: toUrl(port, password, 'postgres'), connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // told by the query that fails
  try {
    await client.connect()
    const { rows } = await client.query<{ directory: string; present: boolean }>(
      `SELECT current_setting('data_directory') AS directory, EXISTS (SELECT FROM pg_database WHERE datname = $1) AS present`,
      [OWNER],
    )
    const { data } = clusterPaths(base)
    const served = rows[0]?.directory ?? ''
    if ((await realpath(served).catch(() => served)) !== (await realpath(data))) {
      throw new Error(`port ${port} serves ${served}, not ${data}`)
    }
    if (!rows[0]?.present) await client.query(`CREATE DATABASE ${OWNER}`)
  } catch (error) {
    throw new Error(`embedded Postgres runs but cannot be used: ${(error as Error).message}`)
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function handleOf(options: {
  base: string
  movedBecause: string | undefined
  logFile: string
  pid: number
  port: number
  adopted: boolean
  log: Log
}): Promise<EmbeddedPostgres> {
  const { base, movedBecause, logFile, pid, port, adopted, log } = options
  const watch = setInterval(() => trimLog(logFile).catch(() => undefined), LOG_CHECK_MS)
  watch.unref()
  let stopped: Promise<void> | undefined
  const stop = () => {
    clearInterval(watch)
    stopped ??= stopPostmaster(pid, clusterPaths(base).data, log)
    return stopped
  }
  const password = (await readPassword(base)) ?? ''
  return { ...addresses(base, port, password), adopted, pid, directory: base, movedBecause, stop }
}

function addresses(base: string, port: number, password: string): { url: string; psql: string } {
  const { pgpass } = clusterPaths(base)
  // psql puts these before its arguments and the password file.
  const unwanted = ['PGHOSTADDR', 'PGPASSWORD', 'PGSSLMODE'].filter((name) => process.env[name] !== undefined)
  const shield = unwanted.length > 0 ? `env ${unwanted.map((name) => `-u ${name}`).join(' ')} ` : ''
  return {
    url: toUrl(port, password, OWNER),
    psql: `${shield}PGPASSFILE=${shellQuote(pgpass)} psql -h 127.0.0.1 -p ${port} -U ${OWNER} -d ${OWNER}`,
  }
}

/** sslmode is spelled out because PGSSLMODE in our environment would ask for TLS, which this server has not. */
function toUrl(port: number, password: string, database: string): string {
  return `postgresql://${OWNER}:${password}@127.0.0.1:${port}/${database}?sslmode=disable`
}

function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
