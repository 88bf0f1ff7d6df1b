import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OwnPostgres } from '../support/own-postgres.ts'
import { Random } from '../support/random.ts'
import { type Report, World } from '../support/world.ts'
import { type Fault, networkFaults, postgresFaults, receiverFaults } from './faults.ts'

export interface MixOptions {
  postgres: OwnPostgres
  seed: number
  /** The run ends when so many records are acknowledged. */
  records: number
  rate?: number
  /** Faults that befall Postgres and the network, one after the other. */
  faults?: Fault[]
}

export interface Mixed extends Report {
  receivers: number
  faults: string[]
  seconds: number
}

/**
 * A run under load with faults at random, the same for the same seed as far as clocks and processes allow. Postgres
 * and the network have theirs one after the other; receivers have theirs meanwhile, and their clock jumps.
 */
export async function mix(options: MixOptions): Promise<Mixed> {
  const { postgres, seed, records, rate = 150, faults = [...postgresFaults, ...networkFaults] } = options
  const random = new Random(seed)
  const clock = await mkdtemp(join(tmpdir(), 'rtc-receiver-faults-clock-'))
  const offset = join(clock, 'offset')
  const receivers = random.whole(1, 2)
  const world = await World.create({
    postgres,
    seed,
    rate,
    receivers,
    migrated: random.chance(0.5),
    env: { SHUTDOWN_TIMEOUT_MS: '20000', CLOCK_OFFSET_FILE: offset },
    receiver: { nodeArgs: ['--import', new URL('../support/clock.mjs', import.meta.url).href] },
  })
  try {
    const started = performance.now()
    const brought: string[] = []
    const enough = () => world.generator.acknowledged >= records
    /** One fault after the other, each kind once before any comes again, and each at least once. */
    const plague = async (faults: readonly Fault[], gapMs: number) => {
      let left = random.shuffled(faults)
      for (let first = true; first || !enough(); first &&= left.length > 0) {
        if (left.length === 0) left = random.shuffled(faults)
        const fault = left.pop() as Fault
        await sleep(random.whole(0, gapMs))
        brought.push(fault.name)
        await fault.bring(world, random.whole(300, 3_000))
      }
    }
    const clockJumps: Fault = {
      name: 'the clock jumps',
      async bring(_world, ms) {
        await writeFile(offset, String(random.whole(-200, 200) * random.pick([1_000, 60_000, 3_600_000])))
        await sleep(ms)
        await writeFile(offset, '0')
      },
    }
    world.generator.start()
    await Promise.all([plague(faults, 1_000), plague([...receiverFaults, clockJumps], 4_000)])
    const report = await world.finish({ drainMs: 90_000 })
    return { ...report, receivers, faults: brought, seconds: Math.round((performance.now() - started) / 1000) }
  } catch (error) {
    throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error })
  } finally {
    await world.remove()
    await rm(clock, { recursive: true, force: true })
  }
}
