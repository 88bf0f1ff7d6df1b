import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { callEventColumns, checkCallEvent } from '../src/platform/call-event.ts'
import { cdrColumns, checkCdr } from '../src/platform/cdr.ts'
import { copyCdrs } from '../src/store/cdrs.ts'
import { planDistribution, readCitusVersion } from '../src/store/citus.ts'
import { type Column, textOf } from '../src/store/copy.ts'
import { copyEvents } from '../src/store/events.ts'
import { Partitions } from '../src/store/partitions.ts'
import { createPool, withClient } from '../src/store/pool.ts'
import { median } from './bench.ts'
import { cdr, statusBody } from './callbacks.ts'
import { familyCpuSeconds } from './proc.ts'

const help = `npm run bench:citus -- --plain URL --citus URL [options]

Stores groups of records as the receiver does, in turn on one Postgres and on a cluster, two groups in flight. Both
databases are migrated and may be on one server; all servers have to run on this machine, for their CPU time. Then the
cluster alone stores few records at a time, by COPY and by one INSERT, in turn: is there a border below which INSERT wins?

  --rounds N    rounds of each (3)
  --seconds N   seconds of load in a round (4)
`

const { values } = parseArgs({
  options: {
    plain: { type: 'string' },
    citus: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help || !values.plain || !values.citus) {
  process.stdout.write(help)
  process.exit(values.help ? 0 : 2)
}

const inFlight = 2
const receipt = { signed_by: null, received_at: new Date().toISOString() }
let next = 0

type Kind = 'CDRs' | 'status events'
type Row = ReturnType<typeof records>[number]

/** So many new records of a kind, each of a session of its own, in the order in which a group is stored. */
function records(kind: Kind, count: number) {
  const rows = Array.from({ length: count }, () => {
    const i = next++
    const checked =
      kind === 'CDRs'
        ? checkCdr(cdr(i, 'platform'), Date.now())
        : checkCallEvent(JSON.parse(statusBody(i, 'platform')), Date.now())
    if (!checked.ok) throw new Error(checked.reason)
    const event_key = createHash('md5').update(String(i)).digest('hex')
    return { ...checked.row, ...receipt, ...(kind === 'CDRs' ? {} : { event_key }) }
  })
  return rows.sort((a, b) => (a.session_id < b.session_id ? -1 : 1))
}

function copy(client: pg.ClientBase, kind: Kind, rows: Row[]): Promise<void> {
  return kind === 'CDRs'
    ? copyCdrs(client, rows as Parameters<typeof copyCdrs>[1], null)
    : copyEvents(client, rows as Parameters<typeof copyEvents>[1], null)
}

const added: Column[] = [
  { column: 'signed_by', type: 'text' },
  { column: 'received_at', type: 'instant' },
]
const tables: Record<Kind, { name: string; time: string; columns: readonly Column[] }> = {
  CDRs: { name: 'rtc.cdrs', time: 'cdr_time', columns: [...cdrColumns, ...added] },
  'status events': {
    name: 'rtc.call_events',
    time: 'occurred_at',
    columns: [...callEventColumns, { column: 'event_key', type: 'key' }, ...added],
  },
}

/** The same as `copy` does, by one INSERT a table. */
async function insert(client: pg.ClientBase, kind: Kind, rows: Row[]): Promise<void> {
  const { name, time, columns } = tables[kind]
  const unfolded: Column[] = [
    { column: 'session_id', type: 'text' },
    { column: time, type: 'time' },
    { column: 'event_key', type: 'key' },
    { column: 'icid', type: 'text' },
  ]
  await client.query(
    `SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    INSERT INTO ${name} (${columns.map(({ column }) => column).join()}) VALUES ${literals(rows, columns)};
    INSERT INTO rtc.unfolded (session_id, fact_time, event_key, icid) VALUES ${literals(rows, unfolded)};
    SELECT rtc.refuse_erased(NULL)`,
  )
}

function literals(rows: readonly Row[], columns: readonly Column[]): string {
  const literal = (value: unknown, type: Column['type']) =>
    value === null || value === undefined ? 'NULL' : pg.escapeLiteral(textOf(value, type))
  return rows
    .map((row) => `(${columns.map(({ column, type }) => literal(row[column as keyof Row], type)).join()})`)
    .join()
}

interface Server {
  name: string
  pool: pg.Pool
  postmasters: number[]
}

async function connect(name: string, databaseUrl: string): Promise<Server> {
  const pool = createPool({ databaseUrl, size: inFlight, statementTimeoutMs: 30_000, onError: () => {} })
  const postmasters = [await postmasterOf(pool)]
  if (await readCitusVersion(pool)) {
    const { steps } = await planDistribution(pool)
    if (steps.length > 0) throw new Error(`${name}: run rtc-receiver distribute first`)
    const { rows } = await pool.query<{ nodename: string; nodeport: number }>(
      'SELECT nodename, nodeport FROM pg_dist_node WHERE shouldhaveshards',
    )
    for (const { nodename, nodeport } of rows) {
      const address = new URL(databaseUrl)
      Object.assign(address, { hostname: nodename, port: String(nodeport) })
      const node = createPool({ databaseUrl: address.href, size: 1, statementTimeoutMs: 30_000, onError: () => {} })
      postmasters.push(await postmasterOf(node))
      await node.end()
    }
  }
  return { name, pool, postmasters }
}

async function postmasterOf(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return Number(/\) \S+ (\d+)/.exec(readFileSync(`/proc/${rows[0]?.pid}/stat`, 'latin1'))?.[1])
}

async function round({ pool, postmasters }: Server, kind: Kind, group: number, store = copy) {
  const times: number[] = []
  const cpu = () => postmasters.reduce((sum, pid) => sum + familyCpuSeconds(pid), 0)
  const before = cpu()
  const began = performance.now()
  const ends = began + Number(values.seconds) * 1000
  await Promise.all(
    Array.from({ length: inFlight }, () =>
      withClient(pool, async (client) => {
        while (performance.now() < ends) {
          const rows = records(kind, group)
          const asked = performance.now()
          await store(client, kind, rows)
          times.push(performance.now() - asked)
        }
      }),
    ),
  )
  const stored = times.length * group
  const seconds = (performance.now() - began) / 1000
  times.sort((a, b) => a - b)
  const quantile = (q: number) => times[Math.floor(times.length * q)] ?? 0
  return { rate: stored / seconds, cpu: ((cpu() - before) / stored) * 1e6, p50: quantile(0.5), p99: quantile(0.99) }
}

const servers = [await connect('Postgres', values.plain), await connect('Citus', values.citus)]
for (const { pool } of servers)
  for (const table of ['cdrs', 'call_events'] as const)
    await new Partitions().ensure(
      pool,
      table,
      [0, 1, 2].map((n) => new Date(Date.now() + n * 30 * 86_400_000).toISOString().slice(0, 10)),
    )

type Result = Awaited<ReturnType<typeof round>>
interface Contender {
  name: string
  server: Server
  store: typeof copy
}

/** Rounds of all of them in turn, and the middle of each. */
async function compare(contenders: readonly Contender[], kinds: readonly Kind[], groups: readonly number[]) {
  const [first] = contenders
  process.stdout.write(
    `\n| records | group | | records/s | ÷ ${first?.name} | CPU of Postgres, µs | p50, ms | p99, ms |\n`,
  )
  process.stdout.write('|---|--:|---|--:|--:|--:|--:|--:|\n')
  for (const kind of kinds)
    for (const group of groups) {
      const results = contenders.map((): Result[] => [])
      for (let i = -1; i < Number(values.rounds); i++)
        for (const [n, { server, store }] of contenders.entries()) {
          const result = await round(server, kind, group, store)
          if (i >= 0) results[n]?.push(result) // The first is to warm up.
        }
      const middles = results.map((rounds) => {
        const middle = (name: keyof Result) => median(rounds.map((result) => result[name]))
        return { rate: middle('rate'), cpu: middle('cpu'), p50: middle('p50'), p99: middle('p99') }
      })
      for (const [n, { rate, cpu, p50, p99 }] of middles.entries()) {
        const share = n === 0 ? '' : (rate / (middles[0]?.rate ?? rate)).toFixed(2)
        process.stdout.write(
          `| ${n === 0 ? kind : ''} | ${n === 0 ? group : ''} | ${contenders[n]?.name} | ${Math.round(rate)} | ${share} | ${Math.round(cpu)} | ${p50.toFixed(1)} | ${p99.toFixed(1)} |\n`,
        )
      }
    }
}

const [plain, citus] = servers as [Server, Server]
const kinds = ['CDRs', 'status events'] as const
await compare(
  servers.map((server) => ({ name: server.name, server, store: copy })),
  kinds,
  [1, 50, 500],
)
await compare(
  [
    { name: 'COPY', server: citus, store: copy },
    { name: 'INSERT', server: citus, store: insert },
  ],
  kinds,
  [1, 2, 5, 10],
)
await Promise.all([plain, citus].map(({ pool }) => pool.end()))
