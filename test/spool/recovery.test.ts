import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeLine } from '../../src/spool/entry.ts'
import { inspectSpool } from '../../src/spool/spool.ts'
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

const HEADER = 'rtc-receiver spool format 1\n'
const SEGMENT = 'segment-000000000007.spool'

/** A spool of an earlier process: one segment with these bytes. */
async function leftBehind(bytes: Buffer | string, name = SEGMENT): Promise<string> {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, name), bytes)
  return directory
}

/** Nothing is really synced: these tests open hundreds of spools. */
function lazyIo(): FaultyIo {
  const io = new FaultyIo()
  io.lazy = true
  return io
}

const linesOf = (...numbers: number[]) => numbers.map((n) => encodeLine(entry(n)))

test('a tail torn at any byte of the last record costs that record alone', async () => {
  const whole = Buffer.from(HEADER + linesOf(1, 2, 3).join(''))
  const last = Buffer.byteLength(linesOf(3)[0] ?? '')
  const io = lazyIo()
  for (let cut = 1; cut <= last; cut++) {
    const directory = await leftBehind(whole.subarray(0, whole.length - cut))
    // Only the newline is missing: the record is whole, and its checksum says so.
    const expected = cut === 1 ? [1, 2, 3] : [1, 2]
    let spool = await openSpool(directory, { io })
    expect(spool.recordsAtStart).toBe(expected.length)
    expect(spool.setAsideCount).toBe(0)
    expect((await takeAll(spool)).map(numberOf)).toEqual(expected)
    const kept = cut === 1 ? whole.length - 1 : whole.length - last
    expect((await stat(join(directory, SEGMENT))).size).toBe(kept)
    await spool.append([entry(4), entry(5)])
    await spool.close()
    spool = await openSpool(directory, { io })
    expect(await drain(spool)).toEqual([...expected, 4, 5])
    expect(spool.setAsideCount).toBe(0)
    await spool.close()
    expect(await segmentFiles(directory)).toEqual([])
  }
})

test('a flipped bit in any byte of a line costs that line alone', async () => {
  const [one = '', two = '', three = '', four = ''] = linesOf(1, 2, 3, 4)
  const whole = Buffer.from(HEADER + one + two + three + four)
  const from = HEADER.length + one.length
  const io = lazyIo()
  for (let at = from; at < from + two.length; at++) {
    const newline = at === from + two.length - 1
    for (const bit of newline ? [0, 1, 2, 3, 4, 5, 6, 7] : [at % 8]) {
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
      const directory = await leftBehind(bytes)
      const spool = await openSpool(directory, { io })
      // A flipped newline merges two lines; a flip into a newline makes two lines of one.
      expect((await takeAll(spool)).map(numberOf)).toEqual(newline ? [1, 4] : [1, 3, 4])
      expect(spool.setAsideCount).toBe(bytes[at] === 0x0a ? 2 : 1)
      expect(spool.records).toBe(newline ? 2 : 3)
      expect(spool.recordsAtStart).toBe(spool.records + spool.setAsideCount)
      const kept = await readFile(join(directory, 'set-aside', 'segment-000000000007.damaged'))
      expect(kept.equals(bytes.subarray(from, from + two.length + (newline ? three.length : 0)))).toBe(true)
      await spool.close()
    }
  }
})

test('the last newline may be damaged, and its record is kept', async () => {
  const spool = await openSpool(await leftBehind(`${HEADER}${linesOf(1, 2).join('').slice(0, -1)}\u0002`))
  expect((await takeAll(spool)).map(numberOf)).toEqual([1, 2])
})

test('damaged lines neither stop the drain nor keep the segment', async () => {
  const garbage = Array.from({ length: 2500 }, (_, i) => `garbage ${i}\n`)
  const directory = await leftBehind(HEADER + linesOf(1) + garbage.join('') + linesOf(2))
  const log = new TestLog()
  const spool = await openSpool(directory, { log })
  expect(spool.recordsAtStart).toBe(2502)
  expect(await inspectSpool(directory)).toMatchObject({ records: 2, damaged: 2500 })
  expect(await drain(spool)).toEqual([1, 2])
  expect(spool.setAsideCount).toBe(2500)
  expect(spool.records).toBe(0)
  await expect.poll(() => readdir(directory)).not.toContain(SEGMENT)
  const kept = await readFile(join(directory, 'set-aside', 'segment-000000000007.damaged'), 'utf8')
  expect(kept).toBe(garbage.join(''))
  expect((await inspectSpool(directory)).setAside).toMatchObject({ damaged: 2500, records: 0 })
  expect(log.messages('error')).toContain('damaged lines of the spool were set aside')
})

test('damaged lines of two segments go to two files', async () => {
  const directory = await leftBehind(`${HEADER}one\n${linesOf(1)}`)
  await writeFile(join(directory, 'segment-000000000008.spool'), `${HEADER}two\n${linesOf(2)}`)
  const spool = await openSpool(directory)
  expect(await drain(spool)).toEqual([1, 2])
  expect((await readdir(join(directory, 'set-aside'))).sort()).toEqual([
    'segment-000000000007.damaged',
    'segment-000000000008.damaged',
  ])
})

test('damaged lines that cannot be set aside stay, and are set aside when there is room', async () => {
  const directory = await leftBehind(`${HEADER}garbage\n${linesOf(1)}`)
  const io = new FaultyIo()
  const log = new TestLog()
  const spool = await openSpool(directory, { io, log })
  io.room = 3
  expect(await drain(spool)).toEqual([1])
  expect(await spool.take(1)).toEqual([])
  expect(spool.records).toBe(1)
  expect(spool.setAsideCount).toBe(0)
  expect(await segmentFiles(directory)).toContain(SEGMENT)
  expect(log.messages('error')).toEqual(['damaged lines of the spool cannot be set aside: they stay'])
  io.heal()
  expect(await spool.take(1)).toEqual([])
  expect(spool.records).toBe(0)
  expect(spool.setAsideCount).toBe(1)
  const kept = await readFile(join(directory, 'set-aside', 'segment-000000000007.damaged'), 'utf8')
  expect(kept).toBe('garbage\n')
})

test.each([
  ['another version', `rtc-receiver spool format 2\n${linesOf(1, 2).join('')}`, 2],
  ['a flipped bit', `rtc-receiver spool gormat 1\n${linesOf(1).join('')}`, 1],
  ['nothing of ours', '\0'.repeat(100), 0],
])('a segment whose header is %s is set aside whole', async (_, bytes, records) => {
  const directory = await leftBehind(bytes)
  await writeFile(join(directory, 'segment-000000000008.spool'), HEADER + linesOf(3))
  expect(await inspectSpool(directory)).toMatchObject({ unreadable: 1, records: 1 })
  const spool = await openSpool(directory)
  expect((await takeAll(spool)).map(numberOf)).toEqual([3])
  expect(spool.setAsideCount).toBe(records)
  expect(spool.recordsAtStart).toBe(records + 1)
  const kept = await readFile(join(directory, 'set-aside', 'segment-000000000007.unreadable'), 'utf8')
  expect(kept).toBe(bytes)
  expect((await inspectSpool(directory)).setAside).toMatchObject({ unreadable: 1 })
})

test.each(['', 'r', HEADER.slice(0, -1), HEADER])('a file cut inside its header held nothing: %j', async (bytes) => {
  const directory = await leftBehind(bytes)
  const spool = await openSpool(directory)
  expect(spool.recordsAtStart).toBe(0)
  expect(spool.setAsideCount).toBe(0)
  await expect.poll(() => segmentFiles(directory)).not.toContain(SEGMENT)
})

test('files that are not segments are left alone', async () => {
  const directory = await leftBehind('mine', 'notes.txt')
  await mkdir(join(directory, 'lost+found'))
  await writeFile(join(directory, 'segment-7.spool'), 'mine')
  const spool = await openSpool(directory)
  await spool.append([entry(1)])
  expect(await drain(spool)).toEqual([1])
  await spool.close()
  expect((await readdir(directory)).sort()).toEqual(['lost+found', 'notes.txt', 'segment-7.spool'])
})

test('a segment that cannot be scanned stays for the next start', async () => {
  const directory = await leftBehind(HEADER + linesOf(1))
  const io = new FaultyIo()
  io.fail('open', 'EIO', { path: /segment-000000000007/ })
  const log = new TestLog()
  const spool = await openSpool(directory, { io, log })
  expect(spool.recordsAtStart).toBe(0)
  expect(log.messages('error')).toEqual(['a spool segment cannot be read: it stays where it is'])
  await spool.close()
  expect(await drain(await openSpool(directory))).toEqual([1])
})

test('a segment that cannot be read now is passed over and read later', async () => {
  const directory = await leftBehind(HEADER + linesOf(1))
  const io = new FaultyIo()
  const log = new TestLog()
  const spool = await openSpool(directory, { io, log })
  await spool.append([entry(2)])
  io.fail('read', 'EIO', { path: /segment-000000000007/, times: 2 })
  expect(await drain(spool)).toEqual([2])
  expect(spool.records).toBe(1)
  expect(log.messages('error')).toEqual(['a spool segment cannot be read: its records wait'])
  expect(await drain(spool)).toEqual([1])
})

test('a half line that cannot be cut is passed over all the same', async () => {
  const directory = await leftBehind(`${HEADER}${linesOf(1)}half`)
  const io = new FaultyIo()
  io.fail('truncate', 'EROFS')
  const log = new TestLog()
  const spool = await openSpool(directory, { io, log })
  expect(spool.bytes).toBeGreaterThan(Buffer.byteLength(HEADER + linesOf(1)))
  expect(await drain(spool)).toEqual([1])
  expect(spool.setAsideCount).toBe(0)
  expect(log.messages('warn')).toContain('the half line cannot be cut')
})

test('lines that vanish or appear while the spool is open are told of, and end the segment', async () => {
  const directory = await leftBehind(HEADER + linesOf(1, 2, 3).join(''))
  const log = new TestLog()
  let spool = await openSpool(directory, { log })
  await writeFile(join(directory, SEGMENT), HEADER + linesOf(1))
  expect(await drain(spool)).toEqual([1])
  expect(spool.records).toBe(0)
  expect(log.messages('error')).toEqual(['a spool segment was changed by others'])
  await expect.poll(() => segmentFiles(directory)).not.toContain(SEGMENT)
  await spool.close()

  const [line = ''] = linesOf(1)
  await writeFile(join(directory, SEGMENT), HEADER + line)
  spool = await openSpool(directory, { log })
  await writeFile(join(directory, SEGMENT), HEADER + line.replace('answer', 'ans\ner'))
  expect(await drain(spool)).toEqual([])
  expect(spool.records).toBe(0)
  expect(spool.setAsideCount).toBe(2)
})

test('a line longer than what is read at once is one record', async () => {
  const directory = await temporaryDirectory()
  const spool = await openSpool(directory)
  const long = 'x'.repeat(1_500_000)
  await spool.append([entry(1), entry(2, { long }), entry(3)])
  await spool.close()
  const again = await openSpool(directory)
  const taken = await again.take(3)
  expect(taken.map(({ entry }) => entry)).toEqual([entry(1), entry(2, { long }), entry(3)])
})

test('what a power cut leaves is taken again, once', async () => {
  const directory = await temporaryDirectory()
  const spool = await openSpool(directory)
  await spool.append([entry(1), entry(2)])
  const [first] = await spool.take(1)
  if (first) spool.commit([first.id])
  const copy = join(await temporaryDirectory(), 'copy')
  await copySpool(directory, copy)
  const after = await openSpool(copy)
  // Commits are remembered by removing whole segments: the database's keys make the replay harmless.
  expect(await drain(after)).toEqual([1, 2])
  expect(after.setAsideCount).toBe(0)
})

test('a full spool opens in little memory and time', async () => {
  const directory = await temporaryDirectory()
  const line = encodeLine(entry(1, { padding: 'x'.repeat(300) }))
  const segment = HEADER + line.repeat(Math.floor((16 * 1024 * 1024) / line.length))
  for (let n = 1; n <= 8; n++) await writeFile(join(directory, `segment-${String(n).padStart(12, '0')}.spool`), segment)
  const began = performance.now()
  const spool = await openSpool(directory, { maxBytes: 1024 * 1024 * 1024 })
  expect(performance.now() - began).toBeLessThan(15_000)
  expect(spool.recordsAtStart).toBe(8 * Math.floor((16 * 1024 * 1024) / line.length))
})
