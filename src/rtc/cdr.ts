import { Compile } from 'typebox/compile'
import { bad, type Checked } from './checked.ts'
import { cdrColumns, FeeInfo, feeFields } from './fee-info.ts'
import { isAbsent, type RowOf, TEXT_LENGTH } from './fields.ts'
import { isJsonObject, type JsonObject } from './record.ts'
import { splitter } from './split.ts'
import { findUnstorable } from './storable.ts'
import { timeOutOfRange } from './times.ts'

export { cdrColumns }

/** A CDR as stored: absent fields are null (`icid` ''), times are canonical UTC text, `extra` holds the rest. */
export type CdrRow = Omit<RowOf<typeof feeFields>, 'session_id' | 'icid'> & {
  session_id: string
  icid: string
  cdr_time: string
  extra: JsonObject | null
}

/** The key time is the first of these that the record has, latest stage first, so a re-sent record has the same one. */
const keyTimes = [
  { name: 'callEndTime', column: 'call_end_time' },
  { name: 'failTime', column: 'fail_time' },
  { name: 'fwdAnswerTime', column: 'fwd_answer_time' },
  { name: 'fwdAlertingTime', column: 'fwd_alerting_time' },
  { name: 'fwdStartTime', column: 'fwd_start_time' },
  { name: 'callOutAnswerTime', column: 'call_out_answer_time' },
  { name: 'callOutAlertingTime', column: 'call_out_alerting_time' },
  { name: 'callOutStartTime', column: 'call_out_start_time' },
  { name: 'callInTime', column: 'call_in_time' },
] as const

const times = feeFields.filter((field) => field.type === 'time')

const split = splitter(feeFields, Compile(FeeInfo), cdrColumns, ['record_key', 'signed_by', 'received_at'])

/**
 * Turns one CDR into its row. Only sessionId, the lack of any time and what Postgres cannot hold make it bad; the
 * pages require more fields (direction, spId, appKey, ...), but a CDR without them is still worth its row. A time that is
 * not the key time and lies outside its range does not fit: it is a placeholder, and no duration reaches to it.
 *
 * @param now milliseconds since 1970, for the range of times
 */
export function checkCdr(record: unknown, now: number): Checked<CdrRow> {
  if (!isJsonObject(record)) return bad('not_an_object', '', 'must be an object')
  const unstorable = findUnstorable(record)
  if (unstorable) return unstorable

  const { row, extra, misfits } = split(record)
  if (row.session_id === null) {
    return isAbsent(record.sessionId)
      ? bad('missing_session_id', '/sessionId', 'is missing')
      : bad('malformed_session_id', '/sessionId', `must be text of 1 to ${TEXT_LENGTH} characters`)
  }
  const key = keyTimes.find(({ column }) => row[column] !== null)
  const cdrTime = key && row[key.column]
  if (!key || !cdrTime) return noKeyTime(misfits)
  if (timeOutOfRange(cdrTime, now)) {
    return bad('time_out_of_range', `/${key.name}`, 'must lie between the year 2000 and 13 months from now')
  }
  // Set one by one: to copy a row of this width costs more than all checks together.
  const cdr = row as CdrRow
  cdr.icid ??= ''
  cdr.cdr_time = cdrTime
  cdr.extra = extra
  for (const { name, column } of times) {
    const time = cdr[column]
    if (time === null || !timeOutOfRange(time, now)) continue
    cdr[column] = null
    cdr.extra = { ...cdr.extra, [name]: record[name] as string }
    misfits.push(name)
  }
  return { ok: true, row: cdr, misfits }
}

function noKeyTime(misfits: string[]): Checked<CdrRow> {
  const malformed = keyTimes.filter(({ name }) => misfits.includes(name))
  if (malformed.length === 0) return bad('missing_time', '', 'has no time at all: callEndTime or any earlier stage')
  const errors = malformed.map(({ name }) => ({
    pointer: `/${name}`,
    message: 'must be a time yyyy-MM-dd HH:mm:ss',
  }))
  return { ok: false, reason: 'malformed_time', errors }
}
