import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { OwnPostgres } from '../support/own-postgres.ts'
import { World } from '../support/world.ts'
import { clean, seedOf } from './verdict.ts'

const seconds = Number(process.env.MEMORY_SECONDS ?? 120)
const MiB = 1024 * 1024

it('memory stays bounded while Postgres swallows everything and callbacks come as fast as they can', async () => {
  const postgres = await OwnPostgres.start()
  onTestFinished(() => postgres.remove())
  const spoolMaxBytes = 64 * MiB
  const world = await World.create({
    postgres,
    seed: seedOf(),
    rate: 5_000,
    concurrency: 200,
    env: { SPOOL_MAX_BYTES: String(spoolMaxBytes) },
  })
  onTestFinished(() => world.remove())
  world.generator.start()
  await sleep(2_000)
  world.relay.blackhole()
  const rss: number[] = []
  for (let i = 0; i < 10; i++) {
    world.watch.mostRss = 0
    await sleep((seconds * 1000) / 10)
    rss.push(Math.round(world.watch.mostRss / MiB))
  }
  const { accepted, refusals } = world.generator
  console.info(
    `RSS in MiB, most of each of ten times ${seconds / 10} s: ${rss.join(' ')}; ` +
      `spool up to ${Math.round(world.watch.mostSpoolBytes / MiB)} of 64 MiB; ` +
      `${accepted} callbacks answered 200, ${refusals.get('503') ?? 0} answered 503`,
  )
  expect(world.watch.mostSpoolBytes).toBeLessThanOrEqual(spoolMaxBytes)
  // Node itself, the queues of both batches (64 MiB each at most), and what V8 has not collected yet.
  expect(Math.max(...rss)).toBeLessThan(450)
  // Nothing that grows with time.
  const late = rss.slice(5)
  expect(Math.max(...late)).toBeLessThan(Math.max(...rss.slice(1, 5)) * 1.25)
  world.generator.rate = 0
  world.relay.heal()
  const report = await world.finish({ drainMs: 180_000 })
  expect(report).toMatchObject(clean)
}, 600_000)
