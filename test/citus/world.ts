import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { expect, inject, onTestFinished } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import { clean, seedOf } from '../faults/verdict.ts'
import { emptyDatabase, type TestDatabase } from '../support/database.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { World } from '../support/world.ts'
import { execute, inDatabase, makeCitus } from './cluster.ts'

export const nameOf = ({ url }: TestDatabase) => new URL(url).pathname.slice(1)

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

/** The cluster as the faults' world sees a server: the database of a test, on all nodes. */
export class Cluster {
  readonly database: TestDatabase
  readonly node: { host: string; port: number }
  readonly relay: PostgresRelay
  readonly #nodeUrl: string

  private constructor(database: TestDatabase, node: Cluster['node'], nodeUrl: string, relay: PostgresRelay) {
    this.database = database
    this.node = node
    this.relay = relay
    this.#nodeUrl = nodeUrl
  }

  /** A cluster of a new database, of which the coordinator reaches the last node through the relay. */
  static async relayed(): Promise<Cluster> {
    const database = await emptyDatabase()
    await migrate({ databaseUrl: database.url })
    const cluster = await Cluster.of(database)
    const [coordinator = '', ...nodes] = inject('serverUrls')
    const last = new URL(nodes.pop() ?? '')
    last.port = String(cluster.relay.port)
    await makeCitus([coordinator, ...nodes, last.href], nameOf(database))
    return cluster
  }

  /** The relay leads to the last node, and nobody is told of it. */
  static async of(database: TestDatabase): Promise<Cluster> {
    const nodeUrl = inDatabase(inject('serverUrls').at(-1) ?? '', nameOf(database))
    const node = addressOf(nodeUrl)
    return new Cluster(database, node, nodeUrl, await PostgresRelay.start(node))
  }

  get address() {
    return addressOf(this.database.url)
  }

  url(_database: string, port?: number): string {
    const url = new URL(this.database.url)
    if (port !== undefined) url.port = String(port)
    return url.href
  }

  createDatabase = async () => nameOf(this.database)
  query = async <Row extends pg.QueryResultRow>(_database: string, text: string, values: unknown[] = []) =>
    (await this.database.pool.query<Row>(text, values)).rows
  admin = () => this.database.pool

  /** Transactions that are prepared on the node behind the relay. */
  async prepared(): Promise<number> {
    const rows = await execute(this.#nodeUrl, 'SELECT FROM pg_prepared_xacts WHERE database = current_database()')
    return rows.length
  }
}

/** Callbacks that have been coming for two seconds. */
export async function worldOf(cluster: Cluster): Promise<World<Cluster>> {
  const world = await World.create({ postgres: cluster, seed: seedOf(), rate: 40 })
  onTestFinished(async () => {
    await world.remove()
    await cluster.database.drop()
    await cluster.relay.stop()
  })
  world.generator.start()
  await sleep(2_000)
  return world
}

/** Every record that was answered 200 is there once, and in a call. */
export async function expectClean(world: World<Cluster>): Promise<void> {
  expect(await world.finish({ drainMs: 120_000 })).toMatchObject(clean)
  const { pool } = world.postgres.database
  const { rows } = await pool.query(
    'SELECT session_id FROM rtc.call_events UNION SELECT session_id FROM rtc.cdrs ORDER BY session_id',
  )
  const sessions = rows.map(({ session_id }) => session_id)
  expect(sessions.length).toBeGreaterThan(100)
  const called = async () =>
    (await pool.query('SELECT session_id FROM rtc.calls_private ORDER BY session_id')).rows.map((row) => row.session_id)
  await expect.poll(called, { timeout: 60_000, interval: 500 }).toEqual(sessions)
}
