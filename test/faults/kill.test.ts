import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { OwnPostgres } from '../support/own-postgres.ts'
import { World } from '../support/world.ts'
import { clean, seedOf } from './verdict.ts'

/** KILLS=50 is the measurement of docs/durability.md. */
const kills = Number(process.env.KILLS ?? 6)

it(
  `kill -9 of the receiver ${kills} times under load, with Postgres coming and going`,
  async () => {
    const postgres = await OwnPostgres.start()
    onTestFinished(() => postgres.remove())
    const world = await World.create({ postgres, seed: seedOf(), relayed: false })
    onTestFinished(() => world.remove())
    const { random, receiver, generator } = world
    generator.start()
    let killing = true
    let outages = 0
    const comeAndGo = async () => {
      while (killing) {
        await sleep(random.whole(500, 3_000))
        await postgres.stop(random.pick(['fast', 'immediate', 'kill']))
        outages++
        await sleep(random.whole(200, 3_000))
        await world.restartPostgres()
      }
    }
    const killAll = async () => {
      for (let i = 0; i < kills; i++) {
        await sleep(random.whole(100, 1_500))
        await receiver.end('SIGKILL')
        await receiver.start()
      }
      killing = false
    }
    await Promise.all([killAll(), comeAndGo()])
    await sleep(1_000)
    const report = await world.finish()
    console.info(
      `${kills} kills, ${outages} outages of Postgres, ${report.acknowledged} records acknowledged, ${report.lost.length} lost, ` +
        `${report.twice.length} stored twice, ${report.rows} rows, ${report.quarantined} quarantined; ` +
        `${report.scrapes} scrapes; refusals ${JSON.stringify(report.refusals)}`,
    )
    expect(report).toMatchObject(clean)
  },
  kills * 20_000 + 120_000,
)
