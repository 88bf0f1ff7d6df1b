import type { Validator } from 'typebox/compile'
import { type Field, type FieldType, isAbsent, type RowOf } from './fields.ts'
import type { JsonObject } from './record.ts'
import { parseTime } from './times.ts'

/** The members of a record on the columns they fit; the others, and unknown ones, as sent in `extra`. */
export interface Split<Fields extends readonly Field[]> {
  row: RowOf<Fields>
  extra: JsonObject | null
  /** Names of documented fields that did not fit. */
  misfits: string[]
}

/**
 * Makes the function that lays a record out on its columns. It runs for every record, so `whole`, the compiled schema
 * of all fields, is asked first; only a record that does not pass is looked at field by field. `columns` are those that
 * the contract fills, `others` those that whoever stores the row will add.
 */
export function splitter<const Fields extends readonly Field[]>(
  fields: Fields,
  whole: Validator,
  columns: readonly { column: string }[],
  others: readonly string[],
) {
  const known = new Map<string, Field>(fields.map((field) => [field.name, field]))
  const blank = blankRow(
    columns.map(({ column }) => column),
    others,
  )

  return (members: JsonObject): Split<Fields> => {
    const allFit = whole.Check(members)
    const row = { ...blank }
    const misfits: string[] = []
    const left: string[] = []
    for (const name of Object.keys(members)) {
      const value = members[name]
      const field = known.get(name)
      if (field && isAbsent(value)) continue
      if (field && (allFit || field.validator.Check(value))) {
        row[field.column] = convert(field.type, value as string | number)
        continue
      }
      if (field) misfits.push(name)
      left.push(name)
    }
    const extra = left.length === 0 ? null : Object.fromEntries(left.map((name) => [name, members[name]]))
    return { row: row as RowOf<Fields>, extra, misfits }
  }
}

/**
 * A row of nulls, to be copied, with a place for every column it will ever have: V8 makes a dictionary of a row that
 * grows column by column, which takes four times the memory, and a new hidden class for whatever is added to a copy,
 * which takes 2 µs a column.
 */
function blankRow(columns: readonly string[], others: readonly string[]): { [column: string]: string | number | null } {
  const blank = JSON.parse(`{${[...columns, ...others].map((column) => `"${column}":null`).join()}}`)
  for (const column of others) blank[column] = undefined
  return blank
}

/** A value that fits its field, as its column takes it. */
function convert(type: FieldType, value: string | number): string | number {
  if (type === 'int') return Number(value)
  return type === 'time' ? (parseTime(value as string) as string) : value
}
