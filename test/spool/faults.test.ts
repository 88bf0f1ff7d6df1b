import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeLine } from '../../src/spool/entry.ts'
import { Spool, SpoolWriteError } from '../../src/spool/spool.ts'
import {
  copySpool,
  drain,
  entry,
  FaultyIo,
  numberOf,
  openSpool,
  segmentFiles,
  TestLog,
  takeAll,
  temporaryDirectory,
} from '../support/spool.ts'

const SEGMENT = /segment-\d+\.spool$/

async function faultySpool() {
  const directory = await temporaryDirectory()
  const io = new FaultyIo()
  const log = new TestLog()
  return { directory, io, log, spool: await openSpool(directory, { io, log }) }
}

/** What a start after a power cut would find. */
async function afterPowerCut(directory: string): Promise<number[]> {
  const copy = join(await temporaryDirectory(), 'copy')
  await copySpool(directory, copy)
  const spool = await Spool.open({ directory: copy, maxBytes: 64 * 1024 * 1024, log: new TestLog() })
  try {
    return (await takeAll(spool)).map(numberOf)
  } finally {
    await spool.close()
  }
}

test('a disk that fills up refuses, keeps what was acknowledged, and takes again when there is room', async () => {
  const { directory, io, log, spool } = await faultySpool()
  await spool.append([entry(1), entry(2)])
  io.room = 40
  await expect(spool.append([entry(3)])).rejects.toMatchObject({ name: 'SpoolWriteError', code: 'ENOSPC' })
  await expect(spool.append([entry(3)])).rejects.toBeInstanceOf(SpoolWriteError)
  expect(spool.writable).toBe(false)
  expect(spool.records).toBe(2)
  expect(log.messages('error')).toEqual(['the spool cannot be written'])
  expect(await afterPowerCut(directory)).toEqual([1, 2])
  io.room = 100_000
  await spool.append([entry(4)])
  expect(spool.writable).toBe(true)
  expect(log.messages('info')).toEqual(['the spool can be written again'])
  expect(await afterPowerCut(directory)).toEqual([1, 2, 4])
  expect(await drain(spool)).toEqual([1, 2, 4])
})

test('draining needs no room', async () => {
  const { directory, io, spool } = await faultySpool()
  await spool.append([entry(1), entry(2)])
  io.room = 0
  await spool.append([entry(3)]).catch(() => {})
  expect(await drain(spool)).toEqual([1, 2])
  await expect.poll(() => segmentFiles(directory)).toEqual([])
  await expect.poll(() => spool.bytes).toBe(0)
})

test('a short write is continued', async () => {
  const { io, spool } = await faultySpool()
  const big = 'x'.repeat(1000)
  io.room = 500
  await expect(spool.append([entry(1, { big })])).rejects.toMatchObject({ code: 'ENOSPC' })
  io.heal()
  await spool.append([entry(2, { big })])
  expect(await drain(spool)).toEqual([2])
})

test('a write that takes nothing is an error, not a loop', async () => {
  const { io, spool } = await faultySpool()
  io.takesNothing = true
  await expect(spool.append([entry(1)])).rejects.toMatchObject({ code: 'EIO' })
})

test.each(['write', 'datasync'] as const)('after one failed %s the batch goes to a new segment', async (call) => {
  const { directory, io, log, spool } = await faultySpool()
  await spool.append([entry(1)])
  const [old = ''] = await segmentFiles(directory)
  io.fail(call, 'EIO')
  await Promise.all([spool.append([entry(2)]), spool.append([entry(3)])])
  expect(spool.writable).toBe(true)
  const files = await segmentFiles(directory)
  expect(files.length).toBe(2)
  expect(files[0]).toBe(old)
  await spool.append([entry(4)])
  // The file whose sync failed is cut, and never synced nor written again.
  const calls = io.calls.filter(({ path }) => path.endsWith(old)).map(({ call }) => call)
  expect(calls.slice(calls.indexOf('truncate'))).toEqual(['truncate', 'close'])
  expect(log.messages('warn')).toEqual(['a spool write failed: trying again in a new segment'])
  expect(await afterPowerCut(directory)).toEqual([1, 2, 3, 4])
  expect(await drain(spool)).toEqual([1, 2, 3, 4])
})

test('EIO that lasts refuses everybody who waits, and nothing of it counts', async () => {
  const { directory, io, spool } = await faultySpool()
  await spool.append([entry(1)])
  io.fail('datasync', 'EIO', { times: 1000 })
  const results = await Promise.allSettled([2, 3, 4].map((n) => spool.append([entry(n)])))
  expect(results).toMatchObject([2, 3, 4].map(() => ({ status: 'rejected', reason: { code: 'EIO' } })))
  expect(spool.records).toBe(1)
  expect(await afterPowerCut(directory)).toEqual([1])
  io.heal()
  await spool.append([entry(5)])
  expect(await drain(spool)).toEqual([1, 5])
})

test('a segment that can neither be synced nor cut is read only up to what was acknowledged', async () => {
  const { directory, io, log, spool } = await faultySpool()
  await spool.append([entry(1)])
  const bytes = spool.bytes
  io.fail('datasync', 'EIO', { times: 1000 })
  io.fail('truncate', 'EIO', { times: 1000 })
  io.fail('unlink', 'EIO', { times: 1000 })
  await expect(spool.append([entry(2)])).rejects.toMatchObject({ code: 'EIO' })
  expect(spool.records).toBe(1)
  expect(spool.bytes).toBeGreaterThan(bytes)
  expect(log.messages('warn')).toContain('a spool segment cannot be cut')
  expect((await takeAll(spool)).map(numberOf)).toEqual([1])
  io.heal()
  await spool.append([entry(3)])
  // A later start replays what was never acknowledged: harmless. What was acknowledged must be there.
  expect(await afterPowerCut(directory)).toEqual([1, 2, 3])
  expect((await takeAll(spool)).map(numberOf)).toEqual([3])
})

test('half a line left in a segment that could not be cut does not reach the records after it', async () => {
  const { directory, io, spool } = await faultySpool()
  await spool.append([entry(1)])
  io.fail('truncate', 'EIO', { times: 1000 })
  io.room = 60
  await expect(spool.append([entry(2)])).rejects.toMatchObject({ code: 'ENOSPC' })
  io.heal()
  await spool.append([entry(3)])
  expect(await afterPowerCut(directory)).toEqual([1, 3])
})

test.each([
  ['open', SEGMENT],
  ['write', SEGMENT],
  ['datasync', SEGMENT],
  ['sync', /./],
] as const)('a new segment that fails at its %s costs nothing but the attempt', async (call, path) => {
  const directory = await temporaryDirectory()
  const io = new FaultyIo()
  const spool = await openSpool(directory, { io })
  await spool.append([entry(1)])
  await drain(spool)
  await expect.poll(() => segmentFiles(directory)).toEqual([])
  io.fail(call, 'EIO', { path, times: 2 })
  await expect(spool.append([entry(2)])).rejects.toMatchObject({ code: 'EIO' })
  expect(spool.writable).toBe(false)
  await expect.poll(() => segmentFiles(directory)).toEqual([])
  await spool.append([entry(3)])
  expect(await drain(spool)).toEqual([3])
})

test('a disk that hangs does not fill the memory', async () => {
  const spool = await openSpool(await temporaryDirectory(), { maxBytes: 1024 * 1024 * 1024 })
  const big = 'x'.repeat(3 * 1024 * 1024)
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => spool.append([entry(n, { big })])))
  const kept = results.filter(({ status }) => status === 'fulfilled').length
  expect(kept).toBe(11)
  expect(results[11]).toMatchObject({ reason: { name: 'SpoolWriteError', code: undefined } })
  expect(spool.records).toBe(11)
  await spool.append([entry(20)])
})

test('probe makes it writable again, and costs nothing while it is', async () => {
  const { io, spool } = await faultySpool()
  const calls = io.calls.length
  await spool.probe()
  expect(io.calls.length).toBe(calls)
  io.room = 10
  await spool.append([entry(1)]).catch(() => {})
  await spool.probe()
  expect(spool.writable).toBe(false)
  io.heal()
  await spool.probe()
  expect(spool.writable).toBe(true)
  expect(spool.records).toBe(0)
})

test.each(['ENOSPC', 'EROFS', 'EACCES'])('a spool opens on a disk that says %s, and can be drained', async (code) => {
  const directory = await temporaryDirectory()
  const name = join(directory, 'segment-000000000003.spool')
  await writeFile(name, `rtc-receiver spool format 1\n${encodeLine(entry(1))}half`)
  const io = new FaultyIo()
  io.fail('open', code, { path: /segment-0+[45]\./, times: 2 })
  io.fail('chmod', code)
  io.fail('truncate', code)
  const log = new TestLog()
  const spool = await openSpool(directory, { io, log })
  expect(spool.writable).toBe(false)
  await expect(spool.append([entry(2)])).resolves.toBeUndefined()
  expect(await drain(spool)).toEqual([1, 2])
})

test('a directory that cannot be made is made later', async () => {
  const directory = join(await temporaryDirectory(), 'spool')
  const io = new FaultyIo()
  io.fail('mkdir', 'ENOSPC', { times: 5 })
  const log = new TestLog()
  const spool = await openSpool(directory, { io, log })
  expect(spool.writable).toBe(false)
  expect(log.messages('error')).toContain('the spool directory cannot be made')
  await expect(spool.append([entry(1)])).rejects.toMatchObject({ code: 'ENOSPC' })
  io.heal()
  await spool.append([entry(2)])
  expect(await drain(spool)).toEqual([2])
  await expect(openSpool(directory)).rejects.toThrow('in use')
})

test('a directory that cannot be read stops the start, and leaves no lock', async () => {
  const directory = await temporaryDirectory()
  const io = new FaultyIo()
  io.fail('readdir', 'EACCES')
  await expect(openSpool(directory, { io })).rejects.toMatchObject({ code: 'EACCES' })
  await openSpool(directory)
})

test('a drained segment that cannot be removed is removed later', async () => {
  const { directory, io, log, spool } = await faultySpool()
  await spool.append([entry(1)])
  io.fail('unlink', 'EROFS', { times: 1000 })
  await drain(spool)
  await expect.poll(() => log.messages('warn')).toEqual(['a drained spool segment cannot be removed'])
  expect(spool.records).toBe(0)
  expect(spool.bytes).toBeGreaterThan(0)
  await spool.append([entry(2)])
  io.heal()
  await spool.append([entry(3)])
  expect(await drain(spool)).toEqual([2, 3])
  await expect.poll(() => segmentFiles(directory)).toEqual([])
})

test('a drained segment that somebody else removed is gone', async () => {
  const { io, log, spool } = await faultySpool()
  await spool.append([entry(1)])
  io.fail('unlink', 'ENOENT')
  await drain(spool)
  await expect.poll(() => spool.bytes).toBe(0)
  expect(log.messages('warn')).toEqual([])
})

test('a record that cannot be set aside stays', async () => {
  const { directory, io, spool } = await faultySpool()
  await spool.append([entry(1), entry(2)])
  const [first] = await spool.take(1)
  if (!first) throw new Error('a record')
  io.room = 5
  await expect(spool.setAside(first.id, 'test')).rejects.toMatchObject({ name: 'SpoolWriteError', code: 'ENOSPC' })
  expect(spool.setAsideCount).toBe(0)
  expect(spool.records).toBe(2)
  io.heal()
  const again = await spool.take(5)
  expect(again.map(numberOf)).toEqual([1, 2])
  await spool.setAside(first.id, 'test')
  expect(spool.setAsideCount).toBe(1)
  await spool.close()
  expect(await afterPowerCut(directory)).toEqual([1, 2])
})

test('an unreadable segment that cannot be moved stays', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'segment-000000000001.spool'), 'not ours\n')
  const io = new FaultyIo()
  io.fail('rename', 'ENOSPC')
  const spool = await openSpool(directory, { io })
  expect(spool.setAsideCount).toBe(0)
  expect(await segmentFiles(directory)).toContain('segment-000000000001.spool')
})

test('a failing close after a sync says nothing new', async () => {
  const { io, spool } = await faultySpool()
  await spool.append([entry(1)])
  io.fail('close', 'EIO', { path: SEGMENT })
  await spool.close()
})
