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
 * Makes the function that lays a record out on its columns.
 *
 * @param aliases other names of fields; what has one counts only where the field itself is absent
 */
export function splitter<const Fields extends readonly Field[]>(
  fields: Fields,
  aliases: ReadonlyMap<string, string> = new Map(),
) {
  const known = new Map<string, Field>(fields.map((field) => [field.name, field]))
  const fieldOf = (name: string, members: JsonObject) => {
    const alias = aliases.get(name)
    if (alias === undefined) return known.get(name)
    return isAbsent(members[alias]) ? known.get(alias) : undefined
  }
  const blank = Object.fromEntries(fields.map(({ column }) => [column, null]))

  return (members: JsonObject): Split<Fields> => {
    const row: { [column: string]: string | number | null } = { ...blank }
    const left: [string, unknown][] = []
    const misfits: string[] = []
    for (const [name, value] of Object.entries(members)) {
      const field = fieldOf(name, members)
      if (field && isAbsent(value)) continue
      if (field?.validator.Check(value)) {
        row[field.column] = convert(field.type, value as string | number | boolean)
        continue
      }
      if (field) misfits.push(name)
      left.push([name, value])
    }
    // fromEntries makes a member of `__proto__` too, where an assignment would reach the prototype.
    return { row: row as RowOf<Fields>, extra: left.length === 0 ? null : Object.fromEntries(left), misfits }
  }
}

/** A value that fits its field, as its column takes it. */
function convert(type: FieldType, value: string | number | boolean): string | number {
  // Adding 0 makes −0 what Postgres makes of it.
  if (type === 'int') return Number(value) + 0
  return type === 'time' ? (parseTime(String(value)) as string) : String(value)
}
