import type pg from 'pg'

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

/**
 * Sends a query string that holds `COPY … FROM STDIN` once or more, with the data of all of them, in one write.
 *
 * Postgres runs a string of several statements as one transaction, unless one is open already: so two COPYs and what is
 * to be checked after them cost one round trip, all or nothing. That is why this is not pg-copy-streams, which serves
 * one COPY a query, waits for the server before it sends, and so takes five round trips for the same (BEGIN, twice COPY,
 * the check, COMMIT). After an error the server skips the data that still comes, by its protocol.
 *
 * Rejects with what Postgres, the driver or its `query_timeout` threw; unless a transaction was open nothing is to be
 * rolled back then.
 *
 * @param data for each COPY in the order of the string, rows in its text format
 */
export function copyIn(client: pg.ClientBase, text: string, data: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(text, data, (error) => (error ? reject(error) : resolve())))
  })
}

/** What the driver calls of a query. It puts a function of its own around `callback`, which stops its timeout. */
class CopyIn implements pg.Submittable {
  callback: (error?: Error | null) => void
  readonly #text: string
  readonly #data: readonly string[]

  constructor(text: string, data: readonly string[], callback: (error?: Error | null) => void) {
    this.#text = text
    this.#data = data
    this.callback = callback
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection
    stream.cork()
    connection.query(this.#text)
    stream.write(copyMessages(this.#data))
    stream.uncork()
  }

  handleError(error: Error): void {
    this.callback(error)
  }

  handleReadyForQuery(): void {
    this.callback()
  }

  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
}

/** CopyData and CopyDone for each: a letter, the length with itself, and what there is. */
function copyMessages(data: readonly string[]): Buffer {
  return Buffer.concat(
    data.flatMap((text) => {
      const rows = Buffer.from(text)
      const copyData = Buffer.from('d\0\0\0\0')
      copyData.writeInt32BE(4 + rows.length, 1)
      return [copyData, rows, copyDone]
    }),
  )
}

const copyDone = Buffer.from('c\0\0\0\x04')
