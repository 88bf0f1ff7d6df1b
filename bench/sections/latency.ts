import { type Bench, type Job, type Measured, median, rates, ratio } from '../bench.ts'
import type { System } from '../systems.ts'
import { jobOf, type Programs, type Section, status } from './section.ts'

/** How long an answer takes: one callback at a time, and at half of what the receiver can take. */
export async function latency(bench: Bench, { naive, receiver }: Programs): Promise<Section> {
  const { rounds, seconds } = bench.options
  const idle = await bench.rounds([jobOf(naive, status, 1), jobOf(receiver, status, 1)])
  const most = await bench.rounds([jobOf(naive, status), jobOf(receiver, status)], {
    rounds: bench.options.quick ? 1 : Math.min(3, rounds),
    seconds,
  })
  const [mostOfNaive, mostOfReceiver] = most.map((measured) => median(rates(measured))) as [number, number]
  const offered = mostOfReceiver / 2
  const atHalf = (system: System): Job => ({
    ...jobOf(system, status, 256),
    name: `${system.name}: status events at ${Math.round(offered)}/s`,
    rate: offered,
  })
  // Offered more than it can take, naive would only grow a queue: then it is measured at its own maximum.
  const half = await bench.rounds([offered < mostOfNaive ? atHalf(naive) : jobOf(naive, status), atHalf(receiver)])
  const each = (measured: Measured[], quantile: 'p50' | 'p99') =>
    measured.map(({ rounds }) => rounds.map((round) => round[quantile])) as [number[], number[]]
  const [idleNaive, idleReceiver] = each(idle, 'p50')
  const [halfNaive, halfReceiver] = each(half, 'p99')
  return {
    title: 'Latency',
    measured: [...idle, ...most, ...half],
    targets: [
      {
        measure: "p99 at half of the receiver's maximum ÷ naive's at that load or at its maximum",
        value: ratio(halfReceiver, halfNaive),
        atMost: 0.5,
      },
      { measure: "one callback at a time: p50 ÷ naive's", value: ratio(idleReceiver, idleNaive), atMost: 1.2 },
    ],
  }
}
