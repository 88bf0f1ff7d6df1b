import { type Bench, type Job, type Measured, rates, ratio } from '../bench.ts'
import { withClient } from '../cluster.ts'
import { metric, type System, startReceiver } from '../systems.ts'
import { fee, jobOf, type Section, shapeName, status, type Target } from './section.ts'

const database = 'bench_replicas'

/** One, two and three receivers on one database. */
export async function replicas(bench: Bench): Promise<Section> {
  const { cluster, options } = bench
  const env = { DATABASE_URL: await cluster.create(database) }
  const all: System[] = []
  for (let i = 1; i <= (options.quick ? 2 : 3); i++)
    all.push(await startReceiver(`replica-${i}`, cluster.directory, env))
  const jobs = [status, fee(50)].flatMap((shape) =>
    all.map(
      (system, i): Job => ({
        ...jobOf(system, shape),
        name: `${i + 1} receiver${i === 0 ? '' : 's'}: ${shapeName(shape)}`,
        systems: all.slice(0, i + 1),
        database,
      }),
    ),
  )
  const measured = await bench.rounds(jobs)
  const of = (i: number) => rates(measured[i] as Measured)
  const targets: Target[] = [
    { measure: 'two receivers ÷ one, status events/s', value: ratio(of(1), of(0)), atLeast: 1 },
    { measure: 'two receivers ÷ one, CDR rows/s', value: ratio(of(all.length + 1), of(all.length)), atLeast: 1 },
    ...(await consistency(bench, all)),
  ]
  for (const system of all) await system.stop()
  return { title: 'Replicas', measured, targets }
}

/** Each record sent must be one row, none met another as a duplicate, and no two groups a deadlock. */
async function consistency(bench: Bench, receivers: System[]): Promise<Target[]> {
  const [counts] = await withClient(bench.cluster.url(database), async (client) => {
    await client.query('SELECT pg_stat_force_next_flush()')
    const { rows } = await client.query<{ rows: number; distinct: number; deadlocks: number }>(`
      SELECT (SELECT count(*) FROM rtc.call_events)::int + (SELECT count(*) FROM rtc.cdrs)::int AS rows,
        (SELECT count(DISTINCT event_key) FROM rtc.call_events)::int + (SELECT count(DISTINCT session_id) FROM rtc.cdrs)::int AS distinct,
        (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database())::int AS deadlocks`)
    return rows
  })
  let stored = 0
  for (const receiver of receivers) {
    for (const [labels, count] of await metric(receiver, 'rtc_records_total'))
      if (labels.includes('outcome="stored"')) stored += count
  }
  const { rows = 0, distinct = 0, deadlocks = 0 } = counts ?? {}
  return [
    { measure: 'two and three receivers: records acknowledged without a row', value: stored - rows, atMost: 0 },
    { measure: 'two and three receivers: rows that are there twice', value: rows - distinct, atMost: 0 },
    { measure: 'two and three receivers: deadlocks', value: deadlocks, atMost: 0 },
  ]
}
