import { bad, type Checked } from './checked.ts'
import { isAbsent, isText, type RowOf, TEXT_LENGTH } from './fields.ts'
import { isJsonObject, type JsonObject } from './record.ts'
import { splitter } from './split.ts'
import { callEventColumns, statusFields, statusInfoByEvent } from './status-info.ts'
import { findUnstorable } from './storable.ts'
import { isPlausible, isTooFarAhead } from './times.ts'

export { callEventColumns }

/** A call event as stored: absent fields are null, times are canonical UTC text, `extra` holds what has no column. */
export type CallEventRow = Omit<RowOf<typeof statusFields>, 'session_id' | 'occurred_at'> & {
  session_id: string
  event_type: string
  occurred_at: string
  extra: JsonObject | null
}

const split = splitter<CallEventRow>(statusFields, callEventColumns)

/**
 * Turns a status record `{ eventType, statusInfo }` into its row. Only sessionId, timestamp and an eventType beyond
 * all measure make it bad, and what Postgres cannot hold.
 *
 * @param now milliseconds since 1970, for the range of the key time
 */
export function checkCallEvent(record: unknown, now: number): Checked<CallEventRow> {
  const unstorable = findUnstorable(record)
  if (unstorable) return unstorable
  if (!isJsonObject(record)) return bad('not_an_object', '', 'must be an object')
  const { eventType, statusInfo } = record
  if (!isJsonObject(statusInfo)) return bad('not_an_object', '/statusInfo', 'must be an object')
  if (!isText(eventType)) {
    return bad('malformed_event_type', '/eventType', `must be text of 1 to ${TEXT_LENGTH} characters`)
  }

  const { row, misfits } = split(statusInfo)
  if (row.session_id === null) {
    return isAbsent(statusInfo.sessionId)
      ? bad('missing_session_id', '/statusInfo/sessionId', 'is missing')
      : bad('malformed_session_id', '/statusInfo/sessionId', `must be text of 1 to ${TEXT_LENGTH} characters`)
  }
  if (row.occurred_at === null) {
    return isAbsent(statusInfo.timestamp)
      ? bad('missing_time', '/statusInfo/timestamp', 'is missing')
      : bad('malformed_time', '/statusInfo/timestamp', 'must be a time yyyy-MM-dd HH:mm:ss')
  }
  if (!isPlausible(row.occurred_at) || isTooFarAhead(row.occurred_at, now)) {
    return bad('time_out_of_range', '/statusInfo/timestamp', 'must lie between the year 2000 and 13 months from now')
  }
  row.event_type = documentedEventType(eventType)
  row.extra = withEnvelope(row.extra, record)
  return { ok: true, row: row as CallEventRow, misfits }
}

/** What stands beside eventType and statusInfo is kept too, under its pointer so that it meets no field's name. */
function withEnvelope(extra: JsonObject | null, record: JsonObject): JsonObject | null {
  const names = Object.keys(record).filter((name) => name !== 'eventType' && name !== 'statusInfo')
  if (names.length === 0) return extra
  return { ...Object.fromEntries(names.map((name) => [`/${name}`, record[name]])), ...extra }
}

const spellings = new Map(Object.keys(statusInfoByEvent).map((name) => [name.toLowerCase(), name]))

/** The documented spelling of an event type in any case (protocol.md: envelope); others as sent. */
export function documentedEventType(eventType: string): string {
  return spellings.get(eventType.toLowerCase()) ?? eventType
}
