import { expect, test } from 'vitest'
import { networkFaults, postgresFaults } from '../faults/faults.ts'
import { mix } from '../faults/mix.ts'
import { clean, seedOf } from '../faults/verdict.ts'
import { OwnPostgres } from '../support/own-postgres.ts'

/** A few that are quick to bring about; all of them: npm run test:faults. */
const few = [...postgresFaults, ...networkFaults].filter(({ name }) =>
  /\((immediate|kill)\)|terminate|after commit|swallows/.test(name),
)

test('nothing answered 200 is lost or stored twice, whatever befalls Postgres, the network and the receiver', async () => {
  const postgres = await OwnPostgres.start()
  try {
    const report = await mix({ postgres, seed: seedOf(), records: 900, rate: 60, faults: few })
    console.info(`${report.acknowledged} acknowledged, ${report.faults.length} faults in ${report.seconds} s`)
    expect(report).toMatchObject(clean)
  } finally {
    await postgres.remove()
  }
}, 600_000)
