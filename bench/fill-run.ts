import { parseArgs } from 'node:util'
import type pg from 'pg'
import { FoldRunner } from '../src/maintenance/fold-runner.ts'
import { FoldTables } from '../src/maintenance/fold-tables.ts'
import { migrate } from '../src/store/migrate.ts'
import { Partitions } from '../src/store/partitions.ts'
import { tidyStatistics } from '../src/store/statistics.ts'
import { markNextSlice } from '../src/store/unfolded.ts'
import { withClient } from './cluster.ts'
import { copyRows } from './copy.ts'
import { apps, cdrColumns, eventColumns, firstSecond, type History, pieces } from './history.ts'
import { multiply } from './multiply.ts'
import { databaseHelp, databaseOptions, withDatabase } from './ops-database.ts'
import { cpuSeconds } from './proc.ts'

const help = `npm run bench:fill -- [options]

Fills a database with invented calls of the last days, as the platform reports them, to try queries on: facts, copied a
month at a time and indexed afterwards, then their calls, computed by the fold as a receiver does it. A second run goes on
where the first stopped. 10 million calls with 40 million events need 40 GB.

  --calls N            (10000000)
  --times N            make so many of each afterwards, in a fraction of the time that folding them takes (1)
  --days N             (90)
${databaseHelp}
`

const { values } = parseArgs({
  options: {
    ...databaseOptions,
    calls: { type: 'string', default: '10000000' },
    times: { type: 'string', default: '1' },
    days: { type: 'string', default: '90' },
  },
})

async function fill(client: pg.Client): Promise<void> {
  await client.query("SET TimeZone = 'UTC'")
  const history = await begin(client)
  await client.query("SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 1")
  await fillFacts(client, history)
  await foldFacts(client, history)
  if (Number(values.times) > 1) await multiply(client, Number(values.times), say)
  // As after hours without callbacks: readers of an index need not look at the rows.
  await client.query('VACUUM (ANALYZE) ops.calls, ops.call_counts, ops.delays, rtc.calls_private')
  await client.query('CHECKPOINT')
  const { rows } = await client.query<{ size: string; calls: string }>(
    `SELECT pg_size_pretty(pg_database_size(current_database())) AS size,
      pg_size_pretty(pg_table_size('ops.calls')) || ' and indexes of ' || pg_size_pretty(pg_indexes_size('ops.calls')) AS calls`,
  )
  say(`the database has ${rows[0]?.size}, of which ops.calls ${rows[0]?.calls}`)
}

async function fillFacts(client: pg.Client, history: History): Promise<void> {
  const started = performance.now()
  let total = 0
  for (const table of ['cdrs', 'events'] as const)
    for (const month of monthsOf(history)) total += await fillMonth(client, history, table, month)
  await new Partitions().createAhead(client)
  await client.query('ANALYZE rtc.cdrs, rtc.call_events')
  say(`${total} facts in ${Math.round((performance.now() - started) / 1000)} s`)
}

/** Facts of one look of the fold: some ten thousand calls. */
const sliceFacts = 50_000
/** How often progress is told. */
const toldMs = 10_000

/** Computes all calls, in the order of time, in the batches of a receiver. */
async function foldFacts(client: pg.Client, history: History): Promise<void> {
  const end = new Date(history.ends * 1000 + 86_400_000)
  const { rows } = await client.query<{ until: Date }>('SELECT until FROM bench.folded')
  let until = rows[0]?.until ?? new Date(0)
  const log = { info: () => {}, warn: console.error, error: console.error }
  const runner = new FoldRunner({ tables: new FoldTables(false), log })
  const { rows: backend } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const used = () =>
    [process.cpuUsage().user / 1e6, cpuSeconds(backend[0]?.pid ?? 0), performance.now() / 1000] as const
  const before = used()
  let told = performance.now()
  const tell = () => {
    const { folded } = runner.progress
    const [node, postgres, seconds] = used().map((value, i) => value - (before[i] ?? 0)) as [number, number, number]
    const each = (cpu: number) => `${((cpu / Math.max(1, folded)) * 1e6).toFixed(0)} µs`
    say(
      `${until.toISOString().slice(0, 16)}: ${folded} calls computed in ${Math.round(seconds)} s, ${Math.round(folded / seconds)} a second; ` +
        `CPU a call: Node ${each(node)}, Postgres ${each(postgres)}`,
    )
    told = performance.now()
  }
  for (;;) {
    while ((await runner.run(client)) !== 'done');
    if (performance.now() - told > toldMs) {
      tell()
      // As the receiver does once a minute.
      while (await tidyStatistics(client));
    }
    const slice = await markNextSlice(client, until, end, sliceFacts)
    if (!slice) break
    until = slice.last
    await client.query('UPDATE bench.folded SET until = $1', [until])
  }
  if (runner.progress.folded > 0) tell()
  const started = performance.now()
  while (await tidyStatistics(client));
  say(`counts merged and peaks found in ${Math.round((performance.now() - started) / 1000)} s`)
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** What an earlier run was asked for, or this one. */
async function begin(client: pg.Client): Promise<History> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS bench;
    CREATE TABLE IF NOT EXISTS bench.history (ends float8, calls float8, days float8);
    CREATE TABLE IF NOT EXISTS bench.months (partition text PRIMARY KEY, rows bigint);
    CREATE TABLE IF NOT EXISTS bench.folded (until timestamptz)`)
  const asked = { ends: Math.floor(Date.now() / 1000), calls: Number(values.calls), days: Number(values.days) }
  const { rows } = await client.query<History>('SELECT * FROM bench.history')
  const [earlier] = rows
  if (earlier && (earlier.calls !== asked.calls || earlier.days !== asked.days))
    throw new Error(`this database is being filled with ${earlier.calls} calls of ${earlier.days} days`)
  if (earlier) return earlier
  await client.query('INSERT INTO bench.history VALUES ($1, $2, $3)', [asked.ends, asked.calls, asked.days])
  await client.query('INSERT INTO bench.folded VALUES (to_timestamp($1))', [firstSecond(asked) - 1])
  for (const app of apps)
    await client.query('INSERT INTO rtc.apps VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [...app])
  return asked
}

/** Seconds at which months begin, and the end of the last. */
function monthsOf(history: History): [from: number, to: number][] {
  const months: [number, number][] = []
  const first = new Date(firstSecond(history) * 1000)
  for (let month = first.getUTCMonth(); ; month++) {
    const [from, to] = [0, 1].map((n) => Date.UTC(first.getUTCFullYear(), month + n) / 1000) as [number, number]
    if (from > history.ends) return months
    months.push([from, to])
  }
}

/** Resolves to the rows it stored, 0 when they are there. */
async function fillMonth(
  client: pg.Client,
  history: History,
  table: 'cdrs' | 'events',
  [from, to]: [number, number],
): Promise<number> {
  const parent = table === 'cdrs' ? 'cdrs' : 'call_events'
  const partition = `${parent}_${new Date(from * 1000).toISOString().slice(0, 7).replace('-', '_')}`
  const done = await client.query('SELECT FROM bench.months WHERE partition = $1', [partition])
  if (done.rows.length > 0) return 0
  const there = await client.query('SELECT to_regclass($1) IS NOT NULL AS it', [`rtc.${partition}`])
  if (there.rows[0].it) {
    const some = await client.query(`SELECT FROM rtc.${partition} LIMIT 1`)
    if (some.rows.length > 0) throw new Error(`rtc.${partition} has rows of somebody else's`)
  }
  const started = performance.now()
  let said = started
  let rows = 0
  await client.query('BEGIN')
  await client.query(`DROP TABLE IF EXISTS rtc.${partition};
    CREATE TABLE rtc.${partition} (LIKE rtc.${parent} INCLUDING ALL EXCLUDING INDEXES EXCLUDING COMMENTS)`)
  const columns = table === 'cdrs' ? cdrColumns : eventColumns
  let copying: Promise<void> | undefined
  // The next piece is made while Postgres reads this one. FREEZE: nobody sees the table before, so no VACUUM is needed.
  for (const piece of pieces(history, table, from, to)) {
    await copying
    copying = copyRows(client, piece.text, `rtc.${partition}`, columns, '(FREEZE)')
    // Else a failure that comes before the next piece is made would end the process without a word.
    copying.catch(() => {})
    rows += piece.rows
    if (performance.now() - said < 5_000) continue
    said = performance.now()
    say(`${partition}: ${rows} rows, ${Math.round((rows / (said - started)) * 1000)} a second`)
  }
  await copying
  const copied = performance.now()
  const bounds = [from, to].map((time) => `'${new Date(time * 1000).toISOString()}'`)
  // This makes the indexes.
  await client.query(
    `ALTER TABLE rtc.${parent} ATTACH PARTITION rtc.${partition} FOR VALUES FROM (${bounds[0]}) TO (${bounds[1]})`,
  )
  await client.query('INSERT INTO bench.months VALUES ($1, $2)', [partition, rows])
  await client.query('COMMIT')
  const seconds = (until: number, since: number) => Math.round((until - since) / 1000)
  say(`${partition}: ${rows} rows in ${seconds(copied, started)} s, indexes in ${seconds(performance.now(), copied)} s`)
  return rows
}

if (values.help) process.stdout.write(help)
else
  await withDatabase(values, async (url) => {
    await migrate({ databaseUrl: url })
    await withClient(url, fill)
  })
