import { basename } from 'node:path'
import type { Log } from '../lib/log.ts'
import type { SpoolEntry } from './entry.ts'
import { errnoOf } from './errors.ts'
import type { SpoolIo } from './io.ts'
import { readLines } from './lines.ts'
import { entryOfLine, type Segment, timeOf } from './segment.ts'
import type { SetAside } from './set-aside.ts'

/** A taken record holds its entry in memory; no more than this many bytes of lines are handed out at once. */
const TAKE_BYTES = 8 * 1024 * 1024
/** Damaged lines copied with one sync. */
const COPY_LINES = 1000

/** A line of a segment. */
interface Place {
  segment: Segment
  start: number
  end: number
}

/** A record that was read. */
export interface ReadRecord extends Place {
  entry: SpoolEntry
}

/** Reads the segments from the oldest on, each line once, and sees to the damaged ones. */
export class SpoolReader {
  readonly #segments: Map<number, Segment>
  readonly #io: SpoolIo
  readonly #log: Log
  readonly #setAside: SetAside
  #damaged: Place[] = []

  constructor(parts: { segments: Map<number, Segment>; io: SpoolIo; log: Log; setAside: SetAside }) {
    this.#segments = parts.segments
    this.#io = parts.io
    this.#log = parts.log
    this.#setAside = parts.setAside
  }

  /** Up to `max` records. A segment that cannot be read now is passed over, and tried again at the next call. */
  async read(max: number): Promise<ReadRecord[]> {
    const records: ReadRecord[] = []
    for (const segment of [...this.#segments.values()]) {
      if (segment.cursor >= segment.length) continue
      try {
        if (await this.#readSegment(segment, records, max)) break
      } catch (error) {
        this.#sayOnce(segment, 'a spool segment cannot be read: its records wait', error)
      }
    }
    return records
  }

  /** Copies the damaged lines met so far to the set-aside files. Returns the segments and how many lines of each. */
  async setDamagedAside(): Promise<Map<Segment, number>> {
    const moved = new Map<Segment, number>()
    while (this.#damaged[0] !== undefined) {
      const { segment } = this.#damaged[0]
      const places = this.#damaged.slice(0, COPY_LINES).filter((place) => place.segment === segment)
      try {
        const name = basename(segment.path).replace(/spool$/, 'damaged')
        await this.#setAside.append(name, await this.#copy(segment, places))
      } catch (error) {
        this.#sayOnce(segment, 'damaged lines of the spool cannot be set aside: they stay', error)
        break
      }
      const done = new Set(places)
      this.#damaged = this.#damaged.filter((place) => !done.has(place))
      moved.set(segment, (moved.get(segment) ?? 0) + places.length)
      this.#log.error({ segment: segment.sequence, lines: places.length }, 'damaged lines of the spool were set aside')
    }
    return moved
  }

  /** True when enough was read. */
  async #readSegment(segment: Segment, records: ReadRecord[], max: number): Promise<boolean> {
    const file = await this.#io.open(segment.path, 'r')
    const to = segment.length
    let bytes = records.reduce((sum, { start, end }) => sum + end - start, 0)
    try {
      for await (const lines of readLines(file, segment.cursor, to)) {
        for (const line of lines) {
          if (records.length >= max || bytes >= TAKE_BYTES) return true
          const { start, end } = line
          const entry = entryOfLine(line)
          segment.cursor = end
          segment.unread--
          segment.outstanding++
          if (entry === undefined) {
            this.#damaged.push({ segment, start, end })
          } else {
            records.push({ segment, start, end, entry })
            bytes += end - start
            segment.nextAt = timeOf(entry)
          }
        }
      }
    } finally {
      await file.close()
    }
    if (segment.cursor < to || (segment.length === to && segment.unread !== 0)) this.#reconcile(segment)
    return records.length >= max || bytes >= TAKE_BYTES
  }

  /** The file holds another number of lines than at the start: somebody or something changed it meanwhile. */
  #reconcile(segment: Segment): void {
    this.#log.error({ segment: segment.sequence, missing: segment.unread }, 'a spool segment was changed by others')
    segment.cursor = segment.length
    segment.unread = 0
  }

  async #copy(segment: Segment, places: Place[]): Promise<Buffer> {
    const file = await this.#io.open(segment.path, 'r')
    try {
      const copies: Buffer[] = []
      for (const { start, end } of places) {
        const line = Buffer.alloc(end - start)
        await file.read(line, 0, line.length, start)
        copies.push(line)
      }
      return Buffer.concat(copies)
    } finally {
      await file.close()
    }
  }

  #sayOnce(segment: Segment, message: string, error: unknown): void {
    if (segment.said.has(message)) return
    segment.said.add(message)
    this.#log.error({ segment: segment.sequence, code: errnoOf(error) }, message)
  }
}
