import type { CallEventRow } from '../rtc/call-event.ts'
import type { CdrRow } from '../rtc/cdr.ts'
import type { NoticeRow } from '../rtc/notice.ts'
import type { CallbackKind, Place } from '../rtc/record.ts'

/** What became of a record. `refused` is the only one that is not durable: its callback was answered 503. */
export type Outcome = Settled | 'spooled'
export type Settled = 'stored' | 'duplicate' | 'conflict' | 'quarantined' | 'refused'

/** What a record is counted under: its table, or `bodies` for a body that could not be read. */
export type CountedAs = 'call_events' | 'cdrs' | 'notices' | 'bodies'

/** Something that could not become a row, on its way to `rtc.quarantine`. */
export interface QuarantineNote {
  kind: CallbackKind | 'unknown' | 'unauthenticated'
  /** A short stable code, such as `missing_time`. */
  reason: string
  errors: Place[]
  /** Whether `body` is the record as JSON, or the callback's body as it came. */
  holds: 'record' | 'body'
  body: Buffer
  /** Bytes of the original, of which `body` may be the beginning. */
  bodySize: number
}

/** One record of a callback, or one unreadable body, checked and ready for Postgres. */
export interface Entry {
  readonly countedAs: CountedAs
  readonly kind: CallbackKind
  /** The record as parsed; undefined for a body. */
  readonly record: unknown
  /** Place in the `feeLst`; null for a status event, a notice and a body. */
  readonly index: number | null
  /** appKey of a verified X-AKSK header. */
  readonly signer: string | null
  /** When the callback came, ISO 8601. */
  readonly receivedAt: string
  /** Bytes it holds in memory, about. */
  readonly bytes: number
  /** What the record is to become: a row, or a note for the quarantine. */
  fate: { row: CallEventRow | CdrRow | NoticeRow } | { note: QuarantineNote }
}

/** An entry on its way through a lane. */
export interface Item extends Entry {
  readonly origin: Origin
  /** True once nobody waits for what Postgres says of it: its outcome is known, or it was handed back. */
  claimed: boolean
}

/** Where items come from, live callbacks or the spool: whom to tell, once, what became of each. */
export interface Origin {
  /** This one is durable in Postgres, or refused because `admits` said so. */
  settle(item: Item, outcome: Settled): void
  /**
   * Whether the quarantine has room for a note that nobody foresaw: on a conflict, or on what Postgres refused. Where
   * this is absent it has to have, for the record was acknowledged long ago.
   */
  admits?(note: QuarantineNote): boolean
  /** Postgres could not take these now. */
  turnAway(items: Item[]): void
  /**
   * This one failed alone by a mistake of ours. A group that fails so is bisected down to such records; where this is
   * absent nobody has the time for it, and they are all turned away.
   */
  failAlone?(item: Item, error: unknown): void
}
