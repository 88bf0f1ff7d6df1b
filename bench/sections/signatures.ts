import { type Bench, type Measured, rates, ratio } from '../bench.ts'
import { startReceiver } from '../systems.ts'
import { fee, jobOf, type Programs, type Section, status } from './section.ts'

/** What it costs to verify every callback: the same receiver with its lock on and with none. */
export async function signatures(bench: Bench, { receiver }: Programs): Promise<Section> {
  const { cluster } = bench
  const unlocked = await startReceiver('unlocked', cluster.directory, {
    DATABASE_URL: await cluster.create('bench_unlocked'),
    RTC_AUTH: 'off',
  })
  try {
    const [events, cdrs] = [status, fee(50)].map((shape) => ({
      on: jobOf(receiver, shape),
      off: jobOf(unlocked, shape),
    }))
    if (!events || !cdrs) throw new Error('two shapes were given')
    const measured = await bench.rounds([events.on, events.off, cdrs.on, cdrs.off])
    const of = (wanted: object) => rates(measured.find(({ job }) => job === wanted) as Measured)
    return {
      title: 'Verifying signatures',
      measured,
      targets: [
        { measure: 'status events/s, enforce ÷ off', value: ratio(of(events.on), of(events.off)), atLeast: 0.9 },
        { measure: 'CDR rows/s (50 a callback), enforce ÷ off', value: ratio(of(cdrs.on), of(cdrs.off)), atLeast: 0.9 },
      ],
    }
  } finally {
    await unlocked.stop()
  }
}
