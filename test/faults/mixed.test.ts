import { afterAll, beforeAll, expect, it } from 'vitest'
import { OwnPostgres } from '../support/own-postgres.ts'
import { type Mixed, mix } from './mix.ts'
import { clean, seedOf } from './verdict.ts'

/** Runs one after the other, and records to be acknowledged in each: `SEEDS=10 RECORDS=20000` is the long form. */
const seeds = Number(process.env.SEEDS ?? 2)
const records = Number(process.env.RECORDS ?? 6_000)
const first = seedOf()

let postgres: OwnPostgres
const done: { seed: number; report: Mixed }[] = []

beforeAll(async () => {
  postgres = await OwnPostgres.start()
})

afterAll(async () => {
  await postgres.remove()
  const rows = done.map(({ seed, report }) => {
    const { receivers, faults, callbacks, acknowledged, rows, quarantined, lost, twice, scrapes, seconds } = report
    const found = [callbacks, acknowledged, rows, quarantined, lost.length, twice.length, scrapes]
    return `| ${[seed, receivers, faults.length, seconds, ...found].join(' | ')} |`
  })
  const sum = (of: (report: Mixed) => number) => done.reduce((total, { report }) => total + of(report), 0)
  console.info(
    [
      '| seed | receivers | faults | seconds | callbacks | acknowledged | rows | quarantined | lost | twice | scrapes |',
      '|---|---|---|---|---|---|---|---|---|---|---|',
      ...rows,
      `${sum(({ acknowledged }) => acknowledged)} records acknowledged, ${sum(({ lost }) => lost.length)} lost, ` +
        `${sum(({ twice }) => twice.length)} stored twice`,
    ].join('\n'),
  )
})

it.each(Array.from({ length: seeds }, (_, i) => first + i))(
  'faults at random: SEED=%i',
  async (seed) => {
    const report = await mix({ postgres, seed, records, rate: Number(process.env.RATE ?? 150) })
    done.push({ seed, report })
    expect(report).toMatchObject(clean)
  },
  30 * 60_000,
)
