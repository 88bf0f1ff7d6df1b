import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type Measured, median, rates, ratio } from '../bench.ts'
import { metric, type System } from '../systems.ts'
import { copyOf, fee, jobOf, type Programs, type Section, status, type Target } from './section.ts'

/** With Postgres away callbacks go to the spool; when it is back they are drained into it. */
export async function spool(bench: Bench, { receiver }: Programs): Promise<Section> {
  const { cluster, options } = bench
  const measured: Measured[] = []
  const targets: Target[] = []
  for (const shape of options.quick ? [fee(50)] : [status, fee(50)]) {
    const job = jobOf(receiver, shape)
    const present: Measured = { job, rounds: [] }
    const away: Measured = { job: { ...job, name: `${job.name}, Postgres away` }, rounds: [] }
    const copied: Measured = { job: copyOf(1), rounds: [] }
    const drained: number[] = []
    for (let round = 0; round < options.rounds; round++) {
      present.rounds.push(await bench.run(job, options.seconds))
      if (shape.kind === 'fee') copied.rounds.push(await bench.run(copied.job, options.seconds))
      await cluster.down()
      await bench.run({ ...job, connections: 1 }, 0.5) // opens the breaker
      away.rounds.push(await bench.run(away.job, options.seconds))
      await cluster.up()
      drained.push(await drain(receiver))
      bench.say(
        `${job.name}: away ${Math.round(rates(away).at(-1) ?? 0)}/s, drained ${Math.round(drained.at(-1) ?? 0)}/s`,
      )
    }
    measured.push(present, away)
    const what = shape.kind === 'fee' ? 'CDRs' : 'status events'
    targets.push({
      measure: `spool, ${what}/s: Postgres away ÷ there`,
      value: ratio(rates(away), rates(present)),
      atLeast: 0.8,
    })
    if (shape.kind === 'fee')
      targets.push({ measure: 'spool, CDRs/s drained ÷ copy', value: ratio(drained, rates(copied)), atLeast: 0.6 })
    bench.say(`drained ${Math.round(median(drained))} ${what}/s`)
  }
  return { title: 'Spool', measured, targets }
}

/** Records a second from the first one that leaves the spool to the last. */
async function drain(receiver: System): Promise<number> {
  const left = async () => (await metric(receiver, 'rtc_spool_records')).get('') ?? 0
  const all = await left()
  let begun = performance.now()
  for (let now = all; now > 0; now = await left()) {
    if (now === all) begun = performance.now()
    await sleep(100)
  }
  return all / ((performance.now() - begun) / 1000)
}
