import { join } from 'node:path'
import { type Bench, type Measured, type Round, rates, ratio } from '../bench.ts'
import { startReceiver } from '../systems.ts'
import { fee, jobOf, type Programs, type Section, status } from './section.ts'

/** Beside the receiver of the first version, built in a checkout of its own (`--first DIR`), on a database of its own. */
export async function firstVersion(bench: Bench, { receiver }: Programs): Promise<Section> {
  const { cluster, options } = bench
  const main = join(options.first as string, 'dist/main.js')
  // It migrates the database itself: its tables are others.
  const env = { DATABASE_URL: await cluster.createEmpty('bench_first') }
  const first = { ...(await startReceiver('first', cluster.directory, env, { main })), folds: false }
  try {
    const shapes = [fee(1), fee(50), status]
    const pairs = shapes.map((shape) => ({ now: jobOf(receiver, shape), old: jobOf(first, shape) }))
    const measured = await bench.rounds(pairs.flatMap(({ now, old }) => [old, now]))
    const of = (wanted: object) => measured.find(({ job }) => job === wanted) as Measured
    const cpu = (wanted: object) => of(wanted).rounds.map(cpuOfRecord)
    const [one, fifty, events] = pairs
    if (!one || !fifty || !events) throw new Error('three shapes were given')
    return {
      title: 'Beside the first version',
      measured,
      targets: [
        {
          measure: 'one CDR a callback ÷ the first version',
          value: ratio(rates(of(one.now)), rates(of(one.old))),
          atLeast: 1.35,
        },
        {
          measure: 'CPU for a CDR (50 a callback), receiver and Postgres ÷ the first version',
          value: ratio(cpu(fifty.now), cpu(fifty.old)),
          atMost: 0.7,
        },
        { measure: 'CPU for a CDR (1 a callback) ÷ the first version', value: ratio(cpu(one.now), cpu(one.old)) },
        { measure: 'CPU for a status event ÷ the first version', value: ratio(cpu(events.now), cpu(events.old)) },
        {
          measure: 'CDR rows/s (50 a callback) ÷ the first version',
          value: ratio(rates(of(fifty.now)), rates(of(fifty.old))),
        },
        { measure: 'status events/s ÷ the first version', value: ratio(rates(of(events.now)), rates(of(events.old))) },
      ],
    }
  } finally {
    await first.stop()
  }
}

function cpuOfRecord({ cpu, records }: Round): number {
  return (cpu.programs + cpu.postgres) / records
}
