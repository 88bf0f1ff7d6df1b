import type pg from 'pg'
import { Partitions } from '../../src/store/partitions.ts'
import { type Bench, type Job, median } from '../bench.ts'
import { monthStart, sessionId } from '../callbacks.ts'
import { withClient } from '../cluster.ts'
import { type System, startReceiver } from '../systems.ts'
import { fee, type Section, shapeName, status, type Target, usual } from './section.ts'

const dayMs = 86_400_000

/** What storing and looking up costs when each table has many partitions beside the one that is written. */
export async function partitions(bench: Bench): Promise<Section> {
  const { cluster } = bench
  const systems: System[] = []
  const jobs: Job[] = []
  const databases: { days: number; database: string }[] = []
  for (const days of [0, 90, 730]) {
    const database = `days_${days}`
    const url = await cluster.create(database)
    await withClient(url, (client) => createDays(client, days))
    const system = await startReceiver(database, cluster.directory, { DATABASE_URL: url })
    systems.push(system)
    databases.push({ days, database })
    for (const shape of [status, fee(50)]) {
      const name = `${days} older partitions a table: ${shapeName(shape)}`
      jobs.push({ name, systems: [system], database, shape, connections: usual })
    }
  }
  const measured = await bench.rounds(jobs)
  const targets: Target[] = []
  for (const { days, database } of databases) {
    const value = await withClient(cluster.url(database), lookUp)
    targets.push({ measure: `one session in ops.calls, ${days} older partitions a table: ms`, value })
  }
  for (const system of systems) await system.stop()
  return { title: 'Partitions', measured, targets }
}

async function createDays(client: pg.Client, days: number): Promise<void> {
  const partitions = new Partitions('day')
  for (let day = 1; day <= days; day++) {
    const time = new Date(monthStart() * 1000 - day * dayMs).toISOString()
    await partitions.ensure(client, 'cdrs', [time])
    await partitions.ensure(client, 'call_events', [time])
  }
}

/** Milliseconds to find a call by its session, planning included. */
async function lookUp(client: pg.Client): Promise<number> {
  await client.query('ANALYZE')
  const took: number[] = []
  for (let call = 0; call < 20; call++) {
    const begun = performance.now()
    await client.query('SELECT * FROM ops.calls WHERE session_id = $1', [sessionId(call, 'platform')])
    took.push(performance.now() - begun)
  }
  return median(took)
}
