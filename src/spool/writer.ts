import type { Log } from '../lib/log.ts'
import { errnoOf, SpoolWriteError } from './errors.ts'
import { type SpoolFile, type SpoolIo, syncDirectory, writeAll } from './io.ts'
import { HEADER, Segment } from './segment.ts'

/** The most that one write and one fdatasync take: what waits longer than that waits for the next. */
const BATCH_BYTES = 4 * 1024 * 1024

interface Waiting {
  lines: Buffer
  records: number
  at: number | undefined
  resolve(): void
  reject(error: Error): void
}

interface Active {
  segment: Segment
  file: SpoolFile
}

export interface WriterOptions {
  directory: string
  segmentBytes: number
  io: SpoolIo
  log: Log
  segments: Map<number, Segment>
  nextSequence: number
  /** Makes and locks the directory if that could not be done before. */
  prepare(): Promise<void>
  /** The writer has nothing to do, or has done with a segment: drained ones may go. */
  onIdle(): void
}

/**
 * Appends by group commit: while one write and fdatasync run, the next batch gathers, so that one caller is answered
 * at once and many share a sync. No timer.
 *
 * After any error the segment is left for good: what is behind its last acknowledged byte is cut off, and the batch
 * is written again, from memory, to a new segment. Never a second fsync of the same file: after a failed one Linux
 * marks the pages clean, and the next reports success over data that is not on the disk.
 */
export class SpoolWriter {
  /** Whether the last write worked; false until the first. */
  writable = false
  /** Bytes that wait to be written, or are being written. */
  waitingBytes = 0
  readonly #options: WriterOptions
  #nextSequence: number
  #waiting: Waiting[] = []
  #active: Active | undefined
  #running: Promise<void> | undefined
  #failing = false

  constructor(options: WriterOptions) {
    this.#options = options
    this.#nextSequence = options.nextSequence
  }

  /** Resolves once the lines are on the disk; rejects with SpoolWriteError, and then none of them counts. */
  append(lines: Buffer, records: number, at: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ lines, records, at, resolve, reject })
      this.waitingBytes += lines.length
      this.#running ??= this.#run()
    })
  }

  /** Makes sure that a segment is open for writing: makes one, durably, if need be. */
  async probe(): Promise<void> {
    await this.append(Buffer.alloc(0), 0, undefined)
  }

  /** Lets go of a segment that is to be removed; false while it is being written. */
  release(segment: Segment): boolean {
    if (this.#active?.segment !== segment) return true
    // A segment just made is to be written, not to be removed.
    if (this.#running !== undefined || segment.length <= HEADER.length) return false
    void this.#leave()
    return true
  }

  /** Finishes what waits, and closes. The segment stays if it holds anything. */
  async close(): Promise<void> {
    await this.#running
    await this.#leave()
  }

  async #run(): Promise<void> {
    // All callers of this turn of the event loop share the first batch.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch()
      const lines = Buffer.concat(batch.map((waiting) => waiting.lines))
      try {
        const segment = await this.#store(lines)
        acknowledge(segment, lines.length, batch)
        this.waitingBytes -= lines.length
        this.#tell(true)
        for (const { resolve } of batch) resolve()
      } catch (error) {
        this.waitingBytes -= lines.length
        this.#tell(false, error)
        const failure = new SpoolWriteError('the spool cannot be written', error)
        for (const { reject } of batch) reject(failure)
      }
    }
    this.#running = undefined
    this.#options.onIdle()
  }

  #nextBatch(): Waiting[] {
    let bytes = 0
    let end = 0
    for (const { lines } of this.#waiting) {
      if (end > 0 && bytes + lines.length > BATCH_BYTES) break
      bytes += lines.length
      end++
    }
    return this.#waiting.splice(0, end)
  }

  async #store(lines: Buffer): Promise<Segment> {
    try {
      return await this.#write(lines)
    } catch (error) {
      // The fault may lie with this one file, and a callback refused may be lost: the platform pushes events once.
      if (!this.#failing) {
        this.#options.log.warn({ code: errnoOf(error) }, 'a spool write failed: trying again in a new segment')
      }
      return this.#write(lines)
    }
  }

  /** Writes and syncs, or leaves the segment and throws. */
  async #write(lines: Buffer): Promise<Segment> {
    try {
      const { segment, file } = await this.#segmentFor(lines.length)
      if (lines.length > 0) {
        await writeAll(file, lines, segment.length)
        await file.datasync()
      }
      return segment
    } catch (error) {
      await this.#cutAndLeave(lines.length)
      throw error
    }
  }

  async #segmentFor(bytes: number): Promise<Active> {
    const { segment } = this.#active ?? {}
    if (segment && segment.length > HEADER.length && segment.length + bytes > this.#options.segmentBytes) {
      await this.#leave()
      this.#options.onIdle()
    }
    return this.#active ?? (await this.#create())
  }

  /** A segment whose header and name are on the disk before any record counts on them. */
  async #create(): Promise<Active> {
    const { directory, io, segments, prepare } = this.#options
    await prepare()
    const segment = new Segment(directory, this.#nextSequence++)
    const file = await io.open(segment.path, 'wx', 0o600)
    const active = { segment, file }
    this.#active = active
    segments.set(segment.sequence, segment)
    segment.fileBytes = HEADER.length
    await writeAll(file, HEADER, 0)
    await file.datasync()
    await syncDirectory(io, directory)
    segment.length = HEADER.length
    return active
  }

  /**
   * Cuts off what was never acknowledged. If that fails, too, `length` still says where to stop reading; a later
   * start may then replay whole records of the failed batch, which costs nothing, and drops the half line at the end.
   */
  async #cutAndLeave(bytes: number): Promise<void> {
    const active = this.#active
    if (active === undefined) return
    const { segment, file } = active
    try {
      await file.truncate(segment.length)
    } catch (error) {
      segment.fileBytes = segment.length + bytes
      this.#options.log.warn({ code: errnoOf(error), segment: segment.sequence }, 'a spool segment cannot be cut')
    }
    await this.#leave()
    this.#options.onIdle()
  }

  async #leave(): Promise<void> {
    const active = this.#active
    this.#active = undefined
    // All that counts is synced, so an error here says nothing new.
    await active?.file.close().catch(() => {})
  }

  /** Says it once when the disk stops taking records, and once when it takes them again. */
  #tell(writable: boolean, error?: unknown): void {
    const { directory, log } = this.#options
    if (writable && this.#failing) log.info({ directory }, 'the spool can be written again')
    if (!writable && !this.#failing) log.error({ directory, code: errnoOf(error) }, 'the spool cannot be written')
    this.writable = writable
    this.#failing = !writable
  }
}

/** From here on the drain sees the records. */
function acknowledge(segment: Segment, bytes: number, batch: Waiting[]): void {
  if (segment.unread === 0) segment.nextAt = batch.find(({ records }) => records > 0)?.at
  segment.length += bytes
  segment.fileBytes = segment.length
  for (const { records } of batch) segment.unread += records
}
