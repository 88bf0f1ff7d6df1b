/** How a value of a row goes to Postgres. */
export type ColumnType =
  | 'text'
  | 'int'
  /** Canonical UTC text `yyyy-MM-dd HH:mm:ss`. */
  | 'time'
  /** ISO 8601 text with its zone. */
  | 'instant'
  /** Any JSON value. */
  | 'json'
  /** A 128-bit digest, 32 hex digits. */
  | 'key'
  | 'bytes'

export interface Column {
  column: string
  type: ColumnType
}

/** Rows in the text format of COPY, values in the order of the columns. */
export function copyText<Row extends object>(rows: readonly Row[], columns: readonly Column[]): string {
  let text = ''
  for (const row of rows) {
    let separator = ''
    for (const { column, type } of columns) {
      const value: unknown = row[column as keyof Row]
      text += separator + (value === null || value === undefined ? '\\N' : copied(value, type))
      separator = '\t'
    }
    text += '\n'
  }
  return text
}

/** Digits and times hold nothing that COPY would read otherwise. */
const plain: ReadonlySet<ColumnType> = new Set(['int', 'time', 'instant', 'key'])

function copied(value: unknown, type: ColumnType): string {
  const text = textOf(value, type)
  return plain.has(type) ? text : quote(text)
}

/** What a value that is not null is written as, before COPY's own quoting. */
export function textOf(value: unknown, type: ColumnType): string {
  switch (type) {
    case 'time':
      // The zone is written out, so that the zone of the session does not matter.
      return `${value}+00`
    case 'json':
      return JSON.stringify(value)
    case 'bytes':
      return `\\x${(value as Buffer).toString('hex')}`
    default:
      return String(value)
  }
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** Only these four mean something to COPY in a value: the end of a column, of a row, and its own escapes. */
function quote(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => escapes[character] as string) : text
}
