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

/** What JSON.parse took but JSON.stringify cannot give back: of such a record the callback's body is kept. */
export const unrepeatable: ReadonlySet<string> = new Set(['too_deep', 'non_finite_number'])

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
  const countedAs = kind === 'status' ? 'call_events' : 'cdrs'
  if (checked.ok) {
    misfits(checked.misfits)
    return { ...delivered, countedAs, fate: { row: checked.row } }
  }
  const { reason, errors } = checked
  const note =
    body && unrepeatable.has(reason)
      ? ({ kind, reason, errors, holds: 'body', body, bodySize: body.length } as const)
      : noteOnRecord(kind, reason, errors, record)
  return { ...delivered, countedAs, fate: { note } }
}

/** A note that keeps the record itself. */
export function noteOnRecord(kind: RecordKind, reason: string, errors: Place[], record: unknown): QuarantineNote {
  const body = Buffer.from(JSON.stringify(record))
  return { kind, reason, errors, holds: 'record', body, bodySize: body.length }
}
