import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { syncDirectory } from '../lib/directories.ts'
import type { Binaries } from './binaries.ts'
import { childOptions, type RunAs } from './user.ts'

const run = promisify(execFile)

/** The superuser of the cluster and the name of our database. */
export const OWNER = 'rtc'

const STAGING = 'cluster.new-'

/**
 * Written to postgresql.conf once, so that whoever runs the machine may change them there. Durability (fsync,
 * synchronous_commit, full_page_writes) keeps the defaults of Postgres, which are on: a callback answered 200 is on the disk.
 */
const INITIAL_SETTINGS = {
  // initdb would take the time zone of the machine, and log in it.
  timezone: 'UTC',
  log_timezone: 'UTC',
  // One receiver and a few commands and psql sessions; each slot costs memory even when idle.
  max_connections: '50',
  // The default of 1 GB is much on a small disk and buys nothing at this rate of writing.
  max_wal_size: '256MB',
  // Compiling pays for long queries over much data only.
  jit: 'off',
  // Files instead of /dev/shm: a container gives that 64 MB, and systemd empties it when an ordinary user logs out (RemoveIPC).
  dynamic_shared_memory_type: 'mmap',
}

export interface ClusterPaths {
  /** `cluster`: made in one piece, by renaming. */
  cluster: string
  /** PGDATA. */
  data: string
  /** The password in libpq's format, mode 0600. */
  pgpass: string
}

export function clusterPaths(base: string): ClusterPaths {
  const cluster = join(base, 'cluster')
  return { cluster, data: join(cluster, 'data'), pgpass: join(cluster, 'pgpass') }
}

/**
 * Creates `cluster` under `base` with a new password. It appears whole or not at all: a process killed in the middle leaves a
 * directory that the next start removes. Call under the lock.
 */
export async function createCluster(options: {
  base: string
  binaries: Binaries
  runAs: RunAs | undefined
  durable: boolean
}): Promise<void> {
  const { base, binaries, runAs, durable } = options
  await removeHalfDone(base)
  const staging = join(base, `${STAGING}${randomUUID()}`)
  const data = join(staging, 'data')
  const passwordFile = join(staging, 'password')
  const password = randomBytes(24).toString('hex')
  try {
    await mkdir(staging, { mode: 0o700 })
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    await writeFile(join(staging, 'pgpass'), `127.0.0.1:*:*:${OWNER}:${password}\n`, { mode: 0o600, flush: true })
    if (runAs) {
      for (const path of [staging, passwordFile, join(staging, 'pgpass')]) await chown(path, runAs.uid, runAs.gid)
    }
    await initdb(binaries, data, passwordFile, runAs, durable)
    await rm(passwordFile)
    await rename(staging, clusterPaths(base).cluster)
  } catch (error) {
    await rm(staging, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    throw error
  }
  // Without this a power cut after the first 200 could bring back the old name, and the next start would remove the data.
  if (durable) {
    for (const directory of [join(base, 'cluster'), base, dirname(base), dirname(dirname(base))])
      await syncDirectory(directory)
  }
}

/** What a start that was killed in the middle of initdb left behind; its initdb may still run for a moment. */
async function removeHalfDone(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    if (name.startsWith(STAGING))
      await rm(join(base, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

async function initdb(
  binaries: Binaries,
  data: string,
  passwordFile: string,
  runAs: RunAs | undefined,
  durable: boolean,
): Promise<void> {
  const common = [
    `--pgdata=${data}`,
    '--encoding=UTF8', // with LANG=C it would be SQL_ASCII
    `--username=${OWNER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    ...Object.entries(INITIAL_SETTINGS).map(([name, value]) => `--set=${name}=${value}`),
    ...(durable ? [] : ['--no-sync']),
  ]
  try {
    await run(binaries.initdb, [...common, '--locale=C.UTF-8'], childOptions(runAs))
  } catch (error) {
    if (!/invalid locale name/.test(stderrOf(error))) throw initdbFailed(error)
    // macOS and old systems have no C.UTF-8; Postgres' own is the same order of code points with the same character classes.
    await run(
      binaries.initdb,
      [...common, '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      childOptions(runAs),
    ).catch((again) => {
      throw initdbFailed(again)
    })
  }
}

function stderrOf(error: unknown): string {
  return String((error as { stderr?: unknown }).stderr ?? error)
}

function initdbFailed(error: unknown): Error {
  const lines = stderrOf(error)
    .split('\n')
    .filter((line) => /error|fatal|hint|could not/i.test(line))
  const advice = /effective user ID/.test(stderrOf(error)) ? ' (add it to /etc/passwd, or set DATABASE_URL)' : ''
  return new Error(`embedded Postgres: initdb failed: ${lines.join(' ') || stderrOf(error)}${advice}`)
}

/** Refuses data that these programs cannot read: another major of Postgres, or a directory that is not whole. */
export async function checkVersion(base: string, binaries: Binaries): Promise<void> {
  const { cluster, data } = clusterPaths(base)
  const version = await readFile(join(data, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') {
      throw new Error(
        `${data} belongs to another user: start as root or as that user, or chown -R ${cluster} to this one`,
      )
    }
    throw new Error(
      `${cluster} holds no Postgres data (${error.code}): restore it from a backup, or remove it to start empty`,
    )
  })
  if (Number(version) !== binaries.major) {
    throw new Error(
      `${data} was written by Postgres ${version.trim()}, this is Postgres ${binaries.major}: ` +
        `dump it with the release that wrote it and restore, or set another DATA_DIR`,
    )
  }
}

/** The password out of the pgpass file; undefined where no cluster has been made yet. */
export async function readPassword(base: string): Promise<string | undefined> {
  const { pgpass } = clusterPaths(base)
  try {
    return (await readFile(pgpass, 'utf8')).trim().split(':').at(-1)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new Error(`cannot read ${pgpass} (${code}): run this as the user that runs the receiver`)
  }
}
