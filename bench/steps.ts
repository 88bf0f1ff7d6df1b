import { createSecretKey } from 'node:crypto'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import type { Entry } from '../src/ingest/item.ts'
import { signedHeaders } from '../src/rtc/aksk.ts'
import type { CallEventRow } from '../src/rtc/call-event.ts'
import type { CdrRow } from '../src/rtc/cdr.ts'
import { median } from './bench.ts'
import { app, cdr, publicUrl, statusBody } from './callbacks.ts'

const help = `npm run bench:steps

  What each step of a record costs Node, in µs of CPU time: of a CDR in a callback of 50, and of a status event.
  Nothing is sent and nothing stored, so it can be compared between two versions on a busy machine as well.
`

// Of the built program, as in the other benchmarks.
const built = (name: string) => new URL(`../dist/${name}.js`, import.meta.url).href
const { parseBody }: typeof import('../src/rtc/body.ts') = await import(built('rtc/body'))
const { openEnvelope }: typeof import('../src/rtc/envelope.ts') = await import(built('rtc/envelope'))
const { AkskVerifier }: typeof import('../src/rtc/aksk-verifier.ts') = await import(built('rtc/aksk-verifier'))
const { checkCallback }: typeof import('../src/ingest/check.ts') = await import(built('ingest/check'))
const { cdrTable, eventTable }: typeof import('../src/ingest/commit.ts') = await import(built('ingest/commit'))

const rounds = 40
/** Rounds until V8 has compiled what is hot. */
const warmUp = 15
const callbacks = 200
const groupRows = 500

const key = createSecretKey(Buffer.alloc(32, 7))
const secret = createSecretKey(Buffer.from(app.secret))
const url = `${publicUrl}/rtc/status`
/** Takes any statement and answers that all is new. */
const client = { query: async () => ({ rows: [] }) } as unknown as pg.ClientBase

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

async function pass(name: string, bodies: Buffer[], table: typeof cdrTable, perBody: number): Promise<void> {
  const records = bodies.length * perBody
  const opened = step(`${name}: parse`, records, () => bodies.map((body) => openEnvelope(parseBody(body))))
  const entries = step(`${name}: check, and lay out as a row`, records, () =>
    opened.flatMap(({ kind, records, oddities }, i) =>
      checkCallback(
        { kind, records, oddities, body: bodies[i] as Buffer, signer: app.key, receivedAt: new Date() },
        () => {},
      ),
    ),
  )
  const rows = step(`${name}: digest`, records, () =>
    entries.map((entry: Entry) =>
      table.complete(entry, 'row' in entry.fate ? (entry.fate.row as CallEventRow | CdrRow) : never(), key),
    ),
  )
  await step(`${name}: parameters of the INSERT`, records, () => {
    const groups = Array.from({ length: Math.ceil(rows.length / groupRows) }, (_, i) =>
      rows.slice(i * groupRows, (i + 1) * groupRows),
    )
    return Promise.all(groups.map((group) => table.insert(client, group)))
  })
}

function never(): never {
  throw new Error('a record of the load is bad')
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
