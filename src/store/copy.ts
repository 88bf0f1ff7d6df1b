import type pg from 'pg'

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
 * @param data for each COPY in the order of the string, rows in its text format (see copy-text.ts)
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

/** Type and length of a message, which counts itself but not the type. */
const headerBytes = 5
const copyData = 'd'.charCodeAt(0)
const copyDone = 'c'.charCodeAt(0)

/** CopyData and CopyDone for each. */
function copyMessages(data: readonly string[]): Buffer {
  const lengths = data.map((text) => Buffer.byteLength(text))
  const total = lengths.reduce((sum, length) => sum + headerBytes + length + headerBytes, 0)
  const messages = Buffer.allocUnsafe(total)
  let offset = 0
  const header = (type: number, length: number) => {
    messages.writeUInt8(type, offset)
    messages.writeUInt32BE(length + headerBytes - 1, offset + 1)
    offset += headerBytes
  }
  data.forEach((text, i) => {
    header(copyData, lengths[i] as number)
    offset += messages.write(text, offset)
    header(copyDone, 0)
  })
  return messages
}
