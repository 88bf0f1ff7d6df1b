import pg from 'pg'
import { checkCdr } from '../src/platform/cdr.ts'
import { cdrColumns } from '../src/platform/fee-info.ts'
import { cdr } from './callbacks.ts'
import type { Result, Task, Watch } from './load.ts'

/** Rows of one COPY, which is one commit. */
const commitRows = 500

const columns = [...cdrColumns.map(({ column }) => column), 'received_at']

/** The limit of Postgres: the same rows as the receiver stores, by COPY, with nothing else to do. */
export async function copyLoad(task: Task, watch: Watch): Promise<Result> {
  const chunks = Array.from({ length: task.most }, (_, i) => copyText(task, task.from + i))
  const clients = await Promise.all(
    Array.from({ length: task.connections }, async () => {
      const client = new pg.Client({ connectionString: task.copyTo })
      await client.connect()
      return client
    }),
  )
  const times: number[] = []
  let [sent, done] = [0, 0]
  watch.begin()
  const started = performance.now()
  const ends = started + task.seconds * 1000
  await Promise.all(
    clients.map(async (client) => {
      for (let chunk = chunks[sent]; chunk && performance.now() < ends; chunk = chunks[sent]) {
        sent++
        const began = performance.now()
        await copyRows(client, chunk)
        times.push(performance.now() - began)
        done++
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  const costs = watch.end()
  await Promise.all(clients.map((client) => client.end()))
  times.sort((a, b) => a - b)
  const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0
  const [p50, p99, p999] = [quantile(0.5), quantile(0.99), quantile(0.999)]
  return { callbacks: done, seconds, sent, failures: 0, p50, p99, p999, ...costs }
}

/** One COPY of rows in text form; resolves when it is done, which is when it is committed unless a transaction is open. */
export function copyRows(
  client: pg.ClientBase,
  rows: Buffer,
  table = 'rtc.cdrs',
  of: readonly string[] = columns,
  options = '',
): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined
    // The driver leaves COPY to whoever submits a query of his own (node-pg, "Submittable").
    const query = {
      submit: (connection: CopyConnection) => connection.query(`COPY ${table} (${of.join()}) FROM STDIN ${options}`),
      handleCopyInResponse(connection: CopyConnection) {
        connection.sendCopyFromChunk(rows)
        connection.endCopyFrom()
      },
      handleCommandComplete() {},
      handleError(error: Error) {
        failure = error
        reject(error)
      },
      handleReadyForQuery() {
        if (!failure) process.nextTick(resolve)
      },
    }
    client.query(query as unknown as pg.Submittable)
  })
}

interface CopyConnection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** Row by row what the receiver makes of the same CDRs, in the text form of COPY. */
export function copyText(task: Pick<Task, 'shape'>, index: number): Buffer {
  const receivedAt = new Date().toISOString()
  let text = ''
  for (let i = index * commitRows; i < (index + 1) * commitRows; i++) {
    const checked = checkCdr(cdr(i, task.shape.ids), Date.now())
    if (!checked.ok) throw new Error(checked.reason)
    const row: object = checked.row
    for (const { column, type } of cdrColumns) {
      const value: unknown = Reflect.get(row, column)
      text += value === null ? '\\N\t' : type === 'time' ? `${value}+00\t` : `${value}\t`
    }
    text += `${receivedAt}\n`
  }
  return Buffer.from(text)
}

export { commitRows }
