import { createServer } from 'node:net'
import pg from 'pg'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { insertCdrs } from '../../src/store/cdrs.ts'
import { classify, isMissingPartition, needsNewConnection, opensBreaker, publicError } from '../../src/store/errors.ts'
import { insertEvents } from '../../src/store/events.ts'
import { createPool } from '../../src/store/pool.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { connect } from './connect.ts'
import { cdrRow, eventRow } from './rows.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})

/** What the promise was rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.fail('nothing was thrown'),
    (error) => error,
  )
}

const verdict = (error: unknown) => ({
  class: classify(error),
  breaker: opensBreaker(error),
  newConnection: needsNewConnection(error),
})
const badRecord = { class: 'bad_record', breaker: false, newConnection: false }
const ourMistake = { class: 'our_mistake', breaker: false, newConnection: false }
const gone = { class: 'away', breaker: true, newConnection: true }

/** A closed port of this machine. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 1
}

test.each([
  ['division by zero', 'SELECT 1 / 0'],
  ['text that is no integer', `SELECT '+8613800000021x'::int`],
  ['NUL in JSON', `SELECT '"\\u0000"'::jsonb`],
  ['a missing value', 'INSERT INTO rtc.apps (app_key) VALUES (NULL)'],
  ['a violated check', `INSERT INTO rtc.apps (app_key, scenario) VALUES ('a', 'telegraphy')`],
])('%s is a bad record', async (_, sql) => {
  expect(verdict(await errorOf(database.pool.query(sql)))).toEqual(badRecord)
})

test('a key too long for an index is a bad record', async () => {
  const session_id = Array.from({ length: 1024 }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7919) % 20_000))).join(
    '',
  )
  const client = await connect(database.url)
  const error = await errorOf(insertCdrs(client, [cdrRow({ session_id })]))
  expect(error).toMatchObject({ code: '54000' })
  expect(verdict(error)).toEqual(badRecord)
})

test('a time without partition is tried again, and is not taken for a violated check', async () => {
  const client = await connect(database.url)
  const missing = await errorOf(insertEvents(client, [eventRow({ occurred_at: '2099-01-01 00:00:00' })]))
  expect(isMissingPartition(missing)).toBe(true)
  expect(verdict(missing)).toEqual({ class: 'retry', breaker: false, newConnection: false })
  const check = await errorOf(client.query(`INSERT INTO rtc.keys (purpose, key) VALUES ('a', '')`))
  expect(check).toMatchObject({ code: '23514' })
  expect(isMissingPartition(check)).toBe(false)
})

test('a deadlock and a serialization failure are tried again on the same connection', async () => {
  const retry = { class: 'retry', breaker: false, newConnection: false }
  const [one, two] = [await connect(database.url), await connect(database.url)]
  const [a, b] = [eventRow({ session_id: 'a' }), eventRow({ session_id: 'b' })]
  await Promise.all([one.query('BEGIN'), two.query('BEGIN')])
  await Promise.all([insertEvents(one, [a]), insertEvents(two, [b])])
  const outcomes = await Promise.allSettled([insertEvents(one, [b]), insertEvents(two, [a])])
  const [deadlock] = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(verdict(deadlock?.reason)).toEqual(retry)
  await Promise.all([one.query('ROLLBACK'), two.query('ROLLBACK')])

  await one.query(`INSERT INTO rtc.apps (app_key) VALUES ('serial')`)
  await one.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM rtc.apps')
  await two.query(`UPDATE rtc.apps SET name = 'two'`)
  expect(verdict(await errorOf(one.query(`UPDATE rtc.apps SET name = 'one'`)))).toEqual(retry)
})

test('a prepared statement that is gone, taken or stale wants a new connection', async () => {
  const retry = { class: 'retry', breaker: false, newConnection: true }
  const client = await connect(database.url)
  const statement = { name: 'one', text: 'SELECT * FROM changing' }
  await client.query('CREATE TEMP TABLE changing (a int)')
  await client.query(statement)
  await client.query('ALTER TABLE changing ADD b int')
  expect(verdict(await errorOf(client.query(statement)))).toEqual(retry)
  await client.query('DEALLOCATE one')
  expect(verdict(await errorOf(client.query(statement)))).toEqual(retry)
  await client.query('PREPARE two AS SELECT 2')
  expect(verdict(await errorOf(client.query({ name: 'two', text: 'SELECT 3' })))).toEqual(retry)
})

test('a statement cut off by its timeout opens the breaker', async () => {
  const client = await connect(database.url, { statement_timeout: 50 })
  const error = await errorOf(client.query('SELECT pg_sleep(5)'))
  expect(error).toMatchObject({ code: '57014' })
  expect(verdict(error)).toEqual({ class: 'away', breaker: true, newConnection: false })
})

test('a lock not had in time is waited for in the spool, without opening the breaker', async () => {
  const [holder, waiter] = [await connect(database.url), await connect(database.url)]
  await holder.query('BEGIN; LOCK TABLE rtc.apps')
  await waiter.query('SET lock_timeout = 50')
  const error = await errorOf(waiter.query('SELECT FROM rtc.apps'))
  expect(verdict(error)).toEqual({ class: 'away', breaker: false, newConnection: false })
})

test('a read-only server is away, and another connection may lead to one that is not', async () => {
  const client = await connect(database.url, { options: '-c default_transaction_read_only=on' })
  const error = await errorOf(insertEvents(client, [eventRow()]))
  expect(error).toMatchObject({ code: '25006' })
  expect(verdict(error)).toEqual({ class: 'away', breaker: false, newConnection: true })
})

test('a terminated backend is away', async () => {
  const client = await connect(database.url)
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  const sleeping = errorOf(client.query('SELECT pg_sleep(20)'))
  await database.pool.query('SELECT pg_terminate_backend($1::int)', [rows[0].pid])
  expect(verdict(await sleeping)).toEqual(gone)
  expect(verdict(await errorOf(client.query('SELECT 1')))).toEqual(gone)
})

test('a refused connection is away, by address as by name', async () => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const client = new pg.Client({ host, port: await closedPort() })
    expect(verdict(await errorOf(client.connect()))).toEqual(gone)
  }
  const nowhere = new pg.Client({ host: '/nowhere/at/all' })
  expect(verdict(await errorOf(nowhere.connect()))).toEqual(gone)
  const nobody = new pg.Client({ host: 'nobody.invalid' })
  expect(verdict(await errorOf(nobody.connect()))).toEqual(gone)
})

test('a server that takes the connection and says nothing is away', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void silent.close())
  const address = silent.address()
  const pool = createPool({
    databaseUrl: `postgres://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/nothing`,
    size: 1,
    statementTimeoutMs: 100,
    onError: () => {},
  })
  expect(verdict(await errorOf(pool.query('SELECT 1')))).toEqual(gone)
})

test('a wrong password, a wrong database, a missing table and a missing right are our mistakes', async () => {
  const address = new URL(database.url)
  address.pathname = '/rtc_test_no_such_database'
  expect(verdict(await errorOf(new pg.Client({ connectionString: address.href }).connect()))).toEqual(ourMistake)
  for (const sql of ['SELECT FROM rtc.nothing', 'SELEC', `DO $$ BEGIN RAISE insufficient_privilege; END $$`]) {
    expect(verdict(await errorOf(database.pool.query(sql)))).toEqual(ourMistake)
  }
  expect(verdict(new TypeError('x is not a function'))).toEqual(ourMistake)
  expect(verdict('text')).toEqual(ourMistake)
  expect(verdict(null)).toEqual(ourMistake)
})

test.each([
  ['08006', gone],
  ['08P01', { class: 'our_mistake', breaker: false, newConnection: true }],
  ['53300', { class: 'away', breaker: true, newConnection: false }],
  ['53100', { class: 'away', breaker: false, newConnection: false }],
  ['57P03', gone],
  ['58030', { class: 'away', breaker: false, newConnection: false }],
  ['28P01', ourMistake],
  ['21000', ourMistake],
  ['0A000', ourMistake],
  ['XX000', ourMistake],
])('SQLSTATE %s', (code, expected) => {
  const routine = 'as_postgres_says' // it always names one
  expect(verdict(Object.assign(new Error('as Postgres says'), { code, routine }))).toEqual(expected)
})

// As Citus passes on what a COPY met on another node: as it came, without its code.
test.each([
  ['duplicate key value violates unique constraint "cdrs_2024_03_102012_pkey"', '23505'],
  ['no partition of relation "cdrs_102012" found for row', '23514'],
  ['new row for relation "cdrs_old_102016" violates check constraint "unlucky"', '23514'],
  ['index row size 2760 exceeds btree version 4 maximum 2704 for index "cdrs_old_102016_pkey"', '54000'],
  ['canceling the transaction since it was involved in a distributed deadlock', '40P01'],
  ['canceling statement due to lock timeout', '55P03'],
  ['could not extend file "base/5/1": No space left on device', '53100'],
  ['terminating connection due to administrator command', '57P01'],
  [
    'connection to the remote node rtc@10.0.0.7:5432 failed with the following error: server closed the connection',
    '08006',
  ],
  ['failure on connection marked as essential: 10.0.0.7:5432', '08006'],
  ['cache lookup failed for relation 5', 'XX000'],
])('XX000 of Citus, %s: %s', (message, code) => {
  const error = Object.assign(new Error(message), { code: 'XX000', routine: 'ReportResultError' })
  expect(publicError(error).code).toBe(code)
  expect(isMissingPartition(error)).toBe(message.startsWith('no partition'))
})

test.each([
  ['query_wait_timeout', gone],
  ['server login has been failing, try again later (server_login_retry)', gone],
  ['server conn crashed?', gone],
  ['SASL authentication failed', { ...ourMistake, newConnection: true }],
  ['database "nothing" does not exist', { ...ourMistake, newConnection: true }],
  ['no such database: nothing', { ...ourMistake, newConnection: true }],
  ['unsupported startup parameter: options', { ...ourMistake, newConnection: true }],
])('pgbouncer: %s', (message, expected) => {
  expect(verdict(Object.assign(new Error(message), { code: '08P01', severity: 'FATAL' }))).toEqual(expected)
})

test('what may be logged holds no value', async () => {
  const number = '+8613800000021'
  const { pool } = database
  await pool.query(`INSERT INTO rtc.apps (app_key) VALUES ($1)`, [number])
  const errors = [
    await errorOf(pool.query(`INSERT INTO rtc.apps (app_key) VALUES ($1)`, [number])),
    await errorOf(pool.query(`SELECT '${number}x'::int`)),
    await errorOf(pool.query(`SELECT '${number}'::timestamptz`)),
    await errorOf(pool.query(`INSERT INTO rtc.apps (app_key, scenario) VALUES ('b', $1)`, [number])),
    await errorOf(pool.query(`DO $$ BEGIN RAISE 'number ${number}'; END $$`)),
  ]
  for (const error of errors) expect(JSON.stringify(publicError(error))).not.toContain('138')
  expect(publicError(errors[0])).toEqual({
    code: '23505',
    message: 'SQLSTATE 23505',
    severity: 'ERROR',
    routine: '_bt_check_unique',
    table: 'apps',
    constraint: 'apps_pkey',
  })
})

test('an outage keeps its message', async () => {
  expect(publicError(await errorOf(database.pool.query('SELECT FROM rtc.nothing')))).toMatchObject({
    code: '42P01',
    message: 'relation "rtc.nothing" does not exist',
  })
  expect(publicError(new Error('Connection terminated unexpectedly'))).toEqual({
    message: 'Connection terminated unexpectedly',
  })
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  expect(publicError(Object.assign(new AggregateError([refused]), { code: 'ECONNREFUSED' }))).toEqual({
    code: 'ECONNREFUSED',
    message: 'ECONNREFUSED',
  })
  expect(publicError('text')).toEqual({ message: 'not an error' })
})
