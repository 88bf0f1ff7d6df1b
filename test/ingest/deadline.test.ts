import { expect, onTestFinished, test } from 'vitest'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { hold, TestReceiver, turns, until } from '../support/receiver.ts'
import { countRows } from '../support/tables.ts'

const deadlineMs = 1_000
/** What a busy machine may add. */
const slackMs = 5_000

/** In time, where Postgres would have let them wait for much longer. */
async function answeredInTime(work: Promise<unknown>, ms = deadlineMs): Promise<void> {
  const started = performance.now()
  await work
  expect(performance.now() - started).toBeLessThan(ms + slackMs)
}

test('a locked table: answered by the deadline, spooled, and in the end one row each', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url, { deadlineMs })
  const lock = await hold(database.url, 'LOCK TABLE rtc.call_events, rtc.cdrs, rtc.quarantine IN ACCESS EXCLUSIVE MODE')
  await answeredInTime(
    Promise.all([
      it.take('status', [event('s1')]),
      it.take('fee', [cdr('c1'), cdr('c2')]),
      it.take('fee', [cdr('c1'), cdr(null)]),
    ]),
  )
  expect(await it.outcomes()).toEqual({ spooled: 5 })
  await lock.commit()
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await countRows(database.pool)).toEqual({ call_events: 1, cdrs: 2, quarantine: 1 })
  const { stored = 0, duplicate = 0, quarantined } = await it.outcomes('spool')
  expect([stored + duplicate, quarantined]).toEqual([4, 1])
})

test('a statement that commits after all: its rows are there once', async () => {
  // Longer, so that a busy machine does not make the statements late themselves.
  const deadlineMs = 5_000
  /** Of a time that always has its partition: none is made under the trigger. */
  const old = (session: string) => event(session, { timestamp: '2019-01-24 03:04:24' })
  const database = await freshDatabase()
  // Each statement takes 0.6 of the deadline, so that what waits for a free place is late although no statement is.
  await database.pool.query(`
    CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(${(deadlineMs * 0.6) / 1000}); RETURN NULL; END $$`)
  const it = await TestReceiver.start(database.url, { deadlineMs })
  await database.pool.query(
    `CREATE TRIGGER slow BEFORE INSERT ON rtc.call_events FOR EACH STATEMENT EXECUTE FUNCTION public.slow()`,
  )
  const taken = [it.take('status', [old('s1')])]
  await turns(2)
  taken.push(it.take('status', [old('s2')]))
  await turns(2)
  taken.push(it.take('status', [old('s3')]), it.take('status', [old('s4')]))
  await answeredInTime(Promise.all(taken), deadlineMs)
  expect(await it.outcomes()).toEqual({ stored: 2, spooled: 2 })
  expect(it.log.messages('warn')).toContain('Postgres is late: callbacks go to the spool')
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await countRows(database.pool)).toMatchObject({ call_events: 4 })
  expect(await it.outcomes('spool')).toEqual({ duplicate: 2 })
})

test('a connection that swallows everything: answered by the deadline, given up soon after', async () => {
  const database = await freshDatabase()
  const url = new URL(database.url)
  const relay = await PostgresRelay.start({ host: url.hostname, port: Number(url.port) })
  onTestFinished(() => relay.stop())
  url.host = `127.0.0.1:${relay.port}`
  const it = await TestReceiver.start(url.href, { deadlineMs })
  await it.take('status', [event('s1')])
  relay.blackhole()
  await answeredInTime(Promise.all([it.take('status', [event('s2')]), it.take('fee', [cdr('c1')])]))
  await until('the breaker is open', () => it.receiver.readiness.degraded.length > 0)
  relay.heal()
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await countRows(database.pool)).toEqual({ call_events: 2, cdrs: 1, quarantine: 0 })
})

test('records spooled by the deadline are not tried again when their group is taken apart', async () => {
  const database = await freshDatabase()
  await database.pool.query(`
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_sleep(${(deadlineMs * 0.7) / 1000});
      RAISE 'no' USING ERRCODE = '22000';
    END $$`)
  const it = await TestReceiver.start(database.url, { deadlineMs })
  await database.pool.query(
    `CREATE TRIGGER refuse BEFORE INSERT ON rtc.call_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse()`,
  )
  await answeredInTime(
    it.take(
      'status',
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((session) => event(session)),
    ),
  )
  expect(await it.outcomes()).toEqual({ spooled: 8 })
  await database.pool.query('DROP TRIGGER refuse ON rtc.call_events')
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await countRows(database.pool)).toMatchObject({ call_events: 8, quarantine: 0 })
})
