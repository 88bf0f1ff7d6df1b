import { createSecretKey } from 'node:crypto'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import type { FactTable } from '../src/ingest/facts.ts'
import { signedHeaders } from '../src/platform/aksk.ts'
import { median } from './bench.ts'
import { app, cdr, publicUrl, statusBody } from './callbacks.ts'

const help = `npm run bench:steps

  What each step of a record costs Node, in µs of CPU time: of a CDR in a callback of 50, and of a status event.
  Nothing is sent and nothing stored, so it can be compared between two versions on a busy machine as well.
`

// Of the built program, as in the other benchmarks.
const built = (name: string) => new URL(`../dist/${name}.js`, import.meta.url).href
const { openEnvelope, parseBody }: typeof import('../src/platform/body.ts') = await import(built('platform/body'))
const { AkskVerifier }: typeof import('../src/platform/aksk-verifier.ts') = await import(
  built('platform/aksk-verifier')
)
const { checkCallback }: typeof import('../src/ingest/check.ts') = await import(built('ingest/check'))
const { cdrTable, eventTable }: typeof import('../src/ingest/facts.ts') = await import(built('ingest/facts'))

const rounds = 40
/** Rounds until V8 has compiled what is hot. */
const warmUp = 15
const callbacks = 200
const groupRows = 500

const key = createSecretKey(Buffer.alloc(32, 7))
const secret = createSecretKey(Buffer.from(app.secret))
const url = `${publicUrl}/rtc/status`
/** Makes what would be sent of any query, and says that it is done. */
const client = {
  getTransactionStatus: () => 'I',
  query(query: pg.Submittable & { callback(): void }) {
    query.submit({ query() {}, stream: { cork() {}, write() {}, uncork() {} } } as unknown as pg.Connection)
    query.callback()
  },
} as unknown as pg.ClientBase

const fees = Array.from({ length: callbacks }, (_, i) => {
  const feeLst = Array.from({ length: 50 }, (_, j) => cdr(i * 50 + j, 'platform'))
  return Buffer.from(JSON.stringify({ eventType: 'fee', feeLst }))
})
const statuses = Array.from({ length: callbacks * 10 }, (_, i) => Buffer.from(statusBody(i, 'platform')))
const headers = statuses.map(() => signedHeaders({ appKey: app.key, secret, url }))
const verifier = new AkskVerifier([{ appKey: app.key, secret }], { status: [url], fee: [`${publicUrl}/rtc/fee`] })

const steps = new Map<string, number[]>()

function step<T>(name: string, records: number, work: () => T): T {
  const before = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(before)
  const times = steps.get(name) ?? []
  times.push((user + system) / records)
  steps.set(name, times)
  return result
}

async function pass<Row extends { session_id: string }>(
  name: string,
  bodies: Buffer[],
  table: FactTable<Row>,
  perBody: number,
): Promise<void> {
  const records = bodies.length * perBody
  const opened = step(`${name}: parse`, records, () => bodies.map((body) => openEnvelope(parseBody(body))))
  const entries = step(`${name}: check, and lay out as a row`, records, () =>
    opened.flatMap(({ kind, records, oddities }, i) =>
      checkCallback({
        kind,
        records,
        oddities,
        body: bodies[i] as Buffer,
        signer: app.key,
        receivedAt: new Date(),
      }),
    ),
  )
  const rows = step(`${name}: row as stored, and its key`, records, () =>
    entries.map((entry) => {
      const row = table.row(entry, key)
      table.key(row)
      return row
    }),
  )
  await step(`${name}: text of the COPY`, records, () => {
    const groups = Array.from({ length: Math.ceil(rows.length / groupRows) }, (_, i) =>
      rows.slice(i * groupRows, (i + 1) * groupRows),
    )
    return Promise.all(groups.map((group) => table.copy(client, group, null)))
  })
}

const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } })
if (values.help) process.stdout.write(help)
else {
  for (let round = 0; round < rounds; round++) {
    await pass('CDR', fees, cdrTable, 50)
    step('callback: X-AKSK', headers.length, () => headers.map((header) => verifier.verify(header, 'status')))
    await pass('event', statuses, eventTable, 1)
  }
  for (const [name, times] of steps) {
    const sorted = times.slice(warmUp).toSorted((a, b) => a - b)
    process.stdout.write(`${name.padEnd(36)} ${median(sorted).toFixed(1)} µs (least ${sorted[0]?.toFixed(1)})\n`)
  }
}
