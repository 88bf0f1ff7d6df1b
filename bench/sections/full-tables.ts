import { type Bench, type Job, rates, ratio } from '../bench.ts'
import type { Shape } from '../callbacks.ts'
import { fillCdrs } from '../fill.ts'
import { startReceiver } from '../systems.ts'
import { fee, type Section, shapeName, type Target, usual } from './section.ts'

/** A receiver on an empty database beside one on a database that holds many CDRs, all of one month. */
export async function fullTables(bench: Bench): Promise<Section> {
  const { cluster, options } = bench
  const jobs: Job[] = []
  for (const ids of ['platform', 'random'] as const) {
    for (const stored of [0, options.stored]) {
      const name = `${stored === 0 ? 'empty' : 'full'}_${ids}`
      const url = await cluster.create(name)
      if (stored > 0) {
        bench.say(`storing ${stored} CDRs with ${ids} ids`)
        await fillCdrs(url, stored, ids)
        bench.skip(name, 'fee', stored)
      }
      const system = await startReceiver(name, cluster.directory, { DATABASE_URL: url })
      const shape: Shape = fee(50, ids)
      const what = `${stored === 0 ? 'nothing' : `${stored / 1e6} million CDRs`} stored: ${shapeName(shape)}`
      jobs.push({ name: what, systems: [system], database: name, shape, connections: usual })
    }
  }
  const measured = await bench.rounds(jobs)
  const [emptyPlatform, fullPlatform, emptyRandom, fullRandom] = measured.map(rates) as [
    number[],
    number[],
    number[],
    number[],
  ]
  const millions = options.stored / 1e6
  const targets: Target[] = [
    {
      measure: `CDR rows/s with ${millions} million stored ÷ empty, platform-shaped ids`,
      value: ratio(fullPlatform, emptyPlatform),
      atLeast: 0.9,
    },
    { measure: `the same with random ids (no target)`, value: ratio(fullRandom, emptyRandom) },
  ]
  for (const { systems } of jobs) for (const system of systems) await system.stop()
  return { title: `With ${millions} million CDRs stored`, measured, targets }
}
