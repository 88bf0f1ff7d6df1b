import { expect, onTestFinished, test } from 'vitest'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { hold, TestReceiver, turns, until } from '../support/receiver.ts'
import { countRows } from '../support/tables.ts'

/** Milliseconds that something took. */
async function took(work: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work
  return performance.now() - started
}

const locked = (database: TestDatabase) => hold(database.url, 'LOCK TABLE rtc.call_events IN EXCLUSIVE MODE')
/** Events of a time that always has its partition. */
const events = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => event(`s${from + i}`, { timestamp: '2019-01-24 03:04:24' }))
const isAway = (it: TestReceiver) => it.receiver.readiness.degraded.some((text) => text.startsWith('Postgres is away'))

test('an outage costs only the first callbacks their deadline', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url, { deadlineMs: 2_000 })
  const lock = await locked(database)
  const first = await took(it.take('status', events(0, 1)))
  expect(first).toBeGreaterThan(1_980)
  await until('the breaker is open', () => isAway(it))
  const later: number[] = []
  for (const one of events(1, 21)) later.push(await took(it.take('status', [one])))
  expect(later.toSorted((a, b) => a - b)[10]).toBeLessThan(first / 2)
  expect(await it.outcomes()).toEqual({ spooled: 21 })
  expect(it.receiver.readiness).toEqual({
    ready: true,
    // The drain goes on asking, and what it was told last is shown.
    degraded: [
      expect.stringMatching(
        /^Postgres is away \((canceling statement due to statement timeout|Query read timeout|timeout exceeded when trying to connect)\): callbacks are spooled$/,
      ),
    ],
  })
  await lock.commit()
  await until('the spool is drained', () => it.spool.records === 0)
  await until('the breaker is closed', () => !isAway(it))
  expect(await countRows(database.pool)).toMatchObject({ call_events: 21 })
  const opened = it.log.messages('warn').filter((message) => message.startsWith('Postgres is away'))
  expect(opened).toHaveLength(1)
  expect(it.log.messages('info')).toContain('Postgres is there')
})

test('what waits when it opens goes to the spool at once', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url, { deadlineMs: 4_000 })
  const lock = await locked(database)
  const inFlight = [it.take('status', events(0, 1))]
  await turns(2)
  inFlight.push(it.take('status', events(1, 2)))
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  expect(await took(it.take('status', events(2, 10)))).toBeLessThan(3_900)
  expect(await it.metric('rtc_queue_rows')).toBe(0)
  await Promise.all(inFlight)
  await lock.commit()
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await countRows(database.pool)).toMatchObject({ call_events: 10 })
})

test('it closes only after a commit went through', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url, { deadlineMs: 300 })
  const lock = await locked(database)
  await it.take('status', events(0, 1))
  await until('the breaker is open', () => isAway(it))
  // From here on Postgres answers, but stores no row.
  await database.pool.query(`
    CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'disk full' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER "full" BEFORE INSERT ON rtc.quarantine FOR EACH ROW EXECUTE FUNCTION public.full()`)
  await it.take('status', [event(null)])
  const failed = () => it.log.lines.filter(({ context }) => JSON.stringify(context).includes('53100')).length
  await lock.commit()
  await until('the commit of the note has failed', () => failed() > 0)
  expect(isAway(it)).toBe(true)
  await database.pool.query('DROP TRIGGER "full" ON rtc.quarantine')
  await until('the breaker is closed', () => !isAway(it))
  expect(it.spool.records).toBe(0)
})

test('Postgres that is not there is asked again with backoff, and callbacks need not wait', async () => {
  const it = await TestReceiver.start('postgres://nobody@127.0.0.1:1/nothing', { connected: false })
  expect(it.receiver.readiness).toEqual({
    ready: true,
    degraded: ['Postgres is away (not reached yet): callbacks are spooled'],
  })
  expect(await took(it.take('fee', [cdr('c1')]))).toBeLessThan(5_000)
  expect(await it.receiver.whenConnected(1_500)).toBe(false)
  const asked = () => it.log.messages('warn').filter((message) => message === 'Postgres cannot be written to').length
  await until('it was asked again', () => asked() > 1)
  expect(asked()).toBeLessThan(8)
  expect(it.receiver.readiness.degraded).toEqual([expect.stringContaining('ECONNREFUSED')])
})

test('a wrong database name is an error, said loudly', async () => {
  const url = new URL((await freshDatabase()).url)
  url.pathname = '/no_such_database'
  const it = await TestReceiver.start(url.href, { connected: false })
  await until('it was said', () => it.log.messages('error').includes('Postgres cannot be written to'))
  expect(it.receiver.readiness.degraded).toEqual([expect.stringContaining('"no_such_database" does not exist')])
})

test('Postgres that appears later takes what came before', async () => {
  const database = await freshDatabase()
  const { hostname, port } = new URL(database.url)
  const relay = await PostgresRelay.start({ host: '127.0.0.1', port: 1 })
  onTestFinished(() => relay.stop())
  const url = new URL(database.url)
  url.port = String(relay.port)
  url.hostname = '127.0.0.1'
  const it = await TestReceiver.start(url.href, { connected: false })
  await it.take('status', events(0, 30))
  await it.take('fee', [cdr('c1'), cdr(null)])
  expect(await it.outcomes()).toEqual({ spooled: 32 })
  relay.target = { host: hostname, port: Number(port) }
  expect(await it.receiver.whenConnected(10_000)).toBe(true)
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await countRows(database.pool)).toEqual({ call_events: 30, cdrs: 1, quarantine: 1 })
})
