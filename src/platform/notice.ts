import { bad, type Checked } from './checked.ts'
import { isText, TEXT_LENGTH } from './fields.ts'
import { isJsonObject, type JsonObject } from './record.ts'
import { findUnstorable } from './storable.ts'

/** A notice as stored: `body` is the whole callback as parsed. */
export interface NoticeRow {
  event_type: string
  body: JsonObject
}

/** Checks what has an eventType and is neither a status event nor a CDR callback. It has no id and no time of its own. */
export function checkNotice(record: unknown): Checked<NoticeRow> {
  const unstorable = findUnstorable(record)
  if (unstorable) return unstorable
  if (!isJsonObject(record)) return bad('not_an_object', '', 'must be an object')
  const { eventType } = record
  if (!isText(eventType)) {
    return bad('malformed_event_type', '/eventType', `must be text of 1 to ${TEXT_LENGTH} characters`)
  }
  return { ok: true, row: { event_type: eventType, body: record }, misfits: [] }
}
