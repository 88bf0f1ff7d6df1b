import { parseArgs } from 'node:util'
import type pg from 'pg'
import { foldLimits } from '../src/maintenance/fold-batch.ts'
import { FoldRunner } from '../src/maintenance/fold-runner.ts'
import { FoldTables } from '../src/maintenance/fold-tables.ts'
import { Folder } from '../src/maintenance/folder.ts'
import { createPool, withClient } from '../src/store/pool.ts'
import { Cluster } from './cluster.ts'
import { cpuSeconds } from './proc.ts'

const help = `npm run bench:folder -- [options]

  What it costs to compute a call from its facts: CPU time of Node and of Postgres, and WAL, a fold, folds a second over one
  connection, by the sessions of a batch. Each call is folded while its events come in, with its CDR, and once more
  without anything new. Then calls come at a rate, and it is seen how far the fold lags and what it takes of a processor.

  --calls N       of each measurement (5000; a tenth where a batch holds one)
  --batches A,B   sessions of a batch (1,50,500)
  --rate N        calls a minute (1000)
  --seconds N     for which they come (30)
  --set NAME=V    a setting of Postgres
`

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '5000' },
    batches: { type: 'string', default: '1,50,500' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    set: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
})

const log = { info: () => {}, warn: console.error, error: console.error }
/** Seconds of a call at which its facts come; the last one is its CDR. */
const offsets = [0, 2, 5, 5, 7, 12, 20, 21]
const stages = { 'three events': [0, 1, 2], 'the others': [3, 4, 5, 6], 'its CDR': [7], 'nothing new': [] }

/** Facts `k` of the calls `n` of a relation `due (n, k)`, each beginning so many seconds after `begin`, with what marks them as to be folded. */
const store = (due: string, begin: string, perSecond: number) => `
  WITH due AS (${due}), call AS (
    SELECT n, k, ${begin} + n * interval '1 second' / ${perSecond} AS start,
      'bench_' || (hashint8(n) & 65535) || '_' || n || '@callenabler.home1.example.com' AS session_id,
      '+86138' || lpad((n % 90000000)::text, 8, '0') AS a, '+86139' || lpad((n * 7 % 90000000)::text, 8, '0') AS b FROM due
  ), e AS (
    INSERT INTO rtc.call_events (occurred_at, received_at, event_key, session_id, event_type, caller, called, state_code, signed_by)
    SELECT start + (ARRAY[${offsets}])[k + 1] * interval '1 second', now(), gen_random_uuid(), session_id,
      (ARRAY['callout', 'alerting', 'answer', 'callout', 'alerting', 'answer', 'disconnect'])[k + 1],
      '+8675512345678', CASE WHEN k < 3 THEN a ELSE b END, CASE k WHEN 6 THEN 0 END, 'bench' FROM call WHERE k < 7
    RETURNING session_id, occurred_at AS t, event_key, NULL AS icid
  ), c AS (
    INSERT INTO rtc.cdrs (cdr_time, received_at, call_out_start_time, call_out_alerting_time, call_out_answer_time, fwd_start_time,
      fwd_alerting_time, fwd_answer_time, call_end_time, direction, ul_fail_reason, session_id, icid, sp_id, app_key, bind_num,
      caller_num, callee_num, fwd_display_num, fwd_dst_num, service_type, signed_by)
    SELECT start + interval '20 seconds', now(), start, start + interval '2 seconds', start + interval '5 seconds', start + interval '5 seconds',
      start + interval '7 seconds', start + interval '12 seconds', start + interval '20 seconds', 0, 0, session_id, session_id || '.1', 'bench',
      'bench', '+8675512345678', '+8675512345678', a, '+8675512345678', b, '002', 'bench' FROM call WHERE k = 7
    RETURNING session_id, cdr_time AS t, NULL::uuid AS event_key, icid
  )
  INSERT INTO rtc.unfolded (session_id, fact_time, event_key, icid) TABLE e UNION ALL TABLE c`

async function measured<T>(pool: pg.Pool, work: () => Promise<T>) {
  const pid = await backendOf(pool)
  const [node, postgres, started] = [process.cpuUsage(), cpuSeconds(pid), performance.now()]
  await work()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(node)
  return { seconds, node: (user + system) / 1e6, postgres: cpuSeconds(pid) - postgres }
}

async function backendOf(pool: pg.Pool): Promise<number> {
  return (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0
}

async function costs(cluster: Cluster, batchSessions: number, say = print): Promise<void> {
  const calls = Math.ceil(Number(values.calls) / (batchSessions === 1 ? 10 : 1))
  const { admin, pool } = await database(cluster)
  const runner = new FoldRunner({ tables: new FoldTables(false), log, limits: { ...foldLimits, batchSessions } })
  for (const [stage, facts] of Object.entries(stages)) {
    const due = `SELECT n, k FROM generate_series(1, ${calls}) AS n, unnest(ARRAY[${facts}]::int[]) AS k`
    await admin.query(
      facts.length > 0
        ? store(due, "now() - interval '1 hour'", calls / 600)
        : 'INSERT INTO rtc.unfolded (session_id, fact_time) SELECT session_id, facts_from FROM rtc.calls_private',
    )
    await admin.query('VACUUM ANALYZE rtc.unfolded')
    const walBefore = await cluster.walBytes()
    const { node, postgres, seconds } = await measured(pool, () => foldAll(runner, pool))
    const wal = Math.round((await cluster.walBytes()) - walBefore) / calls
    const each = (time: number) => `${((time / calls) * 1e3).toFixed(3)} ms`
    say(
      `| ${batchSessions} | ${stage} | ${each(node)} | ${each(postgres)} | ${Math.round(calls / seconds).toLocaleString('en')} | ${Math.round(wal).toLocaleString('en')} |`,
    )
  }
  await admin.end()
  await pool.end()
}

async function foldAll(runner: FoldRunner, pool: pg.Pool): Promise<void> {
  await withClient(pool, async (client) => {
    while ((await runner.run(client)) !== 'done');
  })
}

/** Calls come at a rate, stored by Postgres itself, so that what this process uses is the fold's. */
async function lag(cluster: Cluster): Promise<void> {
  const [perSecond, seconds] = [Number(values.rate) / 60, Number(values.seconds)]
  const { admin, pool } = await database(cluster)
  const folder = new Folder({ pool: () => pool, log, showUserData: false })
  // A tenth of a second after the other: the facts of all calls under way that come in it.
  const due = `SELECT n, k FROM unnest(ARRAY[${offsets}]) WITH ORDINALITY AS o (at, place), LATERAL (
      SELECT n, (o.place - 1)::int AS k FROM generate_series(
        floor((i - 1) * ${perSecond / 10} - o.at * ${perSecond})::int + 1, floor(i * ${perSecond / 10} - o.at * ${perSecond})::int) AS n
      WHERE n > 0) AS f`
  const arrivals = admin.query(`DO $$ DECLARE began CONSTANT timestamptz := clock_timestamp(); BEGIN
    FOR i IN 1..${seconds * 10} LOOP
      PERFORM pg_sleep(extract(epoch FROM began + i * interval '0.1 second' - clock_timestamp()));
      ${store(due, 'began', perSecond)};
      COMMIT;
    END LOOP; END $$`)
  folder.start()
  await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 3))
  const lags: number[] = []
  const sample = setInterval(() => lags.push(folder.lagSeconds), 50)
  const before = folder.progress.folded
  const used = await measured(pool, () => arrivals)
  clearInterval(sample)
  const folds = (folder.progress.folded - before) / used.seconds
  const share = (time: number) => `${((time / used.seconds) * 100).toFixed(1)} %`
  print(
    `\n${values.rate} calls a minute, ${offsets.length} facts each: ${folds.toFixed(0)} folds/s, of a processor Node ${share(used.node)}, ` +
      `Postgres ${share(used.postgres)}; lag at most ${Math.max(...lags).toFixed(1)} s`,
  )
  await folder.stop()
  await admin.end()
  await pool.end()
}

let databases = 0

async function database(cluster: Cluster): Promise<{ admin: pg.Pool; pool: pg.Pool }> {
  const databaseUrl = await cluster.create(`fold_${databases++}`)
  const options = { databaseUrl, size: 1, onError: () => {} }
  const admin = createPool({ ...options, statementTimeoutMs: 600_000 })
  // Two years of months, which must not cost anything.
  await admin.query(`SELECT rtc.ensure_period(t, m, 'month') FROM unnest(ARRAY['call_events', 'cdrs']) AS t,
    generate_series(now() - interval '24 months', now() + interval '1 month', interval '1 month') AS m`)
  return { admin, pool: createPool({ ...options, statementTimeoutMs: 60_000 }) }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

if (values.help) print(help)
else {
  const settings = Object.fromEntries(values.set.map((setting) => setting.split('=') as [string, string]))
  const cluster = await Cluster.start(settings)
  try {
    // Until V8 has compiled what is hot.
    await costs(cluster, 500, () => {})
    print('| sessions of a batch | folded with | Node | Postgres | folds/s | WAL bytes |\n|---|---|---|---|---|---|')
    for (const size of values.batches.split(',').map(Number)) await costs(cluster, size)
    await lag(cluster)
  } finally {
    await cluster.remove()
  }
}
