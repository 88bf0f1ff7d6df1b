import type { CallEventRow } from '../platform/call-event.ts'
import type { CdrRow } from '../platform/cdr.ts'
import type { NoticeRow } from '../platform/notice.ts'
import type { CallbackKind, Place } from '../platform/record.ts'

/** What became of a record. `refused` is the only one that is not durable: its callback was answered 503. */
export type Outcome = 'stored' | 'duplicate' | 'conflict' | 'quarantined' | 'refused' | 'spooled'

/** How a record comes to Postgres: straight from its callback, or, acknowledged long ago, from the spool or the quarantine. */
export type Via = 'live' | 'spool'

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
  /** Of a conflict: names of the fields in which it differs from the stored record. */
  differing?: string[]
}

/** One record of a callback, or one unreadable body, checked and ready for Postgres. */
export interface Entry {
  readonly via: Via
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
  readonly content: { row: CallEventRow | CdrRow | NoticeRow } | { note: QuarantineNote }
}
