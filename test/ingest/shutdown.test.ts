import { expect, onTestFinished, test } from 'vitest'
import { CannotStoreError } from '../../src/ingest/receiver.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { hold, TestReceiver, turns, until } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/spool.ts'
import { countRows } from '../support/tables.ts'

/** A time whose partition is always there. */
const old = { timestamp: '2019-01-24 03:04:24' }

/** Stops, and checks that it took no longer than it may: the time for Postgres and a second to close its connections, and what a busy machine adds. */
async function stopInTime(it: TestReceiver, timeoutMs: number): Promise<void> {
  const started = performance.now()
  await it.stop(timeoutMs)
  expect(performance.now() - started).toBeLessThan(timeoutMs + 1_000 + 5_000)
}

test('what waits is committed', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const taken = Array.from({ length: 1_500 }, (_, i) => it.take('status', [event(`s${i}`)]))
  taken.push(it.take('fee', [cdr('c1'), cdr(null)]))
  await it.stop(10_000)
  await Promise.all(taken)
  expect(await countRows(database.pool)).toEqual({ call_events: 1_500, cdrs: 1, quarantine: 1 })
  expect(it.log.lines.at(-1)).toEqual({ level: 'info', context: { spooled: 0 }, message: 'ingest stopped' })
})

test('with a table locked: what waits and what is in flight goes to the spool, and is stored by the next start', async () => {
  const database = await freshDatabase()
  const directory = await temporaryDirectory()
  const it = await TestReceiver.start(database.url, { directory })
  const lock = await hold(database.url, 'LOCK TABLE rtc.call_events IN EXCLUSIVE MODE')
  const taken: Promise<void>[] = []
  for (let i = 0; i < 20; i++) {
    taken.push(it.take('status', [event(`s${i}`, old)]))
    await turns(1)
  }
  await stopInTime(it, 300)
  await Promise.all(taken)
  expect(await it.outcomes()).toEqual({ spooled: 20 })
  expect(it.log.messages('warn')).toContain('Postgres did not take everything in time: the rest goes to the spool')
  await lock.commit()
  const next = await TestReceiver.start(database.url, { directory })
  await until('the spool is drained', () => next.spool.records === 0)
  expect((await countRows(database.pool)).call_events).toBe(20)
})

test('with Postgres away', async () => {
  const directory = await temporaryDirectory()
  const it = await TestReceiver.start('postgres://nobody@127.0.0.1:1/nothing', { directory, connected: false })
  await Promise.all([it.take('status', [event('s1')]), it.take('fee', [cdr('c1')])])
  await stopInTime(it, 1_000)
  const database = await freshDatabase()
  const next = await TestReceiver.start(database.url, { directory })
  expect(await next.metric('rtc_spool_start_records')).toBe(2)
})

test('with a Postgres that has fallen silent, the drain under way as well', async () => {
  const database = await freshDatabase()
  const url = new URL(database.url)
  const relay = await PostgresRelay.start({ host: url.hostname, port: Number(url.port) })
  onTestFinished(() => relay.stop())
  url.host = `127.0.0.1:${relay.port}`
  const directory = await temporaryDirectory()
  const it = await TestReceiver.start(url.href, { directory })
  await it.take('status', [event('s0', old)])
  relay.blackhole()
  await it.spool.append([{ at: new Date().toISOString(), kind: 'status', signer: null, record: event('s1', old) }])
  const taken = [it.take('status', [event('s2', old)]), it.take('fee', [cdr('c1', { callEndTime: old.timestamp })])]
  // The drain looks ten times a second.
  await new Promise((resolve) => setTimeout(resolve, 300))
  taken.push(it.take('status', [event('s3', old)]))
  await stopInTime(it, 300)
  await Promise.all(taken)
  expect(it.spool.records).toBe(4)
  const next = await TestReceiver.start(database.url, { directory })
  await until('the spool is drained', () => next.spool.records === 0)
  expect(await countRows(database.pool)).toEqual({ call_events: 4, cdrs: 1, quarantine: 0 })
})

test('while something beside the callbacks waits for a lock', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const lock = await hold(database.url, 'LOCK TABLE rtc.quarantine IN ACCESS EXCLUSIVE MODE')
  void it.receiver.measureQuarantine()
  await stopInTime(it, 300)
  await lock.commit()
})

test('a callback that comes after the end is refused, not left waiting', async () => {
  const it = await TestReceiver.start((await freshDatabase()).url)
  await it.stop(1_000)
  await expect(it.take('status', [event('s1')])).rejects.toThrow(CannotStoreError)
})
