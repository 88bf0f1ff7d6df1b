import { type Bench, type Measured, rates, ratio } from '../bench.ts'
import { startReceiver } from '../systems.ts'
import { fee, jobOf, type Section, status } from './section.ts'

/** What it costs to verify every callback: two receivers on fresh databases, the lock of one on, and none on the other. */
export async function signatures(bench: Bench): Promise<Section> {
  const { cluster } = bench
  const start = async (name: string, auth: 'enforce' | 'off') =>
    startReceiver(name, cluster.directory, { DATABASE_URL: await cluster.create(`bench_${name}`), RTC_AUTH: auth })
  const [locked, unlocked] = [await start('locked', 'enforce'), await start('unlocked', 'off')]
  try {
    const [events, cdrs] = [status, fee(50)].map((shape) => ({
      on: jobOf(locked, shape),
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
    await locked.stop()
    await unlocked.stop()
  }
}
