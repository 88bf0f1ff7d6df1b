import type { Bench } from '../bench.ts'
import { fee, jobOf, type Programs, type Section, status } from './section.ts'

/** From one callback at a time to many. */
export async function connections(bench: Bench, { receiver }: Programs): Promise<Section> {
  const jobs = [status, fee(1), fee(10), fee(50)].flatMap((shape) =>
    [1, 4, 16, 64, 256].map((connections) => jobOf(receiver, shape, connections)),
  )
  const { rounds, seconds } = bench.options
  return {
    title: 'Connections',
    measured: await bench.rounds(jobs, { rounds: Math.min(3, rounds), seconds }),
    targets: [],
  }
}
