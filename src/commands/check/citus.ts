import type pg from 'pg'
import { planDistribution, readCitusVersion, readNodes } from '../../store/citus.ts'
import { type Finding, findings, reasonOf } from './finding.ts'

/** Nothing where Postgres is one server. */
export async function checkCitus(client: pg.Client): Promise<Finding[]> {
  const { found, ok, careful, wrong } = findings('Citus')
  const version = await readCitusVersion(client)
  if (version === undefined) return found
  try {
    const { steps } = await planDistribution(client)
    if (steps.length === 0) ok(`all of it is distributed (Citus ${version})`)
    else careful(`not all of it is distributed: ${steps[0]?.name} is not`, 'run rtc-receiver distribute')
    const nodes = await readNodes(client)
    const lost = nodes.filter(({ reached }) => !reached)
    for (const { node } of lost)
      wrong(`node ${node} cannot be reached`, 'records of its sessions wait in the spool until it is back: see its log')
    if (lost.length === 0) ok(`all ${nodes.length} nodes with shards can be reached`)
  } catch (error) {
    wrong(reasonOf(error), 'see docs/scaling.md')
  }
  return found
}
