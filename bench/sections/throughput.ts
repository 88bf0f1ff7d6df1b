import { type Bench, type Measured, rates, ratio } from '../bench.ts'
import { copyOf, fee, jobOf, type Programs, type Section, status } from './section.ts'

/** How much each can take: on every connection the next callback goes out when the one before is answered. */
export async function throughput(bench: Bench, { noop, naive, receiver }: Programs): Promise<Section> {
  const events = { noop: jobOf(noop, status), naive: jobOf(naive, status), receiver: jobOf(receiver, status) }
  const cdrs = {
    noop: jobOf(noop, fee(50)),
    naive: jobOf(naive, fee(50)),
    copy: copyOf(1),
    receiver: jobOf(receiver, fee(50)),
  }
  const others = [copyOf(2), ...[fee(1), fee(10)].flatMap((shape) => [jobOf(naive, shape), jobOf(receiver, shape)])]
  const measured = await bench.rounds([
    ...Object.values(events),
    ...Object.values(cdrs),
    ...(bench.options.quick ? [] : others),
  ])
  const of = (wanted: object) => rates(measured.find(({ job }) => job === wanted) as Measured)
  const rss = measured.flatMap(({ job, rounds }) => (job.systems[0] === receiver ? rounds.map(({ rss }) => rss) : []))
  return {
    title: 'Throughput',
    measured,
    targets: [
      { measure: 'status events/s ÷ noop', value: ratio(of(events.receiver), of(events.noop)), atLeast: 0.8 },
      { measure: 'status events/s ÷ naive', value: ratio(of(events.receiver), of(events.naive)) },
      { measure: 'CDR rows/s (50 a callback) ÷ copy', value: ratio(of(cdrs.receiver), of(cdrs.copy)), atLeast: 0.75 },
      { measure: 'CDR rows/s (50 a callback) ÷ naive', value: ratio(of(cdrs.receiver), of(cdrs.naive)), atLeast: 3.5 },
      { measure: 'RSS at full load, MB', value: Math.max(...rss) / 1e6, atMost: 200 },
    ],
  }
}
