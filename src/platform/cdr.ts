import { bad, type Checked } from './checked.ts'
import { cdrColumns, feeAliases, feeFields } from './fee-info.ts'
import { isAbsent, type RowOf, TEXT_LENGTH } from './fields.ts'
import { isJsonObject, type JsonObject } from './record.ts'
import { type Split, splitter } from './split.ts'
import { findUnstorable } from './storable.ts'
import { isPlausible, isTooFarAhead, toMillis } from './times.ts'

export { cdrColumns }

/** A CDR as stored: absent fields are null (`icid` ''), times are canonical UTC text, `extra` holds the rest. */
export type CdrRow = Omit<RowOf<typeof feeFields>, 'session_id' | 'icid'> & {
  session_id: string
  icid: string
  cdr_time: string
  extra: JsonObject | null
}

/**
 * The key time is the first of these that a record has, latest stage first. No release changes the order: a record sent
 * again must meet its row (test/fixtures/key-times.json).
 */
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

/** No call lasts longer than a day (protocol.md: call duration); an hour for rings and clocks. */
const LONGEST_CALL_MS = 25 * 3_600_000

const timeFields = feeFields.filter((field) => field.type === 'time')

const split = splitter<CdrRow>(feeFields, cdrColumns, feeAliases)

/** A CDR on its columns, and the time it is filed under; undefined where it has none that can be one. */
export interface Layout extends Split<CdrRow> {
  keyTime: { name: string; time: string } | undefined
}

/**
 * Lays a CDR out on its columns. A time that is a placeholder, or that lies so far from the key time that it is no stage
 * of the same call, does not fit: durations and bills are computed from these columns. The clock has no say in it, so
 * that one record has one layout whenever it comes.
 */
export function layOutCdr(record: JsonObject): Layout {
  const { row, misfits } = split(record)
  const takeOut = ({ name, column }: (typeof timeFields)[number]) => {
    row[column] = null
    row.extra = { ...row.extra, [name]: record[name] }
    misfits.push(name)
  }
  for (const field of timeFields) {
    const time = row[field.column]
    if (time !== null && !isPlausible(time)) takeOut(field)
  }
  const key = keyTimes.find(({ column }) => row[column] !== null)
  if (!key) return { row, misfits, keyTime: undefined }
  const keyTime = row[key.column] as string
  const keyMillis = toMillis(keyTime)
  for (const field of timeFields) {
    const time = row[field.column]
    if (time !== null && Math.abs(toMillis(time) - keyMillis) > LONGEST_CALL_MS) takeOut(field)
  }
  row.cdr_time = keyTime
  row.icid ??= ''
  return { row, misfits, keyTime: { name: key.name, time: keyTime } }
}

/**
 * Turns one CDR into its row. Only sessionId, the lack of any time and what Postgres cannot hold make it bad; the
 * platform requires more fields (protocol.md: CDR callback), but a CDR without them is still worth its row.
 *
 * @param now milliseconds since 1970, for the range of the key time
 */
export function checkCdr(record: unknown, now: number): Checked<CdrRow> {
  const unstorable = findUnstorable(record)
  if (unstorable) return unstorable
  if (!isJsonObject(record)) return bad('not_an_object', '', 'must be an object')

  const { row, misfits, keyTime } = layOutCdr(record)
  if (row.session_id === null) {
    return isAbsent(record.sessionId)
      ? bad('missing_session_id', '/sessionId', 'is missing')
      : bad('malformed_session_id', '/sessionId', `must be text of 1 to ${TEXT_LENGTH} characters`)
  }
  if (!keyTime) return noKeyTime(record)
  if (isTooFarAhead(keyTime.time, now)) {
    return bad('time_out_of_range', `/${keyTime.name}`, 'must not lie more than 13 months from now')
  }
  return { ok: true, row: row as CdrRow, misfits }
}

function noKeyTime(record: JsonObject): Checked<CdrRow> {
  const sent = keyTimes.filter(({ name }) => !isAbsent(record[name]))
  if (sent.length === 0) return bad('missing_time', '', 'has no time at all: callEndTime or any earlier stage')
  const errors = sent.map(({ name }) => ({
    pointer: `/${name}`,
    message: 'must be a time yyyy-MM-dd HH:mm:ss between the years 2000 and 2099',
  }))
  return { ok: false, reason: 'malformed_time', errors }
}
