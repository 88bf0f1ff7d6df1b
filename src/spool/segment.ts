import { join } from 'node:path'
import { decodeLine, decodeTail, type SpoolEntry } from './entry.ts'
import type { SpoolFile, SpoolIo } from './io.ts'
import { type Line, readLines } from './lines.ts'

/** The first line of every file of records. Another version, or anything else, is not ours to guess at. */
export const HEADER = Buffer.from('rtc-receiver spool format 1\n')

/** What the spool knows of a segment file. Only `length` bytes of it count, whatever the file holds behind them. */
export class Segment {
  readonly sequence: number
  readonly path: string
  /** Bytes that hold acknowledged records, and the header: nobody reads behind them. */
  length = 0
  /** Bytes on disk, as far as known: more than `length` after a failed write whose truncation failed as well. */
  fileBytes = 0
  /** The byte from which the next record is read. */
  cursor = HEADER.length
  /** Records behind the cursor. */
  unread = 0
  /** Records read that are neither committed nor set aside. */
  outstanding = 0
  /** When the next unread record was received, or the one before it (ms); good enough for an age in seconds. */
  nextAt: number | undefined
  removing = false
  /** What was already said in the log about this file. */
  readonly said = new Set<string>()

  constructor(directory: string, sequence: number) {
    this.sequence = sequence
    this.path = join(directory, segmentName(sequence))
  }

  get records(): number {
    return this.unread + this.outstanding
  }

  get drained(): boolean {
    return this.cursor >= this.length && this.outstanding === 0
  }
}

/** Zero-padded, so that `ls` lists the oldest first. The order is the number's: clocks jump. */
export function segmentName(sequence: number): string {
  return `segment-${String(sequence).padStart(12, '0')}.spool`
}

/** The number in the name of a segment, or of what was set aside from it. */
export function sequenceOf(name: string): number | undefined {
  const digits = /^segment-(\d{12,15})\./.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export function isSegment(name: string): boolean {
  const sequence = sequenceOf(name)
  return sequence !== undefined && name === segmentName(sequence)
}

/** The milliseconds of an entry's time, or undefined when it is not one. */
export function timeOf(entry: SpoolEntry | undefined): number | undefined {
  const time = entry === undefined ? Number.NaN : Date.parse(entry.at)
  return Number.isNaN(time) ? undefined : time
}

/** The entry of a line as read: the last one may lack its newline. */
export function entryOfLine(line: Line): SpoolEntry | undefined {
  return line.terminated ? decodeLine(line.bytes) : decodeTail(line.bytes)
}

export interface SegmentScan {
  /** False: the file does not begin as a segment does. A file cut inside its header is a readable, empty one. */
  readable: boolean
  /** Lines behind the header, damaged ones included. */
  lines: number
  /** Damaged lines; counted only when asked to verify. */
  damaged: number
  /** Bytes up to the end of the last whole line. */
  length: number
  size: number
  firstAt: number | undefined
}

/**
 * Counts what a segment file holds, streaming. Checksums are verified only on request: the drain verifies each line
 * when it takes it, and a start with a full spool should not take longer than reading it takes.
 */
export async function scanSegment(io: SpoolIo, path: string, verify = false): Promise<SegmentScan> {
  const file = await io.open(path, 'r')
  try {
    return await scan(file, verify)
  } finally {
    await file.close()
  }
}

async function scan(file: SpoolFile, verify: boolean): Promise<SegmentScan> {
  const { size } = await file.stat()
  const head = Buffer.alloc(HEADER.length)
  const { bytesRead } = await file.read(head, 0, head.length, 0)
  const readable = HEADER.subarray(0, bytesRead).equals(head.subarray(0, bytesRead))
  const result: SegmentScan = { readable, lines: 0, damaged: 0, length: HEADER.length, size, firstAt: undefined }
  for await (const lines of readLines(file, HEADER.length, size)) {
    for (const line of lines) {
      const first = result.lines === 0
      const entry = verify || first || !line.terminated ? entryOfLine(line) : undefined
      if (!line.terminated && entry === undefined) break
      if (first) result.firstAt = timeOf(entry)
      if (verify && entry === undefined) result.damaged++
      result.lines++
      result.length = line.end
    }
  }
  return result
}
