import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { clean, seedOf } from '../faults/verdict.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { World } from '../support/world.ts'

/*
 * What befalls a cluster while callbacks come. The coordinator reaches one of the nodes, and the receiver the coordinator,
 * through relays, which do what a server does that is stopped, or a network that fails at the worst moment.
 */

/** The cluster as the faults' world sees a server: the database of a test, on all nodes. */
class Cluster {
  readonly database: TestDatabase
  readonly node: { host: string; port: number }
  readonly relay: PostgresRelay
  #nodeUrl = ''

  private constructor(database: TestDatabase, node: { host: string; port: number }, relay: PostgresRelay) {
    this.database = database
    this.node = node
    this.relay = relay
  }

  /** @param relayed whether the coordinator reaches the last node through the relay */
  static async start({ relayed = true } = {}): Promise<Cluster> {
    const database = await freshDatabase()
    const [, , last = ''] = inject('serverUrls')
    const node = { host: new URL(last).hostname, port: Number(new URL(last).port) }
    const relay = await PostgresRelay.start(node)
    const cluster = new Cluster(database, node, relay)
    const url = new URL(last)
    url.pathname = new URL(database.url).pathname
    cluster.#nodeUrl = url.href
    if (!relayed) return cluster
    // Two statements: Citus does not survive one that updates the node it reads.
    const { rows } = await database.pool.query('SELECT nodeid FROM pg_dist_node WHERE nodeport = $1', [node.port])
    await database.pool.query('SELECT citus_update_node($1, $2, $3)', [rows[0].nodeid, '127.0.0.1', relay.port])
    return cluster
  }

  get address() {
    const { hostname: host, port } = new URL(this.database.url)
    return { host, port: Number(port) }
  }

  url(_database: string, port?: number): string {
    const url = new URL(this.database.url)
    if (port !== undefined) url.port = String(port)
    return url.href
  }

  createDatabase = async () => new URL(this.database.url).pathname.slice(1)
  query = async <Row extends pg.QueryResultRow>(_database: string, text: string, values: unknown[] = []) =>
    (await this.database.pool.query<Row>(text, values)).rows
  admin = () => this.database.pool
  start = async () => {}

  /** Transactions that are prepared on the node behind the relay. */
  async prepared(): Promise<number> {
    const client = new pg.Client({ connectionString: this.#nodeUrl })
    await client.connect()
    const { rows } = await client.query(
      'SELECT count(*)::int AS n FROM pg_prepared_xacts WHERE database = current_database()',
    )
    await client.end()
    return rows[0].n
  }
}

/** Nobody listens there. */
const nowhere = { host: '127.0.0.1', port: 1 }

async function worldOf(cluster: Cluster): Promise<World<Cluster>> {
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
async function expectClean(world: World<Cluster>): Promise<void> {
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

test('a node is away for five seconds: its records go to the spool, and to it when it is back', async () => {
  const world = await worldOf(await Cluster.start())
  const { relay, node } = world.postgres
  relay.target = nowhere
  relay.reset()
  await world.until((metric) => metric('rtc_spool_records') > 0, 'records go to the spool')
  await sleep(5_000)
  relay.target = node
  await sleep(2_000)
  await expectClean(world)
})

test('the coordinator is away for five seconds', async () => {
  const world = await worldOf(await Cluster.start())
  world.relay.target = nowhere
  world.relay.reset()
  await world.until((metric) => metric('rtc_spool_records') > 0, 'records go to the spool')
  await sleep(5_000)
  world.relay.target = world.postgres.address
  await sleep(2_000)
  await expectClean(world)
})

test.each(['after prepare', 'before commit prepared'] as const)(
  'connections of the coordinator are lost %s: what stays prepared is recovered',
  async (where) => {
    const world = await worldOf(await Cluster.start())
    const { relay, database } = world.postgres
    relay.cut(where, 5)
    await expect.poll(() => relay.cuts, { timeout: 30_000 }).toBe(5)
    expect(await world.postgres.prepared()).toBeGreaterThan(0)
    await sleep(1_000)
    // As the maintenance daemon of Citus does each minute.
    const recover = async () => {
      await database.pool.query('SELECT recover_prepared_transactions()')
      return world.postgres.prepared()
    }
    await world.generator.stop()
    await expect.poll(recover, { timeout: 30_000, interval: 500 }).toBe(0)
    await expectClean(world)
  },
)

test('a node is added, and shards move to it, while callbacks come', async () => {
  const cluster = await Cluster.start({ relayed: false })
  const { pool } = cluster.database
  const address = [cluster.node.host, cluster.node.port]
  const shards = async () =>
    (await pool.query('SELECT count(DISTINCT nodeport)::int AS nodes FROM citus_shards')).rows[0].nodes
  await pool.query("SELECT citus_drain_node($1, $2, 'block_writes')", address)
  await pool.query('SELECT citus_remove_node($1, $2)', address)
  expect(await shards()).toBe(1)
  const world = await worldOf(cluster)
  await pool.query('SELECT citus_add_node($1, $2)', address)
  // It is refused while a partition is made.
  const rebalance = async () => {
    await pool.query("SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes', threshold => 0.01)")
    return shards()
  }
  await expect.poll(rebalance, { timeout: 60_000, interval: 500 }).toBe(2)
  await sleep(2_000)
  await expectClean(world)
})
