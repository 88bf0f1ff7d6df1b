import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { sum } from '../support/metrics.ts'
import { OwnPostgres } from '../support/own-postgres.ts'
import { World } from '../support/world.ts'
import { clean, seedOf } from './verdict.ts'

/** The measurement of docs/durability.md: OUTAGE_SECONDS=60 RATE=2000 STRICT=1, on a machine with nothing else to do. */
const seconds = Number(process.env.OUTAGE_SECONDS ?? 8)
const rate = Number(process.env.RATE ?? 300)
const strict = Boolean(process.env.STRICT)

it(
  `Postgres stopped for ${seconds} s at ${rate} callbacks a second`,
  async () => {
    const postgres = await OwnPostgres.start()
    onTestFinished(() => postgres.remove())
    const world = await World.create({
      postgres,
      seed: seedOf(),
      rate,
      plain: true,
      relayed: false,
      concurrency: 2_000,
    })
    onTestFinished(() => world.remove())
    const { generator } = world
    // A program that has just started is slow until V8 has compiled it.
    generator.rate = rate / 5
    generator.start()
    await sleep(5_000)
    const warm = generator.elapsed
    const warmed = generator.accepted
    generator.rate = rate
    await sleep(5_000)

    const processor = await processorOf(world)
    const stopped = generator.elapsed
    await postgres.stop('fast')
    await sleep(seconds * 1000)
    const used = (await processorOf(world)).map((now, i) => (now - (processor[i] ?? 0)) / seconds)
    const spooled = sum((await world.watch.look()) as Map<string, number>, 'rtc_spool_records')
    const returning = generator.elapsed
    await world.restartPostgres()
    // The load goes on while it drains.
    const returned = generator.elapsed
    await world.until((metric) => metric('rtc_spool_records') === 0, 'draining', 120_000)
    const drainedMs = generator.elapsed - returned
    await sleep(2_000)
    const ended = generator.elapsed
    const report = await world.finish()

    const before = latencies(generator.answered.filter(({ at }) => at >= warm && at < stopped))
    const first = latencies(generator.answered.filter(({ at }) => at >= stopped && at < stopped + 1_000))
    const during = latencies(generator.answered.filter(({ at }) => at >= stopped + 1_000 && at < returning))
    const draining = latencies(generator.answered.filter(({ at }) => at >= returning && at < returned + drainedMs))
    console.info(
      [
        `${cpus().length} cores (${cpus()[0]?.model}), shared by Postgres, the receiver and the generator`,
        `${report.callbacks} callbacks, ${((report.accepted - warmed) / ((ended - warm) / 1000)).toFixed(0)} a second answered 200 ` +
          `of ${rate} wanted, ${generator.heldBack} not sent for lack of time, refusals ${JSON.stringify(report.refusals)}`,
        `before                 ${before}`,
        `the first second       ${first}`,
        `Postgres away          ${during}`,
        `while draining         ${draining}`,
        `cores used while Postgres was away: receiver ${used[0]?.toFixed(2)}, generator ${used[1]?.toFixed(2)}, everybody ${used[2]?.toFixed(2)}`,
        `${spooled} records in the spool when Postgres came back; drained after ${(drainedMs / 1000).toFixed(1)} s, the load going on`,
      ].join('\n'),
    )
    expect(report).toMatchObject({ ...clean, refusals: {} })
    if (!strict) return
    expect(generator.heldBack).toBe(0)
    expect(during.p99).toBeLessThan(50)
    expect(drainedMs).toBeLessThan(30_000)
  },
  seconds * 1000 + 300_000,
)

/** Seconds of processor time so far: the receiver's, our own, and everybody's on this machine. */
async function processorOf(world: World): Promise<number[]> {
  const { user, system } = process.cpuUsage()
  const everybody = cpus().reduce((total, { times }) => total + times.user + times.nice + times.sys + times.irq, 0)
  const receiver = sum((await world.watch.look()) as Map<string, number>, 'process_cpu_seconds_total')
  return [receiver, (user + system) / 1e6, everybody / 1e3]
}

function latencies(answered: { ms: number }[]) {
  const sorted = answered.map(({ ms }) => ms).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  const [p50, p99, max] = [at(0.5), at(0.99), at(1)]
  return {
    p99,
    toString: () =>
      `${sorted.length} answered 200, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(0)} ms`,
  }
}
