import { type Column, textOf } from './copy.ts'

/**
 * The beginning of an INSERT of any number of rows given as one JSON parameter: for the few rows for which COPY is no
 * way, because something has to happen where one is there already.
 *
 * @param table whose row type tells the columns' types
 */
export function insertFromJson(table: string, columns: readonly Column[], alias = ''): string {
  const names = columns.map(({ column }) => column).join(', ')
  return `INSERT INTO ${table} ${alias} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${table}, $1::json)`
}

/** The parameter of such an INSERT. */
export function jsonRows<Row extends object>(rows: readonly Row[], columns: readonly Column[]): string {
  return JSON.stringify(
    rows.map((row) =>
      Object.fromEntries(columns.map(({ column, type }) => [column, jsonOf(row[column as keyof Row], type)])),
    ),
  )
}

function jsonOf(value: unknown, type: Column['type']): unknown {
  return value === null || value === undefined || type === 'json' || type === 'int' ? value : textOf(value, type)
}
