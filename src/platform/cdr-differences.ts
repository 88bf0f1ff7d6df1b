import { type CdrRow, cdrColumns, layOutCdr } from './cdr.ts'
import { canonicalText } from './digest.ts'
import { feeFields, zeroMeansNone } from './fee-info.ts'
import { isAbsent } from './fields.ts'
import type { JsonObject } from './record.ts'
import { isPlausible, parseTime } from './times.ts'

/**
 * The fields, by the platform's names and its own first, in which two CDRs of one key differ; none: they are the same record, sent again.
 *
 * Both rows are turned back into records and laid out by today's code, so that what an older version could not place
 * makes no difference. Absent, null and "" are the same, and for counters and causes 0 as well; blanks in times, placeholders
 * of times and the sign of zero do not count; who signed a record and when it came is no part of it.
 */
export function cdrDifferences(stored: CdrRow, received: CdrRow): string[] {
  if (isSameRow(stored, received)) return []
  const one = membersOf(stored)
  const other = membersOf(received)
  const names = new Set([...feeFields.map(({ name }) => name), ...one.keys(), ...other.keys()])
  return [...names].filter((name) => one.get(name) !== other.get(name))
}

/** Nearly all that comes again came out as the same row: what it means need not be asked, which costs ten times as much. */
function isSameRow(stored: CdrRow, received: CdrRow): boolean {
  return cdrColumns.every(({ column }) =>
    column === 'extra'
      ? canonicalText(stored.extra) === canonicalText(received.extra)
      : stored[column] === received[column],
  )
}

/** What a row says, field by field, in a form that is equal for equal meanings. */
function membersOf(stored: CdrRow): Map<string, string> {
  const { row } = layOutCdr(recordOf(stored))
  const members = new Map<string, string>()
  for (const { name, column } of feeFields) {
    const value = row[column]
    if (!isAbsent(value) && !(value === 0 && zeroMeansNone.has(name))) members.set(name, canonicalText(value))
  }
  for (const [name, value] of Object.entries(row.extra ?? {})) {
    if (!isAbsent(value) && !isPlaceholder(name, value)) members.set(name, canonicalText(value))
  }
  return members
}

/** The record that a row came from, by the platform's names. */
export function recordOf(row: CdrRow): JsonObject {
  const columns = feeFields
    .filter(({ column }) => !isAbsent(row[column]))
    .map(({ name, column }) => [name, row[column]])
  return { ...row.extra, ...Object.fromEntries(columns) }
}

const timeNames: ReadonlySet<string> = new Set(feeFields.filter(({ type }) => type === 'time').map(({ name }) => name))

function isPlaceholder(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || !timeNames.has(name)) return false
  const time = parseTime(value)
  return time !== undefined && !isPlausible(time)
}
