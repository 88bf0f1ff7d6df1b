import { sourceOf } from '../lib/addresses.ts'
import { entryOverhead, type QuarantineSize } from '../store/quarantine.ts'
import type { QuarantineNote } from './entry.ts'

/** Bodies answered 4xx: as much as is kept of one, and as many as are kept an hour, from one source and from all. */
export const unreadLimits = { bodyBytes: 64 * 1024, perSourceHour: 60, perHour: 600 }

/**
 * Files may be as many times as large as their entries. They grow beyond these when rows change faster than Postgres
 * cleans up after them, and they do not shrink when entries go.
 */
const diskFactor = 2

/** Bytes that a note will take in rtc.quarantine, about. */
function costOf(note: QuarantineNote): number {
  return note.body.length + entryOverhead
}

/**
 * Keeps `rtc.quarantine` within its bytes. Bodies that are refused anyway may fill half of it and so many an hour, so
 * that rubbish fills no disk; the other half is for records of callbacks that are to be answered 200. When it cannot be
 * measured it counts as full for what is refused anyway. (Before Postgres is reached for the first time all of it goes to
 * the spool, which has bounds of its own.)
 */
export class QuarantineBudget {
  readonly #maxBytes: number
  #isUnknown = false
  #usedBytes = 0
  #diskBytes = 0
  #underwayBytes = 0
  #hour = 0
  #unread = 0
  readonly #bySource = new Map<string, number>()
  /** Bodies not kept because a limit was reached. */
  dropped = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** More than what rubbish may fill: whatever can go should. */
  get isTight(): boolean {
    return this.#usedBytes > this.#maxBytes / 2
  }

  /** These admitted notes are on their way, until the delivery is over. */
  underway(notes: readonly QuarantineNote[], delivery: Promise<void>): void {
    const bytes = notes.reduce((sum, note) => sum + costOf(note), 0)
    this.#underwayBytes += bytes
    const over = () => {
      this.#underwayBytes -= bytes
    }
    delivery.then(over, over)
  }

  /**
   * What the table really takes, asked now and then: replays and retention make room, repeated bodies take none. What
   * is on its way comes on top; while the spool holds more of it, the count only goes up.
   */
  measured({ bytes, diskBytes }: QuarantineSize, spoolIsEmpty: boolean): void {
    const atLeast = bytes + this.#underwayBytes
    this.#usedBytes = spoolIsEmpty ? atLeast : Math.max(atLeast, this.#usedBytes)
    this.#diskBytes = diskBytes
    this.#isUnknown = false
  }

  /** It could not be measured. */
  unmeasured(): void {
    this.#isUnknown = true
  }

  /** Whether there is room for a record of a callback that is to be answered 200. */
  admitRecord(note: QuarantineNote): boolean {
    return this.#take(costOf(note), this.#maxBytes)
  }

  /** The note to keep of a body that is answered 4xx, cut to size; undefined when a limit is reached. */
  admitUnread(note: QuarantineNote, address: string, now = Date.now()): QuarantineNote | undefined {
    const hour = Math.floor(now / 3_600_000)
    if (hour !== this.#hour) {
      this.#hour = hour
      this.#unread = 0
      this.#bySource.clear()
    }
    const source = sourceOf(address)
    const seen = this.#bySource.get(source) ?? 0
    const cut = { ...note, body: note.body.subarray(0, unreadLimits.bodyBytes) }
    // Who knows the path token is the platform, with a secret mixed up: that must not cost a callback.
    const isCounted = note.kind !== 'unauthenticated'
    const isTooMany = isCounted && (seen >= unreadLimits.perSourceHour || this.#unread >= unreadLimits.perHour)
    const admitted = !this.#isUnknown && !isTooMany && this.#take(costOf(cut), this.#maxBytes / 2)
    if (!admitted) {
      this.dropped++
      return undefined
    }
    if (isCounted) {
      this.#unread++
      this.#bySource.set(source, seen + 1)
    }
    return cut
  }

  #take(bytes: number, limit: number): boolean {
    if (this.#usedBytes + bytes > limit || this.#diskBytes > diskFactor * limit) return false
    this.#usedBytes += bytes
    return true
  }
}
