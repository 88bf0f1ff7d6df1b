import { createSecretKey } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type pg from 'pg'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { Forwarder, type ForwarderOptions } from '../../src/feed/forwarder.ts'
import { Sender } from '../../src/feed/sender.ts'
import { createPool, withClient } from '../../src/store/pool.ts'
import { applyRetention } from '../../src/store/retention.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { Consumer } from '../support/consumer.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { foldAll } from '../support/folder.ts'
import { forwardThroughKills } from '../support/killed-forwarder.ts'
import { until } from '../support/receiver.ts'
import { TestLog } from '../support/spool.ts'

let database: TestDatabase
let pool: pg.Pool
let consumer: Consumer

beforeEach(async () => {
  database = await freshDatabase()
  pool = database.pool
  consumer = await Consumer.start()
})

const limits = { leaseMs: 5_000, firstBackoffMs: 10, maxBackoffMs: 50, tries: 3 }

/** The consumer has seconds, unless it is to hang: on a busy machine it may be slow. */
function start({ timeoutMs = 5_000, ...options }: Partial<ForwarderOptions> & { timeoutMs?: number } = {}) {
  const log = new TestLog()
  const own = createPool({ databaseUrl: database.url, size: 1, statementTimeoutMs: 10_000, onError: () => {} })
  const sender = new Sender({
    url: consumer.url,
    keys: [createSecretKey(consumer.key)],
    timeoutMs,
    connections: 16,
  })
  const forwarder = new Forwarder({ pool: () => own, name: 'test', sender, log, limits, ...options })
  onTestFinished(async () => {
    await forwarder.stop(100)
    await own.end()
  })
  forwarder.start()
  return { forwarder, log }
}

const stored = async (session: string) => {
  await storeFacts(pool, callOf(session, new Date(Date.now() - 120_000)))
  await foldAll(pool)
}
const state = async () =>
  (await pool.query(`SELECT name, position::int, is_running, dead_letters FROM ops.forwarders`)).rows
const head = async () => (await pool.query<{ head: number }>('SELECT feed.head()::int AS head')).rows[0]?.head
const isHeld = (forwarder: Forwarder) => expect.poll(() => forwarder.progress.isHeld).toBe(true)

test('a new one begins with what comes from now on, and goes on where it stopped', async () => {
  await stored('before')
  const { forwarder } = start()
  await isHeld(forwarder)
  await stored('s1')
  await expect.poll(() => consumer.taken.length).toBe(9)
  expect(consumer.taken.map(({ type }) => type).slice(-2)).toEqual(['call.cdr', 'call.changed'])
  const [call] = consumer.taken.slice(-1)
  expect(call?.data.call).toMatchObject({ a_number: '+8613800000021', outcome: 'answered' })
  expect(call?.id).toBe(`${call?.call_ref}.${call?.position}`)
  await forwarder.stop()
  expect(await state()).toEqual([{ name: 'test', position: await head(), is_running: false, dead_letters: 0 }])
  await stored('s2')
  start()
  await expect.poll(() => consumer.taken.length).toBe(18)
  expect(new Set(consumer.taken.map(({ id }) => id)).size).toBe(18)
})

test('one delivers at a time; another takes over when it stops', async () => {
  const first = start()
  await isHeld(first.forwarder)
  const second = start()
  await stored('s1')
  await expect.poll(() => consumer.taken.length).toBe(9)
  expect(second.forwarder.progress).toMatchObject({ isHeld: false, delivered: 0 })
  await first.forwarder.stop()
  await isHeld(second.forwarder)
  await stored('s2')
  await expect.poll(() => consumer.taken.length).toBe(18)
})

test('what is refused while others get through becomes a dead letter, and holds up only its own call', async () => {
  const { forwarder } = start()
  await isHeld(forwarder)
  consumer.answer = ({ data }) => {
    const { session_id = '', event_type } = (data.event ?? {}) as { session_id?: string; event_type?: string }
    return session_id.startsWith('bad') && event_type === 'alerting' ? 400 : 'take'
  }
  for (let i = 0; i < 3; i++) await stored(`bad${i}`)
  let good = 0
  // Two events of each; that others get through is to be seen again and again.
  await until('all six are given up', async () => {
    await stored(`good${good++}`)
    return (await state())[0]?.dead_letters === 6
  })
  await expect.poll(async () => (await state())[0]?.position).toBe(await head())
  expect(new Set(consumer.taken.map(({ id }) => id)).size).toBe(3 * 7 + good * 9)
  const { rows } = await pool.query(
    'SELECT DISTINCT kind, error, min(tries) >= 3 AS tried FROM ops.dead_letters GROUP BY 1, 2',
  )
  expect(rows).toEqual([{ kind: 'event', error: 'HTTP 400', tried: true }])
})

test('while nothing gets through all waits, however often it was tried, and comes when the consumer is back', async () => {
  const { forwarder, log } = start()
  await isHeld(forwarder)
  consumer.answer = () => 503
  await stored('s1')
  await stored('s2')
  await expect.poll(() => forwarder.progress.failed, { timeout: 20_000 }).toBeGreaterThan(15)
  expect(forwarder.lagSeconds).toBeGreaterThan(0)
  expect((await state())[0]).toMatchObject({ dead_letters: 0 })
  consumer.answer = () => 'take'
  await expect.poll(() => forwarder.progress.delivered, { timeout: 20_000 }).toBe(18)
  expect(consumer.taken).toHaveLength(18)
  expect(forwarder.lagSeconds).toBe(0)
  expect(log.lines.map(({ message }) => message)).toEqual([expect.stringMatching(/does not take what is forwarded/)])
})

test('one that never answers is given up in time, and tried again', async () => {
  const { forwarder } = start({ timeoutMs: 1_000 })
  await isHeld(forwarder)
  let hangs = 5
  consumer.answer = () => (hangs-- > 0 ? 'hang' : 'take')
  await stored('s1')
  // The forwarder hears of the last answer a moment after the consumer has given it.
  await expect.poll(() => forwarder.progress.delivered, { timeout: 20_000 }).toBe(9)
  expect(consumer.taken).toHaveLength(9)
  expect(forwarder.progress).toMatchObject({ failed: 5, deadLetters: 0 })
})

test('entries that were gone by age before they were delivered are told of, and it goes on with what is left', async () => {
  const first = start()
  await isHeld(first.forwarder)
  await first.forwarder.stop()
  await stored('s1')
  await stored('s2')
  await pool.query(`UPDATE rtc.feed SET at = now() - interval '8 days' WHERE position <= 9`)
  await pool.query('UPDATE rtc.forwarders SET position = 1')
  await applyRetention(pool, { feedRetentionDays: 7 }, { attempts: 1, pauseMs: 1 })
  const { log } = start()
  await expect.poll(() => consumer.taken.length).toBe(9)
  expect(log.lines.map(({ message }) => message)).toEqual([expect.stringMatching(/expired before/)])
})

test('a feed that cannot be read is read less and less often', async () => {
  await pool.query('ALTER FUNCTION feed.entries_after RENAME TO gone')
  let asked = 0
  const own = createPool({ databaseUrl: database.url, size: 1, statementTimeoutMs: 10_000, onError: () => {} })
  const { forwarder, log } = start({ pool: () => own })
  own.on('acquire', () => asked++)
  await setTimeout(2_000)
  // It asks three times each time: the lease, the feed, the end of the lease.
  expect(asked).toBeGreaterThan(2)
  expect(asked).toBeLessThan(40)
  expect(log.lines[0]?.message).toContain('had to stop')
  await forwarder.stop()
  await own.end()
})

test('the login of the receiver may do all of it', async () => {
  await withClient(pool, makeRoles)
  const role = `rtc_test_forwarder_${Date.now()}`
  await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'test' IN ROLE rtc_writer`)
  const url = new URL(database.url)
  url.username = role
  url.password = 'test'
  const own = createPool({ databaseUrl: url.href, size: 1, statementTimeoutMs: 10_000, onError: () => {} })
  const { forwarder, log } = start({ pool: () => own })
  await isHeld(forwarder)
  consumer.answer = ({ data }) => (data.cdr ? 400 : 'take')
  await storeFacts(pool, callOf('s1', new Date(Date.now() - 120_000)))
  await foldAll(own)
  let others = 2
  await until('one is given up', async () => {
    await stored(`s${others++}`)
    return (await state())[0]?.dead_letters > 0
  })
  expect(log.lines.filter(({ message }) => message.includes('had to stop'))).toEqual([])
  await forwarder.stop()
  await own.end()
  await pool.query(`DROP ROLE ${role}`)
})

test('killed twice, refused a third of the time, and left without an answer: each entry comes, those of a call in order', async () => {
  expect(await forwardThroughKills(300, 2)).toMatchObject({ callbacks: 300 })
})
