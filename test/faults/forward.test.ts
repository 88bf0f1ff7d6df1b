import { expect, it } from 'vitest'
import { forwardThroughKills } from '../support/killed-forwarder.ts'

/** CALLBACKS=100000 KILLS=10 is the measurement of docs/feed.md. */
const callbacks = Number(process.env.CALLBACKS ?? 10_000)
const kills = Number(process.env.KILLS ?? 4)

it(
  `${callbacks} callbacks reach an application that refuses and hangs, through ${kills} kills of the forwarder`,
  async () => {
    const figures = await forwardThroughKills(callbacks, kills)
    console.info(JSON.stringify(figures))
    expect(figures).toMatchObject({ callbacks })
  },
  120_000 + callbacks * 20,
)
