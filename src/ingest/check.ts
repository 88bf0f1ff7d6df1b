import { mostRecords } from '../platform/body.ts'
import { checkCallEvent } from '../platform/call-event.ts'
import { checkCdr } from '../platform/cdr.ts'
import { canonicalText } from '../platform/digest.ts'
import { checkNotice } from '../platform/notice.ts'
import type { CallbackKind, Place } from '../platform/record.ts'
import type { CountedAs, Entry, QuarantineNote, Via } from './entry.ts'

/** A record together with what is known of the callback it came in. */
export interface Delivered {
  via: Via
  kind: CallbackKind
  record: unknown
  /** Place in the `feeLst`; null for a status event or a notice. */
  index: number | null
  signer: string | null
  receivedAt: string
  /** Its share of the body, in bytes. */
  bytes: number
}

/** A callback whose envelope is sound, and what is known about who sent it. */
export interface Callback {
  kind: CallbackKind
  records: readonly unknown[]
  /** What is unusual about the envelope, to be counted. */
  oddities: readonly string[]
  /** The body as it came. */
  body: Buffer
  /** appKey of a verified X-AKSK header. */
  signer: string | null
  receivedAt: Date
}

/**
 * Bad records of one callback that get an entry in quarantine each: as many as a documented callback may hold. Beyond,
 * the callback's body is one entry, for a body of a megabyte can hold half a million bad records.
 */
const maxBadRecords = 50
/** Places that such an entry names. */
const namedPlaces = 20

/** What JSON.parse took but JSON.stringify cannot give back: of such a record the callback's body is kept. */
const unrepeatable: ReadonlySet<string> = new Set(['too_deep', 'non_finite_number'])

/** Reasons for which a callback's body is kept rather than a record of it. */
export const keptWhole: ReadonlySet<string> = new Set([...unrepeatable, 'too_many_records', 'too_many_bad_records'])

/** Checks the records of a callback. Where its body is kept, one entry with it stands for all records that need it. */
export function checkCallback(callback: Callback, misfits: (fields: readonly string[]) => void = () => {}): Entry[] {
  const { kind, records, body, signer } = callback
  if (records.length > mostRecords) {
    return [
      wholeEntry(callback, 'too_many_records', [
        { pointer: '/feeLst', message: `holds more than ${mostRecords} records` },
      ]),
    ]
  }
  const receivedAt = callback.receivedAt.toISOString()
  const bytes = Math.ceil(body.length / Math.max(1, records.length))
  const entries = records.map((record, i) =>
    check({ via: 'live', kind, record, index: kind === 'fee' ? i : null, signer, receivedAt, bytes }, body, misfits),
  )
  if (entries.every(({ content }) => 'row' in content)) return entries
  if (entries.filter(holdsRecord).length > maxBadRecords) {
    const whole = wholeEntry(callback, 'too_many_bad_records', placesOf(entries))
    return [...entries.filter(({ content }) => 'row' in content), whole]
  }
  const withBody = entries.find(holdsBody)
  return entries.filter((entry) => entry === withBody || !holdsBody(entry))
}

/** How many records are bad, and what is wrong with the first, by their places in the body. */
function placesOf(entries: readonly Entry[]): Place[] {
  const bad = entries.filter(({ content }) => 'note' in content)
  const first = bad
    .slice(0, namedPlaces)
    .flatMap(({ index, content }) =>
      'note' in content
        ? content.note.errors.map(({ pointer, message }) => ({ pointer: `/feeLst/${index}${pointer}`, message }))
        : [],
    )
  return [{ pointer: '/feeLst', message: `holds ${bad.length} bad records` }, ...first]
}

function wholeEntry({ kind, body, signer, receivedAt }: Callback, reason: string, errors: Place[]): Entry {
  const note = { kind, reason, errors, holds: 'body', body, bodySize: body.length } as const
  const bytes = body.length
  return {
    via: 'live',
    countedAs: 'bodies',
    kind,
    record: undefined,
    index: null,
    signer,
    receivedAt: receivedAt.toISOString(),
    bytes,
    content: { note },
  }
}

function holdsRecord({ content }: Entry): boolean {
  return 'note' in content && content.note.holds === 'record'
}

export function holdsBody({ content }: Entry): boolean {
  return 'note' in content && content.note.holds === 'body'
}

const tables: Record<CallbackKind, CountedAs> = { status: 'call_events', fee: 'cdrs', notice: 'notices' }

/**
 * Checks one record by the platform's contract: the entry holds its row, or the reason why it cannot be one.
 * `body` is the callback's body as it came, where there is one; `misfits` is called with the names of fields that did not fit their column.
 */
export function check(
  delivered: Delivered,
  body?: Buffer,
  misfits: (fields: readonly string[]) => void = () => {},
): Entry {
  const { via, kind, record, index, signer, receivedAt, bytes } = delivered
  const checked = checkRecord(kind, record)
  const countedAs = tables[kind]
  if (checked.ok) {
    if (checked.misfits.length > 0) misfits(checked.misfits)
    return { via, countedAs, kind, record, index, signer, receivedAt, bytes, content: { row: checked.row } }
  }
  const note = noteOnRecord(kind, checked.reason, checked.errors, record, body)
  return { ...delivered, countedAs, bytes: Math.max(bytes, note.body.length), content: { note } }
}

function checkRecord(kind: CallbackKind, record: unknown) {
  if (kind === 'notice') return checkNotice(record)
  return kind === 'status' ? checkCallEvent(record, Date.now()) : checkCdr(record, Date.now())
}

/**
 * A note that keeps the record itself; the callback's body, if there is one, where the record cannot be written again.
 * It never throws, whatever the record.
 */
export function noteOnRecord(
  kind: CallbackKind,
  reason: string,
  errors: Place[],
  record: unknown,
  body?: Buffer,
): QuarantineNote {
  const text = body && unrepeatable.has(reason) ? undefined : jsonOf(record)
  if (text === undefined && body) return { kind, reason, errors, holds: 'body', body, bodySize: body.length }
  const kept = Buffer.from(text ?? canonicalText(record))
  return { kind, reason, errors, holds: 'record', body: kept, bodySize: kept.length }
}

/** Undefined for what is nested so deep that JSON.stringify, which recurses, gives up. */
function jsonOf(record: unknown): string | undefined {
  try {
    return JSON.stringify(record)
  } catch {
    return undefined
  }
}
