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
 * of all fields, is asked first; only a record that does not pass is looked at field by field.
 */
export function splitter<const Fields extends readonly Field[]>(fields: Fields, whole: Validator) {
  const known = new Set<string>(fields.map(({ name }) => name))

  return (members: JsonObject): Split<Fields> => {
    const allFit = whole.Check(members)
    const row: { [column: string]: string | number | null } = {}
    const misfits: string[] = []
    for (const field of fields) {
      const value = members[field.name]
      if (isAbsent(value)) row[field.column] = null
      else if (allFit || field.validator.Check(value)) row[field.column] = convert(field.type, value as string | number)
      else {
        row[field.column] = null
        misfits.push(field.name)
      }
    }
    const left = Object.keys(members).filter((name) => !known.has(name) || misfits.includes(name))
    const extra = left.length === 0 ? null : Object.fromEntries(left.map((name) => [name, members[name]]))
    return { row: row as RowOf<Fields>, extra, misfits }
  }
}

/** A value that fits its field, as its column takes it. */
function convert(type: FieldType, value: string | number): string | number {
  if (type === 'int') return Number(value)
  return type === 'time' ? (parseTime(value as string) as string) : value
}
