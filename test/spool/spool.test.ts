import { mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeLine, encodeLine } from '../../src/spool/entry.ts'
import {
  inspectSpool,
  type SpoolEntry,
  SpoolEntryError,
  type SpooledRecord,
  SpoolFullError,
  SpoolWriteError,
} from '../../src/spool/spool.ts'
import {
  copySpool,
  drain,
  entry,
  FaultyIo,
  numberOf,
  onlySegment,
  openSpool,
  segmentFiles,
  takeAll,
  temporaryDirectory,
} from '../support/spool.ts'

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const entries = (from: number, to: number) => numbers(from, to).map((n) => entry(n))

describe('the line of a record', () => {
  test('is a checksum, a blank and JSON, whatever the record holds', () => {
    const record = { a: 'line\nbreak \u2028 電話 \ud800 "', n: [1, -0.5, null, true], '': {} }
    const given: SpoolEntry = { at: '2026-01-02T03:04:05.678Z', kind: 'fee', signer: 'app', record }
    const line = encodeLine(given)
    expect(line.indexOf('\n')).toBe(line.length - 1)
    const [checksum, json] = [line.slice(0, 8), line.slice(9, -1)]
    expect(Number.parseInt(checksum, 16)).toBe(crc32(Buffer.from(json)))
    expect(JSON.parse(json)).toMatchObject({ v: 1, at: given.at, kind: 'fee', signer: 'app' })
    expect(decodeLine(Buffer.from(line.slice(0, -1)))).toEqual(given)
  })

  test('says null for a record that is undefined', () => {
    const line = encodeLine({ ...entry(1), record: undefined })
    expect(decodeLine(Buffer.from(line.slice(0, -1)))).toEqual({ ...entry(1), record: null })
  })

  test('keeps a member called __proto__ as a member', () => {
    const record = JSON.parse('{"__proto__":{"x":1},"constructor":2}')
    const decoded = decodeLine(Buffer.from(encodeLine({ ...entry(1), record }).slice(0, -1)))
    expect(JSON.stringify(decoded?.record)).toBe('{"__proto__":{"x":1},"constructor":2}')
  })

  test.each([
    ['no JSON', 'nothing'],
    ['no object', '3'],
    ['null', 'null'],
    ['another version', '{"v":2,"at":"2026-01-02T03:04:05Z","kind":"fee","signer":null,"record":{}}'],
    ['no time', '{"v":1,"kind":"fee","signer":null,"record":{}}'],
    ['another kind', '{"v":1,"at":"2026-01-02T03:04:05Z","kind":"sms","signer":null,"record":{}}'],
  ])('is not understood with a right checksum over %s', (_, json) => {
    const checksum = crc32(json).toString(16).padStart(8, '0')
    expect(decodeLine(Buffer.from(`${checksum} ${json}`))).toBeUndefined()
  })
})

describe('append and take', () => {
  test('records come back oldest first, as they were, and only once', async () => {
    const spool = await openSpool(await temporaryDirectory())
    await spool.append(entries(1, 3))
    await spool.append([{ at: '2026-01-02T03:04:05Z', kind: 'quarantine', signer: 'app', record: { reason: 'x' } }])
    const taken = await spool.take(10)
    expect(taken.map((record) => record.entry)).toEqual([
      ...entries(1, 3),
      { at: '2026-01-02T03:04:05Z', kind: 'quarantine', signer: 'app', record: { reason: 'x' } },
    ])
    expect(await spool.take(10)).toEqual([])
    expect(spool.records).toBe(4)
    spool.commit(taken.map(({ id }) => id))
    expect(spool.records).toBe(0)
  })

  test('nothing to append is no write; nothing wanted is no read', async () => {
    const io = new FaultyIo()
    const spool = await openSpool(await temporaryDirectory(), { io })
    const before = io.calls.length
    await spool.append([])
    await spool.take(0)
    expect(io.calls.length).toBe(before)
  })

  test('the tail can be taken while appends go on', async () => {
    const spool = await openSpool(await temporaryDirectory())
    const seen: number[] = []
    for (let n = 1; n <= 20; n++) {
      const appended = spool.append([entry(n)])
      if (n % 3 === 0) seen.push(...(await drain(spool)))
      await appended
    }
    seen.push(...(await drain(spool)))
    expect(seen).toEqual(numbers(1, 20))
    expect(spool.records).toBe(0)
  })

  test('callers that wait together share one fdatasync', async () => {
    const io = new FaultyIo()
    const spool = await openSpool(await temporaryDirectory(), { io })
    const before = io.calls.filter(({ call }) => call === 'datasync').length
    const first = spool.append([entry(0)])
    await Promise.resolve()
    await Promise.resolve()
    await Promise.all([first, ...numbers(1, 500).map((n) => spool.append([entry(n)]))])
    expect(io.calls.filter(({ call }) => call === 'datasync').length - before).toBeLessThanOrEqual(2)
    expect((await takeAll(spool)).map(numberOf)).toEqual(numbers(0, 500))
  })

  test('more than a batch holds waits for the next', async () => {
    const io = new FaultyIo()
    const spool = await openSpool(await temporaryDirectory(), { io, maxBytes: 1024 * 1024 * 1024 })
    const big = 'x'.repeat(3 * 1024 * 1024)
    await Promise.all([1, 2, 3].map((n) => spool.append([entry(n, { big })])))
    expect(io.calls.filter(({ call }) => call === 'write').length).toBe(1 + 3)
    // No more than 8 MiB are handed out at once, so that the drain's memory is bounded.
    expect((await spool.take(10)).map(numberOf)).toEqual([1, 2, 3])
    await Promise.all([4, 5, 6, 7].map((n) => spool.append([entry(n, { big })])))
    expect((await spool.take(10)).map(numberOf)).toEqual([4, 5, 6])
    expect((await spool.take(10)).map(numberOf)).toEqual([7])
  })

  test('an entry that JSON cannot express refuses its own append only', async () => {
    const spool = await openSpool(await temporaryDirectory())
    const bad = { ...entry(2), record: { big: 1n } }
    const results = await Promise.allSettled([
      spool.append([entry(1)]),
      spool.append([entry(9), bad]),
      spool.append([entry(3)]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: expect.any(SpoolEntryError) })
    expect(results[1]).toMatchObject({ reason: { index: 1, message: expect.not.stringContaining('s-9') } })
    expect(await drain(spool)).toEqual([1, 3])
  })

  test('what was thrown need not be an Error', async () => {
    const spool = await openSpool(await temporaryDirectory())
    const record = {
      toJSON() {
        throw 'text'
      },
    }
    await expect(spool.append([{ ...entry(1), record }])).rejects.toThrow('entry 0 cannot be written as JSON (string)')
  })

  test('a closed spool takes and gives nothing', async () => {
    const directory = await temporaryDirectory()
    const spool = await openSpool(directory)
    await spool.append(entries(1, 2))
    const [first] = await spool.take(1)
    await spool.close()
    await spool.close()
    await expect(spool.append([entry(3)])).rejects.toBeInstanceOf(SpoolWriteError)
    expect(await spool.take(5)).toEqual([])
    await spool.probe()
    // The files may be another process's by now.
    const other = await openSpool(directory)
    if (first) {
      spool.commit([first.id])
      await spool.setAside(first.id, 'late')
    }
    expect(await drain(other)).toEqual([1, 2])
  })
})

describe('giveBack and commit', () => {
  test('what was given back comes first, oldest first', async () => {
    const spool = await openSpool(await temporaryDirectory())
    await spool.append(entries(1, 8))
    const taken = await spool.take(6)
    const id = (n: number) => taken.filter((record) => numberOf(record) === n).map((record) => record.id)
    spool.giveBack([...id(5), ...id(2)])
    spool.giveBack([...id(4), ...id(4)])
    expect((await spool.take(2)).map(numberOf)).toEqual([2, 4])
    expect((await spool.take(10)).map(numberOf)).toEqual([5, 7, 8])
    expect(spool.records).toBe(8)
  })

  test('order holds across segments', async () => {
    const spool = await openSpool(await temporaryDirectory(), { maxBytes: 16 * 1024 })
    for (const n of numbers(1, 30)) await spool.append([entry(n)])
    const taken = await takeAll(spool)
    spool.giveBack(taken.map(({ id }) => id).reverse())
    expect((await takeAll(spool)).map(numberOf)).toEqual(numbers(1, 30))
  })

  test('a record committed late, after it was given back, does not come again', async () => {
    const spool = await openSpool(await temporaryDirectory())
    await spool.append(entries(1, 2))
    const taken = await spool.take(2)
    const ids = taken.map(({ id }) => id)
    spool.giveBack(ids)
    spool.commit(ids.slice(0, 1))
    spool.commit(ids.slice(0, 1))
    expect(spool.records).toBe(1)
    expect((await spool.take(5)).map(numberOf)).toEqual([2])
  })
})

describe('segments', () => {
  test('are private, in a private directory', async () => {
    const directory = join(await temporaryDirectory(), 'new', 'spool')
    const spool = await openSpool(directory)
    await spool.append([entry(1)])
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat((await onlySegment(directory)).path)).mode & 0o777).toBe(0o600)
  })

  test('a directory open to others is made private', async () => {
    const directory = join(await temporaryDirectory(), 'spool')
    await mkdir(directory, { mode: 0o755 })
    await openSpool(directory)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
  })

  test('begin with the name and version of the format', async () => {
    const directory = await temporaryDirectory()
    const spool = await openSpool(directory)
    await spool.append([entry(1)])
    const lines = (await onlySegment(directory)).bytes.toString().split('\n')
    expect(lines[0]).toBe('rtc-receiver spool format 1')
    expect(`${lines[1]}\n`).toBe(encodeLine(entry(1)))
  })

  test('roll over, and go one by one, only when all of their records are committed', async () => {
    const directory = await temporaryDirectory()
    const spool = await openSpool(directory, { maxBytes: 32 * 1024 })
    for (const n of numbers(1, 40)) await spool.append([entry(n)])
    const before = await segmentFiles(directory)
    expect(before.length).toBeGreaterThan(2)
    const perSegment = (await readFile(join(directory, before[0] ?? ''), 'utf8')).split('\n').length - 2
    const taken = await takeAll(spool)
    const ids = taken.map(({ id }) => id)
    spool.commit(ids.slice(1, perSegment))
    await expect.poll(() => segmentFiles(directory)).toEqual(before)
    const bytes = spool.bytes
    spool.commit(ids.slice(0, 1))
    await expect.poll(() => segmentFiles(directory)).toEqual(before.slice(1))
    await expect.poll(() => spool.bytes).toBeLessThan(bytes)
    spool.commit(ids)
    await expect.poll(() => segmentFiles(directory)).toEqual([])
    await expect.poll(() => spool.bytes).toBe(0)
    await spool.append([entry(41)])
    expect(await drain(spool)).toEqual([41])
  })

  test('what was set aside counts for the bound, after a restart too, until somebody takes it away', async () => {
    const directory = await temporaryDirectory()
    let spool = await openSpool(directory, { maxBytes: 16 * 1024 })
    const kept = { ...entry(1), record: { text: 'x'.repeat(12_000) } }
    await spool.append([kept])
    const [first] = await spool.take(1)
    await spool.setAside((first as SpooledRecord).id, 'by the test')
    // The file is gone a little before the spool has heard of it.
    await expect.poll(() => spool.bytes).toBeLessThan(13_000)
    expect(await segmentFiles(directory)).toEqual([])
    expect(spool.bytes).toBeGreaterThan(12_000)
    await expect(spool.append([kept])).rejects.toThrow(SpoolFullError)
    await spool.append([entry(2)])
    await spool.close()
    spool = await openSpool(directory, { maxBytes: 16 * 1024 })
    await expect(spool.append([kept])).rejects.toThrow(SpoolFullError)
    await rm(join(directory, 'set-aside'), { recursive: true })
    await spool.append([kept])
    expect(spool.records).toBe(2)
  })

  test('a segment that rolled over after its records were committed goes, too', async () => {
    const directory = await temporaryDirectory()
    const spool = await openSpool(directory, { maxBytes: 16 * 1024 })
    const rolling = numbers(1, 60).map(async (n) => {
      await spool.append([entry(n)])
      await drain(spool)
    })
    await Promise.all(rolling)
    await drain(spool)
    await expect.poll(() => segmentFiles(directory)).toEqual([])
  })

  test('numbers are never used twice while anything of them is left', async () => {
    const directory = await temporaryDirectory()
    let spool = await openSpool(directory)
    await spool.append([entry(1)])
    const [record] = await spool.take(1)
    if (record) await spool.setAside(record.id, 'test')
    await spool.close()
    expect(await segmentFiles(directory)).toEqual([])
    spool = await openSpool(directory)
    await spool.append([entry(2)])
    expect(await segmentFiles(directory)).not.toEqual(await segmentFiles(join(directory, 'set-aside')))
  })

  test('a start hands out in the order of the files, whatever the clock said', async () => {
    const directory = await temporaryDirectory()
    const first = await openSpool(directory)
    await first.append([{ ...entry(1), at: '2030-01-01T00:00:00.000Z' }])
    await first.close()
    const second = await openSpool(directory)
    await second.append([{ ...entry(2), at: '2001-01-01T00:00:00.000Z' }])
    await second.close()
    const third = await openSpool(directory)
    expect((await takeAll(third)).map(numberOf)).toEqual([1, 2])
    expect(third.oldestAt).toBe(Date.parse('2001-01-01T00:00:00.000Z'))
  })
})

describe('the bound', () => {
  test('refuses what would pass it, and takes again when a segment was drained', async () => {
    const directory = await temporaryDirectory()
    const maxBytes = 32 * 1024
    const spool = await openSpool(directory, { maxBytes })
    const taken: number[] = []
    await expect(
      (async () => {
        for (let n = 1; ; n++) {
          await spool.append([entry(n)])
          taken.push(n)
          expect(spool.bytes).toBeLessThanOrEqual(maxBytes)
        }
      })(),
    ).rejects.toBeInstanceOf(SpoolFullError)
    expect(spool.isFull).toBe(true)
    expect(spool.writable).toBe(true)
    expect(spool.bytes).toBeGreaterThan(maxBytes * 0.9)
    expect(await drain(spool)).toEqual(taken)
    await expect.poll(() => spool.isFull).toBe(false)
    await spool.append([entry(1000)])
    expect(await drain(spool)).toEqual([1000])
  })

  test('counts what still waits to be written', async () => {
    const spool = await openSpool(await temporaryDirectory(), { maxBytes: 16 * 1024 })
    const results = await Promise.allSettled(numbers(1, 500).map((n) => spool.append([entry(n)])))
    const kept = results.filter(({ status }) => status === 'fulfilled').length
    expect(kept).toBeGreaterThan(10)
    expect(kept).toBeLessThan(500)
    expect(spool.bytes).toBeLessThanOrEqual(16 * 1024 + 100)
    expect((await takeAll(spool)).length).toBe(kept)
  })
})

describe('set-aside', () => {
  test('keeps the record and the reason, and moving the file back restores it', async () => {
    const directory = await temporaryDirectory()
    let spool = await openSpool(directory)
    await spool.append(entries(1, 3))
    const [one, two, three] = await spool.take(3)
    if (!one || !two || !three) throw new Error('three records')
    await spool.setAside(two.id, '42P01')
    await spool.setAside(three.id, '42P01')
    await spool.setAside(three.id, 'again')
    expect(spool.setAsideCount).toBe(2)
    expect(spool.records).toBe(1)
    spool.commit([one.id])
    await spool.close()
    expect(await segmentFiles(directory)).toEqual([])
    const [name = ''] = await readdir(join(directory, 'set-aside'))
    const text = await readFile(join(directory, 'set-aside', name), 'utf8')
    expect(text.split('\n').length).toBe(4)
    expect(JSON.parse(text.split('\n')[1]?.slice(9) ?? '')).toMatchObject({
      setAside: { at: expect.stringMatching(/Z$/), reason: '42P01' },
    })
    expect((await inspectSpool(directory)).setAside).toMatchObject({ records: 2, damaged: 0 })

    await rename(join(directory, 'set-aside', name), join(directory, name))
    spool = await openSpool(directory)
    expect((await takeAll(spool)).map(({ entry }) => entry)).toEqual(entries(2, 3))
  })

  test('a file that a crash left with half a line is continued on a line of its own', async () => {
    const directory = await temporaryDirectory()
    const io = new FaultyIo()
    const spool = await openSpool(directory, { io })
    await spool.append(entries(1, 3))
    const [one, two, three] = await spool.take(3)
    if (!one || !two || !three) throw new Error('three records')
    await spool.setAside(one.id, 'test')
    io.room = 20
    io.fail('truncate', 'EIO')
    await expect(spool.setAside(two.id, 'test')).rejects.toMatchObject({ code: 'ENOSPC' })
    io.heal()
    await spool.setAside(three.id, 'test')
    expect((await inspectSpool(directory)).setAside).toMatchObject({ records: 2, damaged: 1 })
    expect((await spool.take(5)).map(numberOf)).toEqual([2])
  })
})

describe('figures', () => {
  test('the age is that of the oldest record not committed', async () => {
    const at = (n: number) => Date.parse(entry(n).at)
    const spool = await openSpool(await temporaryDirectory())
    expect(spool.oldestAt).toBeUndefined()
    await spool.append(entries(1, 3))
    expect(spool.oldestAt).toBe(at(1))
    const taken = await spool.take(2)
    const ids = taken.map(({ id }) => id)
    expect(spool.oldestAt).toBe(at(1))
    spool.commit(ids.slice(0, 1))
    expect(spool.oldestAt).toBe(at(2))
    spool.giveBack(ids.slice(1))
    expect(spool.oldestAt).toBe(at(2))
    await drain(spool)
    expect(spool.oldestAt).toBeUndefined()
    await spool.append([{ ...entry(4), at: 'no time' }])
    expect(spool.oldestAt).toBeUndefined()
  })

  test('inspectSpool reads a spool in use, and changes nothing', async () => {
    const directory = await temporaryDirectory()
    const spool = await openSpool(directory)
    await spool.append(entries(1, 3))
    await spool.take(2)
    const { path, bytes } = await onlySegment(directory)
    expect(await inspectSpool(directory)).toEqual({
      directory,
      locked: true,
      segments: 1,
      bytes: bytes.length,
      records: 3,
      damaged: 0,
      unreadable: 0,
      oldestAt: Date.parse(entry(1).at),
      setAside: { records: 0, damaged: 0, unreadable: 0, bytes: 0 },
    })
    expect((await readFile(path)).equals(bytes)).toBe(true)
    const copy = join(await temporaryDirectory(), 'copy')
    await copySpool(directory, copy)
    expect(await inspectSpool(copy)).toMatchObject({ locked: false, records: 3 })
  })

  test('inspectSpool leaves out what vanishes under it, and tells of what it cannot read', async () => {
    const directory = await temporaryDirectory()
    await symlink('gone', join(directory, 'segment-000000000001.spool'))
    expect(await inspectSpool(directory)).toMatchObject({ segments: 0, records: 0 })
    await symlink('segment-000000000002.spool', join(directory, 'segment-000000000002.spool'))
    await expect(inspectSpool(directory)).rejects.toMatchObject({ code: 'ELOOP' })
  })

  test('inspectSpool of nothing is nothing', async () => {
    const directory = join(await temporaryDirectory(), 'missing')
    expect(await inspectSpool(directory)).toMatchObject({ locked: false, segments: 0, records: 0, oldestAt: undefined })
  })
})
