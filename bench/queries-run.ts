import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import { lately } from '../src/ops/periods.ts'
import * as reads from '../src/store/page/calls.ts'
import { lookUp, readRefOfSession } from '../src/store/page/look-ups.ts'
import * as gaps from '../src/store/page/reconciliation.ts'
import * as statistics from '../src/store/page/statistics.ts'
import { inLookUp } from '../src/store/page/transaction.ts'
import { createPool } from '../src/store/pool.ts'
import { makeRoles } from '../src/store/roles.ts'
import { withClient } from './cluster.ts'
import { databaseHelp, databaseOptions, withDatabase } from './ops-database.ts'

const help = `npm run bench:queries -- [options]

Times the questions of docs/queries.md, and what the page asks, in a database that \`npm run bench:fill\` has filled, as a
login that may do no more than ops. Summaries are brought up to date before. Prints a Markdown table: the median and the
worst of three runs, of which the first may find the disk cold.

  --runs N             runs of each (3)
${databaseHelp}
`

const { values } = parseArgs({ options: { ...databaseOptions, runs: { type: 'string', default: '3' } } })

async function run(url: string): Promise<void> {
  const login = await prepare(url)
  const found = await withClient(url, examples)
  const lines = [`| question | median | worst | rows |`, `|---|--:|--:|--:|`]
  const add = async (name: string, ask: () => Promise<number>) => {
    const times: number[] = []
    let rows = 0
    for (let i = 0; i < Number(values.runs); i++) {
      const began = performance.now()
      rows = await ask()
      times.push(performance.now() - began)
    }
    times.sort((a, b) => a - b)
    lines.push(`| ${name} | ${said(times[Math.floor(times.length / 2)])} | ${said(times.at(-1))} | ${rows} |`)
    process.stderr.write(`${lines.at(-1)}\n`)
  }
  await withClient(login, async (client) => {
    await client.query('SET jit = off') // as docs/queries.md says
    for (const [name, sql] of Object.entries(documented))
      await add(name, async () => (await client.query(sql, sql.includes('$1') ? [found[name]] : [])).rows.length)
  })
  const pool = createPool({ databaseUrl: login, size: 1, statementTimeoutMs: 60_000, onError: () => {} })
  try {
    for (const [name, read] of Object.entries(page(found)))
      await add(`page: ${name}`, async () => {
        const rows = await inLookUp(pool, 60_000, read)
        return Array.isArray(rows) ? rows.length : 1
      })
  } finally {
    await pool.end()
  }
  await withClient(url, async (client) => {
    const { rows } = await client.query(`SELECT h.calls, h.days, current_setting('server_version') AS version,
        current_setting('shared_buffers') AS buffers, (SELECT sum(rows) FROM bench.months) AS rows FROM bench.history h`)
    const { calls, days, version, buffers, rows: stored } = rows[0]
    const memory = Math.round(totalmem() / 2 ** 30)
    process.stdout.write(
      `${lines.join('\n')}\n\n${calls} calls of ${days} days, ${stored} rows; ${cpus().length} × ${cpus()[0]?.model}, ${memory} GiB; ` +
        `Postgres ${version}, shared_buffers ${buffers}; ${values.runs} runs each\n`,
    )
  })
}

const said = (ms = 0) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

/** A login that may look things up; summaries up to date, and asked as while rows come in. */
async function prepare(url: string): Promise<string> {
  const login = new URL(url)
  login.username = 'bench_ops'
  login.password = 'bench'
  await withClient(url, async (client) => {
    if (!(await makeRoles(client))) throw new Error('this login may not make roles')
    await client.query(
      `DO $$ BEGIN CREATE ROLE bench_ops LOGIN PASSWORD 'bench'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    )
    await client.query('GRANT rtc_ops, rtc_support TO bench_ops')
    const began = performance.now()
    let hours = 0
    for (let more = 1; more > 0; hours += more) {
      more = (await client.query('SELECT rtc.refresh_summaries() AS hours')).rows[0].hours
      process.stderr.write(`summarised ${hours + more} hours in ${said(performance.now() - began)}\n`)
    }
    // A receiver's refresh leaves the rows of the last three minutes at most to whoever asks.
    await client.query(`UPDATE rtc.summary_state SET stored_until = to_timestamp(ends - 180) FROM bench.history`)
  })
  return login.href
}

/** What is looked for: a call of yesterday, and a number that was called more than once. */
async function examples(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query(`SELECT session_id, callee_num FROM rtc.cdrs
    WHERE cdr_time >= now() - interval '30 hours' AND service_type = '002' ORDER BY cdr_time LIMIT 1`)
  if (!rows[0]) throw new Error('no call of yesterday: run npm run bench:fill')
  const { session_id: session, callee_num: number } = rows[0]
  return { 'one session: the call': session, 'one session: its events': session, 'a number in 30 days': number }
}

const today = "(now() AT TIME ZONE 'Asia/Shanghai')::date"
const midnight = (days: number) => `((${today} - ${days})::timestamp AT TIME ZONE 'Asia/Shanghai')`

const documented: Record<string, string> = {
  'one session: the call': 'SELECT * FROM ops.calls WHERE session_id = $1',
  'one session: its events': 'SELECT * FROM ops.events WHERE session_id = $1 ORDER BY occurred_at, called',
  'a number in 30 days': 'SELECT * FROM ops.calls_of($1) ORDER BY started_at',
  'yesterday by hour': `SELECT bucket_start, sum(attempts) AS attempts, sum(answered) AS answered
    FROM ops.call_stats(${midnight(1)}, ${midnight(0)}, 'hour', 'Asia/Shanghai') GROUP BY 1 ORDER BY 1`,
  'a month by app': `SELECT * FROM ops.call_stats(${midnight(30)}, ${midnight(0)}, 'month')`,
  'top reasons of a week': `SELECT outcome, reason, calls, share FROM ops.failures(${midnight(7)}, ${midnight(0)})
    ORDER BY calls DESC, outcome, reason LIMIT 10`,
  "a month's billing": `SELECT app_key, bind_num, sum(calls) AS calls, sum(billed_minutes) AS minutes
    FROM ops.billing_daily WHERE day >= ${today} - 30 AND day < ${today} GROUP BY 1, 2 ORDER BY 1`,
  'missing CDRs of two days': `SELECT * FROM ops.missing_cdrs WHERE day BETWEEN ${today} - 1 AND ${today} ORDER BY started_at`,
  'frequent callees of a day': `SELECT callee, callee_ref, app_key, calls, answered FROM ops.frequent_callees
    WHERE day = ${today} - 1 ORDER BY calls DESC, app_key LIMIT 5`,
  'most legs at once, a day': `SELECT hour, app_key, peak_legs FROM ops.concurrent_legs WHERE day = ${today} - 1`,
  'CDRs without events, a day': `SELECT * FROM ops.cdrs_without_events WHERE day = ${today} - 1`,
  'repeated CDRs, a day': `SELECT * FROM ops.repeated_cdrs WHERE cdr_time >= ${midnight(1)} AND cdr_time < ${midnight(0)}`,
  'callback delay, a day': `SELECT * FROM ops.callback_delay WHERE day = ${today} - 1`,
  silence: 'SELECT hour, kind, callbacks, expected FROM ops.silence WHERE silent ORDER BY hour',
  subscriptions: 'SELECT * FROM ops.subscriptions ORDER BY app_key',
  'calls of an hour, all columns': `SELECT * FROM ops.calls
    WHERE started_at >= ${midnight(1)} + interval '10 hours' AND started_at < ${midnight(1)} + interval '11 hours'`,
}

/** As src/ops asks it. */
function page(found: Record<string, string>): Record<string, (client: pg.ClientBase) => Promise<unknown>> {
  const session = found['one session: the call'] ?? ''
  const hour = lately('hour', new Date(), 'Asia/Shanghai')
  const day = lately('day', new Date(), 'Asia/Shanghai')
  const calls = (filter: reads.CallFilter) => (client: pg.ClientBase) => reads.readCalls(client, filter, 50)
  const ref = async (client: pg.ClientBase) => (await readRefOfSession(client, session)) ?? ''
  return {
    'calls of the last hour': (client) => statistics.readCallStats(client, hour),
    'calls of the last day': (client) => statistics.readCallStats(client, day),
    'totals of the last day': (client) => statistics.readCallTotals(client, day),
    'records of the last hour': (client) => statistics.readRecords(client, hour),
    'records of the last day': (client) => statistics.readHourlyRecords(client, day),
    'delays of the last hour': (client) => statistics.readDelays(client, hour),
    'delays of the last day': (client) => statistics.readHourlyDelays(client, day),
    'reasons of the last hour': (client) => statistics.readFailures(client, hour, 12),
    'reasons of the last day': (client) => statistics.readFailures(client, day, 12),
    'concurrent legs of the last day': (client) => statistics.readPeaks(client, day),
    'calls in progress': (client) => statistics.readLive(client),
    'missing CDRs': (client) => gaps.readMissingCdrs(client, 10),
    silence: (client) => gaps.readSilence(client, 3),
    subscriptions: gaps.readSubscriptions,
    freshness: gaps.readFreshness,
    'latest calls': calls({}),
    'latest busy calls': calls({ outcomes: ['busy'] }),
    'failed calls of the last day': calls({ from: day.from, to: day.to, outcomes: ['failed', 'unknown'] }),
    'a call by its session': ref,
    'the call': async (client) => reads.readCall(client, await ref(client)),
    'its legs': async (client) => reads.readLegs(client, await ref(client)),
    'its CDRs': async (client) => reads.readCdrs(client, await ref(client), 500),
    'calls of a number': (client) => lookUp(client, 'number', found['a number in 30 days'] ?? '', 50),
  }
}

if (values.help) process.stdout.write(help)
else await withDatabase(values, run)
