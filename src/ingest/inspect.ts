import { checkCallEvent } from '../rtc/call-event.ts'
import { checkCdr } from '../rtc/cdr.ts'
import type { Place, RecordKind } from '../rtc/record.ts'
import type { Entry, QuarantineNote } from './item.ts'

/** A record together with what is known of the callback it came in. */
export interface Delivered {
  kind: RecordKind
  record: unknown
  /** Place in the `feeLst`; null for a status event. */
  index: number | null
  signer: string | null
  receivedAt: string
  /** Its share of the body, in bytes. */
  bytes: number
}

/** A callback whose envelope is sound, and what is known about who sent it. */
export interface Callback {
  kind: RecordKind
  records: readonly unknown[]
  /** What is unusual about the envelope, to be counted. */
  oddities: readonly string[]
  /** The body as it came. */
  body: Buffer
  /** appKey of a verified X-AKSK header. */
  signer: string | null
  receivedAt: Date
}

/** Fifty are documented and more are taken, but a body of a million commas must not cost a gigabyte of memory. */
const maxRecords = 5_000

/** What JSON.parse took but JSON.stringify cannot give back: of such a record the callback's body is kept. */
const unrepeatable: ReadonlySet<string> = new Set(['too_deep', 'non_finite_number'])

/** Reasons for which a callback's body is kept rather than a record of it. */
export const keptWhole: ReadonlySet<string> = new Set([...unrepeatable, 'too_many_records'])

/** Checks the records of a callback. Where its body is kept, one entry with it stands for all records that need it. */
export function inspectAll(callback: Callback, misfits: (fields: readonly string[]) => void): Entry[] {
  const { kind, records, body, signer } = callback
  const receivedAt = callback.receivedAt.toISOString()
  if (records.length > maxRecords) {
    const errors = [{ pointer: '/feeLst', message: `holds more than ${maxRecords} records` }]
    const note = { kind, reason: 'too_many_records', errors, holds: 'body', body, bodySize: body.length } as const
    const whole = { countedAs: 'bodies', record: undefined, index: null, bytes: body.length, fate: { note } } as const
    return [{ ...whole, kind, signer, receivedAt }]
  }
  const bytes = Math.ceil(body.length / Math.max(1, records.length))
  const entries = records.map((record, i) =>
    inspect({ kind, record, index: kind === 'fee' ? i : null, signer, receivedAt, bytes }, body, misfits),
  )
  const withBody = entries.find(holdsBody)
  return entries.filter((entry) => entry === withBody || !holdsBody(entry))
}

export function holdsBody({ fate }: Entry): boolean {
  return 'note' in fate && fate.note.holds === 'body'
}

/**
 * Checks one record by the platform's contract: the entry holds its row, or the reason why it cannot be one.
 * `body` is the callback's body as it came, where there is one; `misfits` hears the names of fields that did not fit their column.
 */
export function inspect(
  delivered: Delivered,
  body?: Buffer,
  misfits: (fields: readonly string[]) => void = () => {},
): Entry {
  const { kind, record } = delivered
  const checked = kind === 'status' ? checkCallEvent(record, Date.now()) : checkCdr(record, Date.now())
  if (checked.ok) {
    misfits(checked.misfits)
    return entryOf(delivered, { row: checked.row }, delivered.bytes)
  }
  const { reason, errors } = checked
  if (!body || !unrepeatable.has(reason)) {
    return entryOf(delivered, { note: noteOnRecord(kind, reason, errors, record) }, delivered.bytes)
  }
  const note = { kind, reason, errors, holds: 'body', body, bodySize: body.length } as const
  return entryOf(delivered, { note }, body.length)
}

// Written out: what stands after `...delivered` in a literal would cost V8 2 µs a member, for each copy anew.
function entryOf({ kind, record, index, signer, receivedAt }: Delivered, fate: Entry['fate'], bytes: number): Entry {
  const countedAs = kind === 'status' ? 'call_events' : 'cdrs'
  return { countedAs, kind, record, index, signer, receivedAt, bytes, fate }
}

/** A note that keeps the record itself. */
export function noteOnRecord(kind: RecordKind, reason: string, errors: Place[], record: unknown): QuarantineNote {
  const body = Buffer.from(JSON.stringify(record))
  return { kind, reason, errors, holds: 'record', body, bodySize: body.length }
}
