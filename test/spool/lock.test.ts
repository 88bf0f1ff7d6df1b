import { readdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SpoolLockedError } from '../../src/spool/errors.ts'
import { acquireLock, isLocked, type SpoolLock } from '../../src/spool/lock.ts'
import { errno, TestLog, temporaryDirectory } from '../support/spool.ts'

const log = new TestLog()

/** Somebody's socket in the directory, which greets its callers with `greeting`. */
async function socketIn(directory: string, name: string, greeting: string): Promise<Server> {
  const server = createServer((socket) => socket.end(greeting))
  await new Promise<void>((resolve) => server.listen(join(directory, name), resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return server
}

/** Binds sockets outside the file system only, as where the disk is full or holds no sockets. */
function withoutFiles(others: (path: string) => Promise<Server>) {
  return (path: string): Promise<Server> => (path.startsWith('\0') ? others(path) : Promise.reject(errno('EOPNOTSUPP')))
}

function listenOn(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end('held'))
    server.on('error', reject).listen(path, () => resolve(server.unref()))
  })
}

test('a lock is one socket in the directory, gone when released', async () => {
  const directory = await temporaryDirectory()
  const lock = await acquireLock(directory, log)
  expect(await readdir(directory)).toEqual([expect.stringMatching(/^lock-\w+\.sock$/)])
  expect(await isLocked(directory)).toBe(true)
  await expect(acquireLock(directory, log)).rejects.toThrow(SpoolLockedError)
  expect((await readdir(directory)).length).toBe(1)
  await lock.release()
  expect(await readdir(directory)).toEqual([])
  expect(await isLocked(directory)).toBe(false)
})

test('of many starters at once exactly one wins', async () => {
  for (let round = 0; round < 5; round++) {
    const directory = await temporaryDirectory()
    // Where the machine stands still for half a second all take each other for holders, and nobody wins.
    let locks: SpoolLock[] = []
    for (let tries = 0; locks.length === 0 && tries < 20; tries++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(directory, log)))
      locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    }
    expect(locks.length).toBe(1)
    expect((await readdir(directory)).length).toBe(1)
    await locks[0]?.release()
  }
})

test('names left by the dead are cleared away', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'lock-abc.sock'), '')
  const lock = await acquireLock(directory, log)
  expect(await readdir(directory)).not.toContain('lock-abc.sock')
  await lock.release()
})

test('a starter that never makes up its mind keeps others out', async () => {
  const directory = await temporaryDirectory()
  await socketIn(directory, 'lock-abc.sock', '')
  await expect(acquireLock(directory, log)).rejects.toThrow(SpoolLockedError)
  expect(await readdir(directory)).toEqual(['lock-abc.sock'])
})

test('a holder counts for more than another starter', async () => {
  const directory = await temporaryDirectory()
  for (const name of ['lock-a.sock', 'lock-c.sock']) await socketIn(directory, name, '')
  await socketIn(directory, 'lock-b.sock', 'held')
  // Found at the first attempt.
  let attempts = 0
  const listen = (path: string) => {
    attempts++
    return listenOn(path)
  }
  await expect(acquireLock(directory, log, listen)).rejects.toThrow(SpoolLockedError)
  expect(attempts).toBe(1)
})

test('a starter whose own name was cleared away tries again', async () => {
  const directory = await temporaryDirectory()
  let attempts = 0
  const lock = await acquireLock(directory, log, async (path, greeting) => {
    // The first is bound elsewhere, as if its name had been taken for a dead one's.
    const server = createServer((socket) => socket.end(greeting()))
    const where = attempts++ === 0 ? join(await temporaryDirectory(), 'elsewhere') : path
    await new Promise<void>((resolve) => server.listen(where, resolve))
    return server
  })
  expect(attempts).toBe(2)
  await lock.release()
})

test.runIf(process.platform === 'linux')(
  'where no socket can be made, a name outside the file system locks',
  async () => {
    const directory = await temporaryDirectory()
    const log = new TestLog()
    const lock = await acquireLock(directory, log, withoutFiles(listenOn))
    expect(log.messages('warn')).toEqual([
      'the spool directory takes no lock file: only processes in this container are kept out',
    ])
    expect(log.lines[0]?.context).toMatchObject({ code: 'EOPNOTSUPP' })
    expect(await isLocked(directory)).toBe(true)
    await expect(acquireLock(directory, log, withoutFiles(listenOn))).rejects.toThrow(SpoolLockedError)
    await lock.release()
    expect(await isLocked(directory)).toBe(false)
  },
)

test('where no socket can be made, a holder that could make one is still seen', async () => {
  const directory = await temporaryDirectory()
  const lock = await acquireLock(directory, log)
  await expect(acquireLock(directory, log, withoutFiles(listenOn))).rejects.toThrow(SpoolLockedError)
  await lock.release()
})

test('where nothing can lock, the spool works and says so', async () => {
  const log = new TestLog()
  const lock = await acquireLock(
    await temporaryDirectory(),
    log,
    withoutFiles(() => Promise.reject(errno('EPERM'))),
  )
  expect(log.messages('warn')).toEqual([
    'the spool cannot be locked: make sure that no second receiver uses its directory',
  ])
  await lock.release()
})
