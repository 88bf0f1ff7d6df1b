import { type Bench, type Job, type Measured, rates, ratio } from '../bench.ts'
import { withClient } from '../cluster.ts'
import { startReceiver } from '../systems.ts'
import { fee, jobOf, type Section, status } from './section.ts'

const name = 'duplicates'
const database = `bench_${name}`

/** Everything is sent a second time: what that costs, and what it leaves behind. */
export async function duplicates(bench: Bench): Promise<Section> {
  const { cluster, options } = bench
  const system = await startReceiver(name, cluster.directory, { DATABASE_URL: await cluster.create(database) })
  try {
    const pairs = [fee(50), status].map((shape) => {
      const fresh = jobOf(system, shape)
      return { fresh, again: { ...fresh, name: `${fresh.name}, all sent before`, again: true } satisfies Job }
    })
    const measured = await bench.rounds(
      pairs.flatMap(({ fresh, again }) => [fresh, again]),
      options,
    )
    const of = (wanted: Job) => rates(measured.find(({ job }) => job === wanted) as Measured)
    const [cdrs, events] = pairs
    if (!cdrs || !events) throw new Error('two shapes were given')
    const once = await bytes(cluster.url(database))
    for (let round = 0; round < options.rounds; round++) await bench.run(cdrs.again, options.seconds)
    return {
      title: 'Duplicates',
      measured,
      targets: [
        { measure: 'all duplicates ÷ all new, CDRs/s', value: ratio(of(cdrs.again), of(cdrs.fresh)), atLeast: 0.5 },
        {
          measure: 'all duplicates ÷ all new, status events/s',
          value: ratio(of(events.again), of(events.fresh)),
          atLeast: 0.5,
        },
        {
          measure: `tables and indexes of CDRs: sent ${options.rounds} times more ÷ before`,
          value: (await bytes(cluster.url(database))) / once,
          atMost: 1.1,
        },
      ],
    }
  } finally {
    await system.stop()
  }
}

function bytes(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ bytes: number }>(
      "SELECT sum(pg_total_relation_size(inhrelid))::float8 AS bytes FROM pg_inherits WHERE inhparent = 'rtc.cdrs'::regclass",
    )
    return rows[0]?.bytes ?? 0
  })
}
