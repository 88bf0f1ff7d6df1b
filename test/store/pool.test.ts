import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { copyEvents, insertEvents } from '../../src/store/events.ts'
import { createPool, type PoolOptions, transaction, withClient } from '../../src/store/pool.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventRow } from './rows.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await freshDatabase()
})

function poolOf(options: Partial<PoolOptions> = {}): pg.Pool {
  const pool = createPool({
    databaseUrl: database.url,
    size: 1,
    statementTimeoutMs: 2_000,
    connectTimeoutMs: 10_000,
    onError: () => {},
    ...options,
  })
  onTestFinished(() => pool.end())
  return pool
}

const settings = `SELECT current_setting('statement_timeout') AS timeout, current_setting('TimeZone') AS zone,
  current_setting('application_name') AS name`
const pid = async (client: pg.ClientBase) => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid

test('connections bring their time limit, UTC and a name', async () => {
  const { rows } = await poolOf().query(settings)
  expect(rows).toEqual([{ timeout: '2s', zone: 'UTC', name: 'rtc-receiver' }])
})

test('the server notices in about ten seconds when they are gone without a word, in the middle of a COPY too', async () => {
  const { rows } = await poolOf().query(`SELECT current_setting('tcp_keepalives_idle')::int AS idle,
    current_setting('tcp_keepalives_interval')::int * current_setting('tcp_keepalives_count')::int AS probing`)
  const [{ idle, probing }] = rows
  expect(idle).toBeGreaterThan(0)
  expect(probing).toBeGreaterThan(0)
  expect(idle + probing).toBeLessThan(15)
})

test('behind a transaction pooler the time limit travels with each transaction', async () => {
  const pool = poolOf({ pooler: 'transaction', statementTimeoutMs: 300 })
  const lock = await database.pool.connect()
  await lock.query('BEGIN; LOCK TABLE rtc.call_events IN ACCESS EXCLUSIVE MODE')
  const late = (work: (client: pg.ClientBase) => Promise<unknown>) =>
    expect(withClient(pool, work)).rejects.toMatchObject({ code: '57014' })
  await late((client) => copyEvents(client, [eventRow()], null))
  await late((client) => transaction(client, () => insertEvents(client, [eventRow()])))
  await lock.query('ROLLBACK')
  lock.release()
  await withClient(pool, async (client) => {
    await copyEvents(client, [eventRow()], null)
    expect((await client.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }])
  })
})

test('through a transaction pooler they bring nothing, and statements have no names', async () => {
  await database.pool.query(
    `ALTER ROLE CURRENT_USER IN DATABASE ${new URL(database.url).pathname.slice(1)} SET TimeZone = 'Asia/Shanghai'`,
  )
  const pool = poolOf({ pooler: 'transaction' })
  expect((await pool.query(settings)).rows).toMatchObject([{ timeout: '0', zone: 'Asia/Shanghai', name: '' }])
  const prepared = (client: pg.ClientBase) =>
    client.query('SELECT name FROM pg_prepared_statements').then(({ rows }) => rows)
  await withClient(pool, async (client) => {
    await insertEvents(client, [eventRow()])
    expect(await prepared(client)).toEqual([])
  })
  await withClient(poolOf(), async (client) => {
    await insertEvents(client, [eventRow()])
    expect(await prepared(client)).toEqual([{ name: 'insert_events' }])
  })
})

test('an answer that never comes is given up, and its connection with it', async () => {
  const pool = poolOf({ pooler: 'transaction', statementTimeoutMs: 1_000 })
  const before = await withClient(pool, pid)
  // Outside of a transaction nothing tells the server how long it may take.
  await expect(withClient(pool, (client) => client.query('SELECT pg_sleep(10)'))).rejects.toThrow('Query read timeout')
  expect(await withClient(pool, pid)).not.toBe(before)
})

test('a connection is kept after an error of the statement, and dropped after one of its own', async () => {
  const pool = poolOf()
  const before = await withClient(pool, pid)
  await expect(withClient(pool, (client) => client.query('SELECT 1 / 0'))).rejects.toMatchObject({ code: '22012' })
  expect(await withClient(pool, pid)).toBe(before)
  await expect(
    withClient(pool, (client) => client.query('SELECT pg_terminate_backend(pg_backend_pid())')),
  ).rejects.toMatchObject({ code: '57P01' })
  expect(await withClient(pool, pid)).not.toBe(before)
})

test('a connection left in a transaction is dropped', async () => {
  const pool = poolOf()
  const before = await withClient(pool, async (client) => {
    await client.query('BEGIN')
    return await pid(client)
  })
  expect(await withClient(pool, pid)).not.toBe(before)
})

test('idle connections that break are reported and do not end the process', async () => {
  const errors: Error[] = []
  const pool = poolOf({ onError: (error) => errors.push(error) })
  const before = await withClient(pool, pid)
  await database.pool.query('SELECT pg_terminate_backend($1::int)', [before])
  while (errors.length === 0) await sleep(10)
  expect(errors).toHaveLength(1)
  expect(await withClient(pool, pid)).not.toBe(before)
})

test('waiting for a free connection ends as well', async () => {
  const pool = poolOf({ connectTimeoutMs: 2_000 })
  await withClient(pool, async () => {
    await expect(withClient(pool, pid)).rejects.toThrow('timeout exceeded when trying to connect')
  })
})

test('a transaction is committed, or rolled back with the error of its work', async () => {
  const pool = poolOf()
  const stored = async () => (await database.pool.query('SELECT FROM rtc.call_events')).rowCount
  const insert = (client: pg.ClientBase) => insertEvents(client, [eventRow()])
  const failing = withClient(pool, (client) =>
    transaction(client, async () => {
      await insert(client)
      throw new Error('no')
    }),
  )
  await expect(failing).rejects.toThrow('no')
  expect(await stored()).toBe(0)
  expect((await withClient(pool, (client) => transaction(client, () => insert(client)))).size).toBe(1)
  expect(await stored()).toBe(1)
})

test('a transaction with a swallowed error does not pass for committed', async () => {
  const swallowing = withClient(poolOf(), (client) =>
    transaction(client, () => client.query('SELECT 1 / 0').catch(() => {})),
  )
  await expect(swallowing).rejects.toThrow('rolled back')
})

test('a transaction is READ COMMITTED whatever the default', async () => {
  await database.pool.query(
    `ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET default_transaction_isolation = 'serializable'`,
  )
  const { rows } = await withClient(poolOf(), (client) =>
    transaction(client, () => client.query('SHOW transaction_isolation')),
  )
  expect(rows).toEqual([{ transaction_isolation: 'read committed' }])
})
