import { execFile, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { childOptions, type RunAs } from './user.ts'

const run = promisify(execFile)

export interface Log {
  info(message: string): void
  warn(message: string): void
}

/** What postmaster.pid says: the lines are documented in src/include/utils/pidfile.h of Postgres. */
export interface Postmaster {
  pid: number
  port: number
  status: 'starting' | 'stopping' | 'ready' | 'standby' | ''
}

const POLL_MS = 50
const PROGRESS_MS = 10_000
const LOG_MAX_BYTES = 16 * 1024 * 1024
const LOG_ROTATE_BYTES = 1024 * 1024

/** Settings on the command line, ahead of postgresql.conf: what the receiver relies on at each start. */
const FIXED_SETTINGS = {
  // TCP on loopback only. No socket file: its path may be too long, and its directory one that somebody else can write to.
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // The file of ours below, which postgresql.conf shall not move.
  logging_collector: 'off',
  log_destination: 'stderr',
  // Starts, stops and crashes, but no failed statements: their messages may hold values of callers. The receiver logs those itself.
  log_min_messages: 'log',
  // A connection that is ended in the middle of a COPY is worse than a failed statement, and its CONTEXT quotes the row.
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
}

/** The live postmaster of this data directory. A file left by a dead one, or one that names a stranger's pid, counts as none. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(pidFile(data), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!(pid > 0) || !(await isPostmaster(pid, data))) return undefined
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? '').trim() as Postmaster['status'] }
}

function pidFile(data: string): string {
  return join(data, 'postmaster.pid')
}

/** Whether that pid is a postmaster of this directory: pids are used again after a reboot, and a zombie has no command line. */
async function isPostmaster(pid: number, data: string): Promise<boolean> {
  const commandLine =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      : await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).then(
          ({ stdout }) => stdout.replaceAll(' -D ', '\0-D\0'),
          () => '',
        )
  return commandLine.includes(`\0-D\0${data}`)
}

/**
 * Starts postgres in a session of its own and waits until it takes connections; returns its pid and port. Crash recovery may take
 * long: as long as the process lives we wait. Call under the lock, when findPostmaster found none.
 */
export async function startPostmaster(options: {
  postgres: string
  data: string
  logFile: string
  settings: Record<string, string>
  runAs: RunAs | undefined
  log: Log
}): Promise<Postmaster> {
  const { data, log } = options
  await disarmPidFile(data)
  await rotateLog(options.logFile)
  let wanted = await formerPort(data)
  for (let attempt = 1; ; attempt++) {
    const started = await launch({ ...options, port: await freePort(wanted) })
    if (typeof started !== 'string') return started
    const portTaken = /could not create any TCP\/IP sockets/.test(started)
    // After kill -9 of the postmaster alone its children need a moment to notice.
    const childrenLeft = /pre-existing shared memory block/.test(started)
    if (attempt === 20 || !(portTaken || childrenLeft)) {
      throw new Error(`embedded Postgres did not start (${options.logFile}): ${started}`)
    }
    if (portTaken) wanted = undefined
    log.info(`embedded Postgres: trying again (${portTaken ? 'the port was taken' : 'a former one is still ending'})`)
    await delay(500)
  }
}

async function launch(options: Parameters<typeof startPostmaster>[0] & { port: number }): Promise<Postmaster | string> {
  const { postgres, data, logFile, port, settings, runAs, log } = options
  const output = await openLog(logFile)
  const { size } = await output.stat()
  if (runAs) await output.chown(runAs.uid, runAs.gid)
  let failure: string | undefined
  const child = spawn(
    postgres,
    ['-D', data, ...toArguments({ ...settings, ...FIXED_SETTINGS, port: String(port) })],
    // detached: Ctrl-C in the terminal goes to all of our process group, and Postgres has to outlive our last statements.
    { ...childOptions(runAs), detached: true, stdio: ['ignore', output.fd, output.fd] },
  )
  child.once('error', (error) => {
    failure = error.message
  })
  child.once('exit', (code, signal) => {
    failure ??= `ended with ${signal ?? code}`
  })
  child.unref()
  await output.close()
  for (let waited = 0; failure === undefined; waited += POLL_MS) {
    const found = await findPostmaster(data)
    if (found?.pid === child.pid && found?.status === 'ready') return found
    if (waited > 0 && waited % PROGRESS_MS === 0)
      log.info('embedded Postgres is still starting (recovering after a crash takes a while)')
    await delay(POLL_MS)
  }
  const said = (await readFile(logFile)).subarray(size).toString('utf8').trim().split('\n').slice(-4).join(' | ')
  return said || failure
}

function toArguments(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/**
 * A stale postmaster.pid whose number now belongs to another process would make postgres refuse for ever. Our own pid in the first
 * line makes it look further (a parent is never taken for the owner): it still checks by the shared memory named in the file
 * that nothing of the old server lives, which would not be so had we removed the file.
 */
async function disarmPidFile(data: string): Promise<void> {
  const text = await readFile(pidFile(data), 'utf8').catch(() => undefined)
  if (text === undefined) return
  const rest = text.split('\n').slice(1)
  if (rest.length < 4)
    await rm(pidFile(data)) // cut short by a full disk: postgres would not read it
  else await writeFile(pidFile(data), [process.pid, ...rest].join('\n'))
}

/**
 * The postmaster that an earlier receiver left running, once it is ready; undefined when there is none. One that recovers is
 * waited for, one that stops (on a request that may wait for its sessions) is stopped now.
 */
export async function settle(data: string, log: Log): Promise<Postmaster | undefined> {
  for (let waited = 0; ; waited += POLL_MS) {
    const found = await findPostmaster(data)
    if (!found || found.status === 'ready') return found
    if (found.status === 'stopping') await stopPostmaster(found.pid, data, log)
    if (waited > 0 && waited % PROGRESS_MS === 0)
      log.info(`waiting for Postgres ${found.pid}, which is ${found.status}`)
    await delay(POLL_MS)
  }
}

/** Fast shutdown; should that take too long, immediate shutdown (recovery at the next start). Resolves when the process is gone. */
export async function stopPostmaster(pid: number, data: string, log: Log): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5000],
    ['SIGKILL', 5000],
  ] as const) {
    for (let waited = 0; waited <= patienceMs; waited += POLL_MS) {
      if (!(await isPostmaster(pid, data))) return
      if (waited === 0) process.kill(pid, signal)
      await delay(POLL_MS)
    }
    log.warn(`embedded Postgres ${pid} did not end within ${patienceMs / 1000} s of ${signal}`)
  }
}

/** Postgres notes its last command line; so psql lines and dashboards people keep stay right. */
async function formerPort(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, 'postmaster.opts'), 'utf8').catch(() => '')
  return Number(/"port=(\d+)"/.exec(text)?.[1]) || undefined
}

/** The wanted port when nobody has it, else one that the system chooses. */
async function freePort(wanted: number | undefined): Promise<number> {
  const port = (wanted && (await tryPort(wanted))) || (await tryPort(0))
  if (!port) throw new Error('embedded Postgres: no free TCP port on 127.0.0.1')
  return port
}

function tryPort(port: number): Promise<number | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

/** O_NOFOLLOW because as root we write into a directory that may belong to an ordinary user. */
function openLog(path: string): Promise<FileHandle> {
  return open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
}

/** One former log is kept. */
async function rotateLog(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found && found.size > LOG_ROTATE_BYTES) await rename(path, `${path}.1`)
}

/** A running postgres keeps its file open, so the file is emptied in place; it writes on at the new end (O_APPEND). */
export async function trimLog(path: string): Promise<void> {
  const handle = await openLog(path)
  try {
    if ((await handle.stat()).size > LOG_MAX_BYTES) await handle.truncate(0)
  } finally {
    await handle.close()
  }
}
