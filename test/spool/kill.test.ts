import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { inspectSpool, SpoolLockedError } from '../../src/spool/spool.ts'
import {
  compileChild,
  deepDirectory,
  drain,
  entry,
  numberOf,
  openSpool,
  takeAll,
  temporaryDirectory,
} from '../support/spool.ts'

let child: Awaited<ReturnType<typeof compileChild>>
beforeAll(async () => {
  child = await compileChild()
})
afterAll(() => child.remove())

class Child {
  readonly process: ChildProcess
  output = ''

  constructor(command: string, args: string[], uid?: number) {
    const ids = uid === undefined ? {} : { uid, gid: uid }
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/', ...ids })
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    onTestFinished(() => void this.process.kill('SIGKILL'))
  }

  async saying(pattern: RegExp): Promise<void> {
    await expect.poll(() => this.output, { timeout: 30_000, interval: 5 }).toMatch(pattern)
  }

  async ended(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'close')
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended()
  }

  /** The numbers of the records that were acknowledged, or refused. */
  numbers(what: 'kept' | 'refused'): number[] {
    return [...this.output.matchAll(new RegExp(`^${what} (\\d+)`, 'gm'))].map(([, n]) => Number(n))
  }
}

const run = (...args: string[]) => new Child(process.execPath, [child.script, ...args])

test('after a full disk, then room, then SIGKILL: every acknowledged record is there', async () => {
  const directory = await temporaryDirectory()
  const writer = run('full-then-room', directory)
  await writer.saying(/kept 1500\n/)
  await writer.kill()
  const kept = writer.numbers('kept')
  const refused = writer.numbers('refused')
  expect(refused.length).toBeGreaterThan(50)
  expect(kept.some((n) => n >= 600)).toBe(true)
  const spool = await openSpool(directory)
  const found = new Set(await drain(spool))
  expect(kept.filter((n) => !found.has(n))).toEqual([])
  expect([...found].filter((n) => refused.includes(n))).toEqual([])
  expect(spool.setAsideCount).toBe(0)
})

test('killed again and again while it writes: every acknowledged record is there', async () => {
  const directory = await temporaryDirectory()
  const kept: number[] = []
  for (let round = 0; round < 8; round++) {
    const writer = run('endless', directory, String(round * 1_000_000))
    await writer.saying(/kept/)
    await sleep(Math.random() * 60)
    await writer.kill()
    kept.push(...writer.numbers('kept'))
  }
  const spool = await openSpool(directory)
  const found = new Set((await takeAll(spool)).map(numberOf))
  expect(kept.length).toBeGreaterThan(8)
  expect(kept.filter((n) => !found.has(n))).toEqual([])
  expect(spool.setAsideCount).toBe(0)
})

describe('the lock', () => {
  test('keeps a second process out, and is free again after SIGKILL', async () => {
    const directory = await temporaryDirectory()
    const holder = run('hold', directory)
    await holder.saying(/writable/)
    await expect(openSpool(directory)).rejects.toThrow(new SpoolLockedError(directory))
    expect((await inspectSpool(directory)).locked).toBe(true)
    const second = run('hold', directory)
    await second.ended()
    expect(second.output).toBe(`locked the spool in ${directory} is in use by another process\n`)
    expect(second.process.exitCode).toBe(3)
    await holder.kill()
    expect((await inspectSpool(directory)).locked).toBe(false)
    const spool = await openSpool(directory)
    await spool.append([entry(1)])
  })

  test('is held by a stopped process, too', async () => {
    const directory = await temporaryDirectory()
    const holder = run('hold', directory)
    await holder.saying(/writable/)
    holder.process.kill('SIGSTOP')
    await expect(openSpool(directory)).rejects.toThrow(SpoolLockedError)
  })

  test('goes to one of many that start at once over a dead one', async () => {
    const directory = await temporaryDirectory()
    // Where the machine stands still for half a second all take each other for holders, and nobody wins.
    let won = 0
    for (let round = 0; won < 3 && round < 20; round++) {
      const starters = Array.from({ length: 5 }, () => run('hold', directory))
      await Promise.all(starters.map((starter) => starter.saying(/\n/)))
      const winners = starters.filter(({ output }) => output.startsWith('writable')).length
      expect(winners).toBeLessThanOrEqual(1)
      won += winners
      await Promise.all(starters.map((starter) => starter.kill()))
    }
    expect(won).toBe(3)
    await openSpool(directory)
  }, 120_000)

  test('works in a directory deeper than the path of a socket may be', async () => {
    const directory = await deepDirectory()
    const holder = run('hold', directory)
    await holder.saying(/writable/)
    await expect(openSpool(directory)).rejects.toThrow(SpoolLockedError)
    await holder.kill()
    await openSpool(directory)
    expect((await inspectSpool(directory)).locked).toBe(true)
  })
})

test('a limit on the size of files is an error like a full disk', async () => {
  const directory = await temporaryDirectory()
  // In blocks of 512 bytes.
  const script = 'ulimit -f 8 && exec "$0" "$1" once "$2"'
  const writer = new Child('sh', ['-c', script, process.execPath, child.script, directory])
  await writer.ended()
  // 4 KiB a file: the batch that does not fit goes to the next file.
  expect(writer.numbers('kept').length).toBe(40)
  expect(writer.output).toContain('taken 40')
  expect((await inspectSpool(directory)).segments).toBeGreaterThan(1)
})

test.runIf(process.getuid?.() === 0)('a read-only directory can be drained and not written', async () => {
  const parent = await temporaryDirectory()
  await chmod(parent, 0o755)
  const directory = join(parent, 'spool')
  await mkdir(directory, { mode: 0o755 })
  const spool = await openSpool(directory)
  await spool.append([entry(1), entry(2)])
  await spool.close()
  for (const name of ['segment-000000000001.spool']) await chmod(join(directory, name), 0o644)
  // Root's own directory, for an ordinary user: readable and not writable.
  await chmod(directory, 0o555)
  const reader = new Child(process.execPath, [child.script, 'once', directory], 65534)
  await reader.ended()
  expect(reader.output).toContain('unwritable\n')
  expect(reader.output).toContain('refused 39 EACCES\n')
  expect(reader.output).toContain('taken 2\n')
})
