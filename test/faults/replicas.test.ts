import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { inspectSpool } from '../../src/spool/spool.ts'
import { OwnPostgres } from '../support/own-postgres.ts'
import { ReceiverProcess } from '../support/receiver-process.ts'
import { World, type WorldOptions } from '../support/world.ts'
import { clean, seedOf } from './verdict.ts'

let postgres: OwnPostgres

beforeAll(async () => {
  postgres = await OwnPostgres.start()
})

afterAll(async () => postgres.remove())

async function create(options: Partial<WorldOptions> = {}): Promise<World> {
  const world = await World.create({ postgres, seed: seedOf(), ...options })
  onTestFinished(() => world.remove())
  return world
}

it('two receivers on one Postgres, which comes and goes', async () => {
  const world = await create({ receivers: 2, migrated: false })
  world.generator.start()
  for (const mode of ['fast', 'kill'] as const) {
    await sleep(1_500)
    await postgres.stop(mode)
    await sleep(2_000)
    await world.restartPostgres()
  }
  await sleep(1_500)
  const report = await world.finish()
  expect(report).toMatchObject(clean)
  expect(Object.keys(report.refusals)).toEqual(['400'])
})

it('one drains while the other takes what comes, and the same CDRs come to both', async () => {
  const world = await create({ receivers: 2 })
  const [first, second] = world.receivers as [ReceiverProcess, ReceiverProcess]
  world.generator.urls = [first.url]
  world.generator.start()
  await sleep(500)
  world.relay.blackhole()
  await sleep(4_000)
  // The first has a spool full of records; from now on duplicates of them go to the second.
  world.generator.urls = [second.url]
  world.relay.heal()
  await sleep(300)
  const ended = first.end('SIGTERM')
  await sleep(2_000)
  expect(await ended).toEqual({ code: 0, signal: null })
  await first.start()
  const report = await world.finish()
  expect(report).toMatchObject(clean)
})

it('a second receiver takes over the DATA_DIR of one that is killed while it drains', async () => {
  const world = await create({ rate: 250 })
  world.generator.start()
  await sleep(500)
  await postgres.stop('immediate')
  await sleep(4_000)
  const { dataDir } = world.receiver.options
  await world.restartPostgres()
  // In the middle of the drain, as often as it takes.
  let takeovers = 0
  while ((await inspectSpool(`${dataDir}/spool`)).records > 0 && takeovers < 5) {
    await sleep(world.random.whole(100, 500))
    await world.receiver.end('SIGKILL')
    await world.receiver.start()
    takeovers++
  }
  expect(takeovers).toBeGreaterThan(0)
  const report = await world.finish()
  expect(report).toMatchObject(clean)
})

it('a second receiver on the same DATA_DIR is kept out, and says why', async () => {
  const world = await create()
  world.generator.start()
  const second = await ReceiverProcess.create(world.receiver.options)
  second.spawn()
  expect((await second.exited).code).toBe(1)
  expect(second.output).toMatch(/in use by another process/)
  await world.receiver.end('SIGKILL')
  // What kill -9 leaves of the lock keeps nobody out.
  await second.start()
  await second.end('SIGTERM')
  await world.receiver.start()
  expect(await world.finish()).toMatchObject(clean)
})
