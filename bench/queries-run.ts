import { cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import { lately } from '../src/page/periods.ts'
import { readFreshness } from '../src/store/freshness.ts'
import * as reads from '../src/store/page/calls.ts'
import { lookUp, readRefOfSession } from '../src/store/page/look-ups.ts'
import * as gaps from '../src/store/page/reconciliation.ts'
import * as statistics from '../src/store/page/statistics.ts'
import { inLookUp } from '../src/store/page/transaction.ts'
import { createPool } from '../src/store/pool.ts'
import { makeRoles } from '../src/store/roles.ts'
import { tidyStatistics } from '../src/store/statistics.ts'
import { withClient } from './cluster.ts'
import { databaseHelp, databaseOptions, withDatabase } from './ops-database.ts'

const help = `npm run bench:queries -- [options]

Times questions in a database that \`npm run bench:fill\` has filled: those of docs/queries.md, others that no document
mentions, and what the page asks, as a login that may do no more than ops, with the server's own settings. Prints a Markdown
table: the median and the worst of the runs, of which the first may find the disk cold, and the time to plan (of what a
function asks itself it is in the runs).

  --runs N             runs of each (5)
${databaseHelp}
`

const { values } = parseArgs({ options: { ...databaseOptions, runs: { type: 'string', default: '5' } } })

async function run(url: string): Promise<void> {
  const login = await prepare(url)
  const found = await withClient(url, examples)
  const lines = ['| question | median | worst | planning | rows |', '|---|--:|--:|--:|--:|']
  const add = async (name: string, ask: () => Promise<number>, planning = '') => {
    const times: number[] = []
    let rows = 0
    for (let i = 0; i < Number(values.runs); i++) {
      const began = performance.now()
      rows = await ask()
      times.push(performance.now() - began)
    }
    times.sort((a, b) => a - b)
    const [median, worst] = [times[Math.floor(times.length / 2)], times.at(-1)].map(said)
    lines.push(`| ${name} | ${median} | ${worst} | ${planning} | ${rows} |`)
    process.stderr.write(`${lines.at(-1)}\n`)
  }
  await withClient(login, async (client) => {
    for (const [name, sql] of Object.entries({ ...documented(found), ...others(found) })) {
      const { rows } = await client.query(`EXPLAIN (SUMMARY, FORMAT JSON) ${sql}`)
      const planning = said(rows[0]['QUERY PLAN'][0]['Planning Time'])
      await add(name, async () => (await client.query(sql)).rows.length, planning)
    }
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
    const { rows } = await client.query(`SELECT h.days, current_setting('server_version') AS version,
        current_setting('shared_buffers') AS buffers, current_setting('jit') AS jit, current_setting('work_mem') AS work_mem,
        (SELECT reltuples FROM pg_class WHERE oid = 'ops.calls'::regclass) AS calls FROM bench.history h`)
    const { calls, days, version, buffers, jit, work_mem } = rows[0]
    const memory = Math.round(totalmem() / 2 ** 30)
    process.stdout.write(
      `${lines.join('\n')}\n\n${calls} calls of ${days} days, about; ${cpus().length} × ${cpus()[0]?.model}, ${memory} GiB, ` +
        `load ${loadavg()[0]?.toFixed(1)}; Postgres ${version}, shared_buffers ${buffers}, work_mem ${work_mem}, jit ${jit}; ${values.runs} runs each\n`,
    )
  })
}

const said = (ms = 0) =>
  ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`

/** A login that may look things up; counts are merged, as a receiver keeps them. */
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
    while (await tidyStatistics(client));
  })
  return login.href
}

interface Examples {
  session: string
  number: string
  bRef: string
  /** As a list of literals. */
  sessions: (count: number) => string
}

/** What is looked for: a callback call of some days ago, its parties, and other calls of that day. */
async function examples(client: pg.Client): Promise<Examples> {
  const { rows } = await client.query<{ session_id: string; number: string; b_ref: string; started_at: Date }>(
    `SELECT c.session_id, p.a_number AS number, c.b_ref, c.started_at FROM ops.calls c JOIN rtc.calls_private p USING (call_ref)
      WHERE c.started_at >= (SELECT max(started_at) FROM ops.calls) - interval '40 hours' AND c.scenario = 'click2Call' AND c.b_ref IS NOT NULL
      ORDER BY c.started_at LIMIT 1`,
  )
  const [call] = rows
  if (!call) throw new Error('no callback call of the last days: run npm run bench:fill')
  const { rows: others } = await client.query<{ session_id: string }>(
    `SELECT session_id FROM ops.calls WHERE started_at >= $1 AND session_id IS NOT NULL AND call_ref < '05000000-0000-0000-0000-000000000000'
      ORDER BY started_at LIMIT 50`,
    [call.started_at],
  )
  const list = others.map(({ session_id }) => client.escapeLiteral(session_id))
  const { session_id: session, number, b_ref: bRef } = call
  return { session, number, bRef, sessions: (count) => list.slice(0, count).join(', ') }
}

const today = "(now() AT TIME ZONE 'Asia/Shanghai')::date"
const midnight = (days: number) => `((${today} - ${days})::timestamp AT TIME ZONE 'Asia/Shanghai')`
const since = (days: number) => `started_at >= ${midnight(days)} AND started_at < ${midnight(0)}`

/** The questions of docs/queries.md. */
function documented({ session, number, bRef }: Examples): Record<string, string> {
  return {
    'one session: the call': `SELECT * FROM ops.calls WHERE session_id = '${session}'`,
    'one session: its events': `SELECT * FROM ops.events WHERE session_id = '${session}' ORDER BY occurred_at, called`,
    'one session: its legs': `SELECT * FROM ops.legs WHERE session_id = '${session}' ORDER BY leg`,
    'one session: its CDRs': `SELECT * FROM ops.cdrs WHERE session_id = '${session}' ORDER BY received_at`,
    'a number in 30 days': `SELECT c.* FROM ops.calls_of('${number}') JOIN ops.calls c USING (call_ref) ORDER BY c.started_at DESC`,
    'the last 50 calls of a callee': `SELECT * FROM ops.calls WHERE b_ref = '${bRef}' ORDER BY started_at DESC LIMIT 50`,
    'calls that go on': 'SELECT * FROM ops.live_calls ORDER BY started_at DESC LIMIT 50',
    'yesterday by hour': `SELECT * FROM ops.call_stats(${midnight(1)}, ${midnight(0)}, 'hour', 'Asia/Shanghai', '{}')`,
    'yesterday by application and number': `SELECT * FROM ops.call_stats(${today} - 1, ${today})`,
    'a month by application and number': `SELECT * FROM ops.call_stats(${today} - 30, ${today}, 'month')`,
    'a month by day, all together': `SELECT * FROM ops.call_stats(${today} - 30, ${today}, 'day', split_by => '{}')`,
    'a month of calls_hourly by day': `SELECT day, app_key, sum(attempts), sum(answered) FROM ops.calls_hourly
      WHERE day >= ${today} - 30 GROUP BY 1, 2 ORDER BY 1, 2`,
    'outcomes of a month': `SELECT o.outcome, sum(c.attempts) FROM ops.call_counts c JOIN ops.outcomes o USING (outcome)
      WHERE c.day >= ${today} - 30 AND c.day < ${today} GROUP BY 1`,
    'outcomes to choose from': 'SELECT * FROM ops.outcomes',
    'applications and numbers to choose from': `SELECT DISTINCT app_key, bind_num FROM ops.call_counts WHERE day >= ${today} - 30`,
    'reasons of a week': `SELECT * FROM ops.failures(${today} - 7, ${today})`,
    'reasons of a month': `SELECT * FROM ops.failures(${today} - 30, ${today})`,
    "a month's bill": `SELECT app_key, bind_num, sum(calls), sum(billed_minutes) FROM ops.billing_daily
      WHERE bill_day >= ${today} - 30 AND bill_day < ${today} GROUP BY 1, 2 ORDER BY 1`,
    "a month's changes of the bill": `SELECT * FROM ops.bill_changes WHERE changed_at >= now() - interval '30 days' ORDER BY changed_at DESC LIMIT 1000`,
    'frequent callees, a day': `SELECT * FROM ops.frequent_callees(${today} - 1, ${today}, at_least => 3)`,
    'most legs at once, a day': `SELECT * FROM ops.concurrent_legs WHERE day = ${today} - 1`,
    'missing CDRs, two days': `SELECT * FROM ops.missing_cdrs WHERE ${since(2)}`,
    'CDRs without events, a day': `SELECT * FROM ops.cdrs_without_events WHERE ${since(1)}`,
    'repeated CDRs, a day': `SELECT * FROM ops.repeated_cdrs WHERE ${since(1)}`,
    subscriptions: 'SELECT * FROM ops.subscriptions',
    silence: 'SELECT * FROM ops.silence WHERE silent',
    'callback delay, a day': `SELECT * FROM ops.callback_delay WHERE day = ${today} - 1`,
    'keys pressed, an hour': `SELECT * FROM ops.digit_inputs
      WHERE started_at >= ${midnight(1)} + interval '10 hours' AND started_at < ${midnight(1)} + interval '11 hours'`,
    'recordings, an hour': `SELECT * FROM ops.recordings
      WHERE started_at >= ${midnight(1)} + interval '10 hours' AND started_at < ${midnight(1)} + interval '11 hours'`,
  }
}

/** Questions that nobody thought of. */
function others({ bRef, sessions }: Examples): Record<string, string> {
  return {
    'newest 50 calls': 'SELECT * FROM ops.calls ORDER BY started_at DESC LIMIT 50',
    'newest 50 events': 'SELECT * FROM ops.events ORDER BY occurred_at DESC LIMIT 50',
    'newest 50 CDRs': 'SELECT * FROM ops.cdrs ORDER BY cdr_time DESC LIMIT 50',
    '50 sessions in IN': `SELECT * FROM ops.calls WHERE session_id IN (${sessions(50)})`,
    'all calls of a b_ref': `SELECT * FROM ops.calls WHERE b_ref = '${bRef}'`,
    'calls that ended in a minute': `SELECT * FROM ops.calls
      WHERE ended_at >= ${midnight(1)} + interval '10 hours' AND ended_at < ${midnight(1)} + interval '10 hours 1 minute'`,
    'calls and events of 20 sessions': `SELECT c.outcome, e.* FROM ops.calls c JOIN ops.events e USING (call_ref) WHERE c.session_id IN (${sessions(20)})`,
    'p95 of ring time, a day': `SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY ring_seconds) FROM ops.calls WHERE ${since(1)}`,
    'failed calls of a day by reason': `SELECT reason_en, count(*) FROM ops.calls WHERE ${since(1)} AND outcome = 'failed' GROUP BY 1`,
    'calls not answered, a day by reason': `SELECT outcome, reason_en, count(*) FROM ops.calls WHERE ${since(1)} AND outcome <> 'answered' GROUP BY 1, 2`,
    'calls a day, a month': `SELECT (started_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) FROM ops.calls WHERE ${since(30)} GROUP BY 1`,
    'calls over an hour long, a month': `SELECT * FROM ops.calls WHERE ${since(30)} AND talk_seconds > 3600`,
    'newest 50 of a rare reason': `SELECT * FROM ops.calls WHERE reason_source = 'Q.850' AND reason_code = 1 ORDER BY started_at DESC LIMIT 50`,
    'newest 50 of a reason that never was': `SELECT * FROM ops.calls WHERE reason_source = 'Q.850' AND reason_code = 99 ORDER BY started_at DESC LIMIT 50`,
    'SELECT DISTINCT outcome': 'SELECT DISTINCT outcome FROM ops.calls',
    'all columns of the calls of an hour': `SELECT * FROM ops.calls
      WHERE started_at >= ${midnight(1)} + interval '10 hours' AND started_at < ${midnight(1)} + interval '11 hours'`,
  }
}

/** As src/page asks it. */
function page({ session, number }: Examples): Record<string, (client: pg.ClientBase) => Promise<unknown>> {
  const hour = lately('hour', new Date(), 'Asia/Shanghai')
  const day = lately('day', new Date(), 'Asia/Shanghai')
  const calls = (filter: reads.CallFilter) => (client: pg.ClientBase) => reads.readCalls(client, filter, 50)
  const ref = async (client: pg.ClientBase) => (await readRefOfSession(client, session)) ?? ''
  return {
    'calls of the last hour': (client) => statistics.readCallStats(client, hour),
    'calls of the last day': (client) => statistics.readCallStats(client, day),
    'totals of the last day': (client) => statistics.readCallTotals(client, day),
    'durations of the last hour': (client) => statistics.readDurations(client, hour),
    'durations of the last day': (client) => statistics.readDurations(client, day),
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
    freshness: readFreshness,
    'latest calls': calls({}),
    'latest busy calls': calls({ outcomes: ['busy'] }),
    'latest calls of a rare reason': calls({ reason: { source: 'Q.850', code: 1 } }),
    'failed calls of the last day': calls({ from: day.from, to: day.to, outcomes: ['failed', 'unknown'] }),
    'a call by its session': ref,
    'the call': async (client) => reads.readCall(client, await ref(client)),
    'its legs': async (client) => reads.readLegs(client, await ref(client)),
    'its CDRs': async (client) => reads.readCdrs(client, await ref(client), 500),
    'calls of a number': (client) => lookUp(client, 'number', number, 50),
  }
}

if (values.help) process.stdout.write(help)
else await withDatabase(values, run)
