import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../lib/log.ts'
import { errnoOf, SpoolLockedError } from './errors.ts'

/**
 * The lock is a listening Unix socket in the directory: the kernel closes it with its process, however that died, and
 * it needs no process number, which a container or a restart may use again.
 *
 * Each starter listens on a name of its own first and looks for others afterwards. So of two starters at least one
 * sees the other, and whoever sees another steps back. Nobody ever takes over a name, which is where the usual
 * "connect, unlink, bind" lets two starters in: the second unlinks the socket that the first has just bound.
 */
export interface SpoolLock {
  release(): Promise<void>
}

/** What a socket says to a caller once its process is in possession; a starter still looking around says nothing. */
const HELD = 'held'
/** A stopped process accepts nobody, but the kernel lets callers connect: silence means held. */
const ANSWER_MS = 500
const ATTEMPTS = 20
/** sun_path holds 104 bytes on macOS and 108 on Linux, with the closing NUL. */
const MAX_PATH = 103

type Listen = (path: string, greeting: () => string) => Promise<Server>

/** Takes the lock of an existing directory, or throws SpoolLockedError. `listen` is for tests. */
export async function acquireLock(directory: string, log: Log, listen: Listen = listenOn): Promise<SpoolLock> {
  const handle = await open(directory, 'r')
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const lock = await contend(directory, handle, log, listen)
      if (lock !== undefined) return lock
      await sleep(10 + Math.random() * 50)
    }
    throw new SpoolLockedError(directory)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Whether a live process holds the lock. Takes nothing and changes nothing. */
export async function isLocked(directory: string): Promise<boolean> {
  const handle = await open(directory, 'r')
  try {
    const { live } = await look(directory, handle)
    if (live !== undefined) return true
    return process.platform === 'linux' && (await ask(await abstractName(directory))) !== undefined
  } finally {
    await handle.close()
  }
}

/** One attempt: undefined when another starter was about, too. */
async function contend(
  directory: string,
  handle: FileHandle,
  log: Log,
  listen: Listen,
): Promise<SpoolLock | undefined> {
  const name = `lock-${randomBytes(6).toString('hex')}.sock`
  let greeting = ''
  let server: Server
  try {
    server = await listen(socketPath(directory, handle, name), () => greeting)
  } catch (error) {
    return lockWithoutFile(directory, handle, log, listen, error)
  }
  const { live, dead } = await look(directory, handle, name).catch(async (error: unknown) => {
    await close(server)
    throw error
  })
  // Between bind and listen a socket refuses callers and may have been cleared away as a dead one.
  if (live === undefined && (await exists(join(directory, name)))) {
    greeting = HELD
    for (const stale of dead) await unlink(join(directory, stale)).catch(() => {})
    return { release: () => closeBoth(server, handle) }
  }
  await close(server)
  if (live === HELD) throw new SpoolLockedError(directory)
  return undefined
}

/**
 * The file system takes no socket: it is full, read-only, or of a kind that has none. A name outside the file system
 * still keeps out a second process of this machine, though not one in another container.
 */
async function lockWithoutFile(
  directory: string,
  handle: FileHandle,
  log: Log,
  listen: Listen,
  cause: unknown,
): Promise<SpoolLock> {
  const { live } = await look(directory, handle)
  if (live !== undefined) throw new SpoolLockedError(directory)
  const why = { code: errnoOf(cause), directory }
  try {
    const server = await listen(await abstractName(directory), () => HELD)
    log.warn(why, 'the spool directory takes no lock file: only processes in this container are kept out')
    return { release: () => closeBoth(server, handle) }
  } catch (error) {
    if (errnoOf(error) === 'EADDRINUSE') throw new SpoolLockedError(directory)
    log.warn(why, 'the spool cannot be locked: make sure that no second receiver uses its directory')
    return { release: () => handle.close() }
  }
}

/** What the other sockets in the directory say: the answer of a live one, and the names of the dead. */
async function look(directory: string, handle: FileHandle, own?: string): Promise<{ live?: string; dead: string[] }> {
  const dead: string[] = []
  let live: string | undefined
  for (const name of await readdir(directory)) {
    if (!/^lock-\w+\.sock$/.test(name) || name === own) continue
    const answer = await ask(socketPath(directory, handle, name))
    if (answer === undefined) dead.push(name)
    else if (live !== HELD) live = answer
  }
  return live === undefined ? { dead } : { live, dead }
}

/** What the process behind a socket says; undefined when there is none. */
function ask(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const answer = (said: string | undefined) => {
      socket.destroy()
      resolve(said)
    }
    socket.setTimeout(ANSWER_MS, () => answer(HELD))
    socket.on('data', () => answer(HELD))
    socket.on('end', () => answer(''))
    // Anything but "nobody listens" (no permission, too many callers) is somebody.
    socket.on('error', (error) => answer(['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '') ? undefined : HELD))
  })
}

function listenOn(path: string, greeting: () => string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(greeting())
    })
    server.on('error', reject)
    // exclusive: in a cluster the worker itself must hold it, not the primary.
    server.listen({ path, exclusive: true }, () => resolve(server.unref()))
  })
}

/** A path that fits a socket address. On Linux the open directory gives a short one, however deep it lies. */
function socketPath(directory: string, handle: FileHandle, name: string): string {
  const path = join(directory, name)
  if (Buffer.byteLength(path) <= MAX_PATH) return path
  return process.platform === 'linux' ? `/proc/self/fd/${handle.fd}/${name}` : relative(process.cwd(), path)
}

/** A socket name of Linux that is in no file system; it is the directory's own, whatever path leads there. */
async function abstractName(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory)
  return `\0rtc-receiver-spool-${dev}-${ino}`
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** The server first: closing it unlinks its socket, perhaps by way of the handle. */
async function closeBoth(server: Server, handle: FileHandle): Promise<void> {
  await close(server)
  await handle.close()
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
