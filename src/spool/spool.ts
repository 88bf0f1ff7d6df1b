import { basename } from 'node:path'
import type { Log } from '../lib/log.ts'
import { encodeLine, type SpoolEntry } from './entry.ts'
import { errnoOf, SpoolEntryError, SpoolFullError, SpoolLockedError, SpoolWriteError } from './errors.ts'
import { makeDirectory, nodeIo, type SpoolIo } from './io.ts'
import { acquireLock, type SpoolLock } from './lock.ts'
import { type ReadRecord, SpoolReader } from './reader.ts'
import { type Recovered, recoverSegments } from './recover.ts'
import { HEADER, type Segment, timeOf } from './segment.ts'
import { SetAside } from './set-aside.ts'
import { SpoolWriter } from './writer.ts'

export type { SpoolEntry } from './entry.ts'
export { SpoolEntryError, SpoolFullError, SpoolLockedError, SpoolWriteError } from './errors.ts'
export { inspectSpool, type SpoolStatus } from './inspect.ts'
export type { SpoolFile, SpoolIo } from './io.ts'

export interface SpoolOptions {
  directory: string
  /** Bound of all files together, those of what was set aside as well. */
  maxBytes: number
  log: Log
  /** The file system, for tests. */
  io?: SpoolIo
}

declare const opaque: unique symbol
/** Names a taken record until it is committed, given back or set aside. */
export interface SpoolPosition {
  readonly [opaque]: true
}

export interface SpooledRecord {
  id: SpoolPosition
  entry: SpoolEntry
}

const SEGMENT_BYTES = 16 * 1024 * 1024
/** What may wait for the disk: a disk that hangs must not fill the memory. Far more than a healthy one lets wait. */
const WAITING_BYTES = 32 * 1024 * 1024
/** The lines of a callback with 50 records take less. */
const ROOM_BYTES = 64 * 1024

/**
 * Records on the local disk that Postgres could not take yet. What `append` resolved for is in a file that fdatasync
 * covered; it is there until `commit` or `setAside`. A start hands out again what was committed from a segment that
 * was not yet drained whole: the database's keys make that harmless, and draining needs no free space.
 *
 * The ledger, at any time: recordsAtStart + appended = committed + setAsideCount + records.
 */
export class Spool {
  readonly directory: string
  readonly maxBytes: number
  /** Records found at the start, damaged lines included. */
  readonly recordsAtStart: number
  readonly #options: SpoolOptions
  readonly #io: SpoolIo
  readonly #segments: Map<number, Segment>
  readonly #setAside: SetAside
  readonly #writer: SpoolWriter
  readonly #reader: SpoolReader
  readonly #removals = new Set<Promise<void>>()
  /** Read and neither committed nor set aside: handed out, or given back. */
  readonly #open = new Map<SpoolPosition, ReadRecord>()
  #returned = new Set<SpoolPosition>()
  #lock: SpoolLock | undefined
  #setAsideCount: number
  #taking: Promise<unknown> = Promise.resolve()
  #closed = false
  #released = false

  /**
   * Throws SpoolLockedError, or the system's error when the directory is there and cannot be read. A directory that
   * cannot be written is no reason to stop: what it holds can be drained, and `writable` is false.
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const io = options.io ?? nodeIo
    const setAside = new SetAside(options.directory, io)
    let lock: SpoolLock | undefined
    try {
      lock = await prepareDirectory(options, io)
    } catch (error) {
      if (error instanceof SpoolLockedError) throw error
      options.log.error({ directory: options.directory, code: errnoOf(error) }, 'the spool directory cannot be made')
    }
    try {
      const recovered = await recoverSegments(options.directory, io, setAside, options.log)
      await setAside.measure()
      const spool = new Spool(options, io, setAside, recovered, lock)
      await spool.probe()
      return spool
    } catch (error) {
      await lock?.release()
      throw error
    }
  }

  private constructor(
    options: SpoolOptions,
    io: SpoolIo,
    setAside: SetAside,
    recovered: Recovered,
    lock: SpoolLock | undefined,
  ) {
    const { directory, maxBytes, log } = options
    const { segments, nextSequence } = recovered
    this.directory = directory
    this.maxBytes = maxBytes
    this.#options = options
    this.#io = io
    this.#setAside = setAside
    this.#segments = segments
    this.#setAsideCount = recovered.setAside
    this.#lock = lock
    this.#writer = new SpoolWriter({
      directory,
      segmentBytes: Math.min(SEGMENT_BYTES, Math.ceil(maxBytes / 16)),
      io,
      log,
      segments,
      nextSequence,
      prepare: async () => {
        this.#lock ??= await prepareDirectory(options, io)
      },
      onIdle: () => this.#sweep(segments.values()),
    })
    this.#reader = new SpoolReader({ segments, io, log, setAside })
    this.recordsAtStart = this.records + recovered.setAside
    this.#sweep(segments.values())
  }

  /** Records that are neither committed nor set aside. */
  get records(): number {
    let records = 0
    for (const segment of this.#segments.values()) records += segment.records
    return records
  }

  /** Bytes of the segment files, which go down by whole segments, and of what was set aside, until somebody removes it. */
  get bytes(): number {
    let bytes = this.#setAside.bytes
    for (const segment of this.#segments.values()) bytes += segment.fileBytes
    return bytes
  }

  /** When the oldest record in the spool was received (ms since 1970); exact to one record of the drain. */
  get oldestAt(): number | undefined {
    const next = [...this.#segments.values()].find(({ unread }) => unread > 0)?.nextAt
    const times = [...this.#open.values()].map(({ entry }) => timeOf(entry))
    return [next, ...times].reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined)
  }

  /** Records and damaged lines set aside since the start. */
  get setAsideCount(): number {
    return this.#setAsideCount
  }

  /** Whether the bound leaves no room for an ordinary callback: a rare big one may be refused before. */
  get isFull(): boolean {
    return this.#room < Math.min(ROOM_BYTES, this.maxBytes / 16)
  }

  /** Whether the last write to the disk worked. A spool that has reached its bound is still writable. */
  get writable(): boolean {
    return this.#writer.writable
  }

  /**
   * Resolves once an fdatasync covers all entries. Rejects with SpoolFullError, SpoolWriteError (`code` is the errno
   * name) or SpoolEntryError, and then none of them counts, though a later start may still replay some.
   */
  async append(entries: readonly SpoolEntry[]): Promise<void> {
    if (this.#closed) throw new SpoolWriteError('the spool is closed')
    const first = entries[0]
    if (first === undefined) return
    const lines = Buffer.from(entries.map(lineOf).join(''))
    if (this.#writer.waitingBytes > WAITING_BYTES) throw new SpoolWriteError('too much waits for the disk')
    // Somebody may have made room where the set-aside records are.
    if (lines.length > this.#room && this.#setAside.bytes > 0) await this.#setAside.measure()
    if (lines.length > this.#room) throw new SpoolFullError(this.maxBytes)
    await this.#writer.append(lines, entries.length, timeOf(first))
  }

  /** The next records, oldest first: those given back, then those not yet taken. Fewer than `max` when they are big. */
  take(max: number): Promise<SpooledRecord[]> {
    const taken = this.#taking.then(() => this.#take(max))
    this.#taking = taken.catch(() => {})
    return taken
  }

  /** These records are durable elsewhere. */
  commit(ids: readonly SpoolPosition[]): void {
    this.#finish(ids)
  }

  /** These records could not be committed now: `take` hands them out again, oldest first. */
  giveBack(ids: readonly SpoolPosition[]): void {
    for (const id of ids) if (this.#open.has(id)) this.#returned.add(id)
  }

  /**
   * Keeps a record that cannot be drained in `set-aside`, with the reason, which must not quote the record. Rejects
   * with SpoolWriteError when it cannot be kept there: then it stays in the spool, as if given back.
   */
  async setAside(id: SpoolPosition, reason: string): Promise<void> {
    const record = this.#open.get(id)
    if (record === undefined || this.#closed) return
    const note = { setAside: { at: new Date().toISOString(), reason } }
    try {
      await this.#setAside.append(basename(record.segment.path), Buffer.from(encodeLine(record.entry, note)))
    } catch (error) {
      this.giveBack([id])
      throw new SpoolWriteError('a record cannot be set aside', error)
    }
    this.#setAsideCount += this.#finish([id])
  }

  /** Tries to become writable again after an error or when it was full. Does not throw: see `writable`, `isFull`. */
  async probe(): Promise<void> {
    if (this.#closed) return
    if (this.isFull) await this.#setAside.measure()
    if (this.writable) return
    this.#sweep(this.#segments.values())
    await this.#writer.probe().catch(() => {})
  }

  /** Finishes the appends and lets go of the directory. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#taking
    await this.#writer.close()
    this.#sweep(this.#segments.values())
    await Promise.all(this.#removals)
    // From here on the files may be another process's.
    this.#released = true
    await this.#lock?.release()
  }

  /** Bytes of lines that fit under the bound, one more segment's header reckoned in. */
  get #room(): number {
    return this.maxBytes - this.bytes - this.#writer.waitingBytes - HEADER.length
  }

  async #take(max: number): Promise<SpooledRecord[]> {
    if (this.#closed) return []
    const given = this.#takeReturned(max)
    const read = given.length < max ? await this.#reader.read(max - given.length) : []
    for (const record of read) {
      const id = {} as SpoolPosition
      this.#open.set(id, record)
      given.push({ id, entry: record.entry })
    }
    for (const [segment, lines] of await this.#reader.setDamagedAside()) {
      segment.outstanding -= lines
      this.#setAsideCount += lines
      this.#sweep([segment])
    }
    return given
  }

  #takeReturned(max: number): SpooledRecord[] {
    // Those committed late, after they were given back, are no longer open.
    const waiting = [...this.#returned].flatMap((id) => {
      const record = this.#open.get(id)
      return record === undefined ? [] : [{ id, record }]
    })
    waiting.sort((a, b) => a.record.segment.sequence - b.record.segment.sequence || a.record.start - b.record.start)
    this.#returned = new Set(waiting.slice(max).map(({ id }) => id))
    return waiting.slice(0, max).map(({ id, record }) => ({ id, entry: record.entry }))
  }

  /** Returns how many of them were still open. */
  #finish(ids: readonly SpoolPosition[]): number {
    const segments = new Set<Segment>()
    let finished = 0
    for (const id of ids) {
      const record = this.#open.get(id)
      if (record === undefined) continue
      this.#open.delete(id)
      record.segment.outstanding--
      segments.add(record.segment)
      finished++
    }
    this.#sweep(segments)
    return finished
  }

  /** Removes those of the segments that are drained. */
  #sweep(segments: Iterable<Segment>): void {
    if (this.#released) return
    for (const segment of segments) {
      if (!segment.drained || segment.removing || !this.#writer.release(segment)) continue
      segment.removing = true
      const removal = this.#remove(segment).finally(() => this.#removals.delete(removal))
      this.#removals.add(removal)
    }
  }

  async #remove(segment: Segment): Promise<void> {
    try {
      await this.#io.unlink(segment.path)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') {
        segment.removing = false
        const context = { segment: segment.sequence, code: errnoOf(error) }
        if (!segment.said.has('remove')) this.#options.log.warn(context, 'a drained spool segment cannot be removed')
        segment.said.add('remove')
        return
      }
    }
    this.#segments.delete(segment.sequence)
  }
}

function lineOf(entry: SpoolEntry, index: number): string {
  try {
    return encodeLine(entry)
  } catch (error) {
    throw new SpoolEntryError(index, error)
  }
}

/** Makes the directory if need be, keeps others out of it, and locks it. */
async function prepareDirectory({ directory, log }: SpoolOptions, io: SpoolIo): Promise<SpoolLock> {
  await makeDirectory(io, directory)
  await makePrivate(directory, io).catch((error: unknown) => {
    log.warn({ directory, code: errnoOf(error) }, 'the spool directory cannot be made private')
  })
  return acquireLock(directory, log)
}

async function makePrivate(directory: string, io: SpoolIo): Promise<void> {
  const handle = await io.open(directory, 'r')
  try {
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0) await handle.chmod(0o700)
  } finally {
    await handle.close()
  }
}
