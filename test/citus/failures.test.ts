import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { Cluster, expectClean, worldOf } from './world.ts'

/*
 * What befalls a cluster while callbacks come. The coordinator reaches one of the nodes, and the receiver the coordinator,
 * through relays, which do what a server does that is stopped, or a network that fails at the worst moment.
 */

/** Nobody listens there. */
const nowhere = { host: '127.0.0.1', port: 1 }

test('a node is away for five seconds: its records go to the spool, and to it when it is back', async () => {
  const world = await worldOf(await Cluster.relayed())
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
  const world = await worldOf(await Cluster.relayed())
  world.relay.target = nowhere
  world.relay.reset()
  await world.until((metric) => metric('rtc_spool_records') > 0, 'records go to the spool')
  await sleep(5_000)
  world.relay.target = world.postgres.address
  await sleep(2_000)
  await expectClean(world)
})

test.each(['after prepare', 'before commit prepared'] as const)(
  'a connection of the coordinator is lost %s: what stays prepared is recovered',
  async (where) => {
    const world = await worldOf(await Cluster.relayed())
    const { relay, database } = world.postgres
    relay.cut(where)
    await expect.poll(() => relay.cuts, { timeout: 30_000 }).toBe(1)
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
  const cluster = await Cluster.of(await freshDatabase())
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
