import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import { cdr, event } from '../support/callbacks.ts'
import { emptyDatabase, type TestDatabase } from '../support/database.ts'
import { foldAll } from '../support/folder.ts'
import { cli } from '../support/program.ts'
import { TestReceiver } from '../support/receiver.ts'
import { joinNodes } from './cluster.ts'
import { Cluster, expectClean, nameOf, worldOf } from './world.ts'

const distribute = ({ url }: TestDatabase, ...args: string[]) =>
  cli(['distribute', ...args], { env: { DATABASE_URL: url } })
const distributed = async ({ pool }: TestDatabase) =>
  (await pool.query('SELECT count(DISTINCT table_name)::int AS n FROM citus_shards')).rows[0].n

test('a filled database while callbacks come: what is there moves, what comes waits in the spool, each once', async () => {
  const database = await emptyDatabase()
  await migrate({ databaseUrl: database.url })
  const world = await worldOf(await Cluster.of(database))
  await joinNodes(inject('serverUrls'), nameOf(database))
  const dry = await distribute(database, '--dry-run')
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining("create_distributed_table('rtc.call_events'") })
  expect(await distributed(database)).toBe(0)

  expect(await distribute(database)).toMatchObject({ code: 0, stderr: '' })
  expect(await distributed(database)).toBeGreaterThanOrEqual(4)
  expect(await distribute(database)).toMatchObject({ stdout: expect.stringContaining('all of it is distributed') })
  await sleep(2_000)
  await expectClean(world)
  // Nothing is left of them where they were.
  const { rows } = await database.pool.query(
    "SELECT relid::regclass FROM pg_partition_tree('rtc.call_events') WHERE pg_relation_size(relid) > 0",
  )
  expect(rows).toEqual([])
})

test('the extension and the nodes before the migrations', async () => {
  const database = await emptyDatabase()
  await joinNodes(inject('serverUrls'), nameOf(database))
  await migrate({ databaseUrl: database.url })
  expect(await distribute(database)).toMatchObject({ code: 0, stderr: '' })
  const it = await TestReceiver.start(database.url)
  await it.take('status', [event('s1')])
  await it.take('fee', [cdr('s1')])
  expect(await it.outcomes()).toEqual({ stored: 2 })
  await foldAll(database.pool)
  const { rows } = await database.pool.query('SELECT session_id, event_count, cdr_count FROM ops.calls')
  expect(rows).toEqual([{ session_id: 's1', event_count: 1, cdr_count: 1 }])
  const check = await cli(['check', '--json'], { env: { DATABASE_URL: database.url } })
  expect(check.stdout).toContain('Citus')
})
