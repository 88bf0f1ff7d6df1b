import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { OwnPostgres } from '../support/own-postgres.ts'
import { World } from '../support/world.ts'
import { type Fault, networkFaults, postgresFaults, receiverFaults } from './faults.ts'
import { clean, seedOf } from './verdict.ts'

let postgres: OwnPostgres

beforeAll(async () => {
  postgres = await OwnPostgres.start()
})

afterAll(async () => postgres.remove())

/** A short run under load with the one fault in its middle. */
async function live(fault: Fault, ms: number): Promise<void> {
  const world = await World.create({ postgres, seed: seedOf() })
  onTestFinished(() => world.remove())
  world.generator.start()
  await sleep(1_500)
  await fault.bring(world, ms)
  await sleep(1_500)
  const report = await world.finish()
  expect(report).toMatchObject(clean)
  expect(report.acknowledged).toBeGreaterThan(300)
  console.info(`${fault.name}: ${report.acknowledged} acknowledged, refusals ${JSON.stringify(report.refusals)}`)
}

describe('nothing is lost, nothing is stored twice', () => {
  for (const fault of [...postgresFaults, ...networkFaults, ...receiverFaults]) {
    const ms = /SIGSTOP|swallows/.test(fault.name) ? 10_000 : 4_000
    it(fault.name, () => live(fault, ms))
  }
})
