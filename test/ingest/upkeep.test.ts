import { rm } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver, until } from '../support/receiver.ts'
import { spooled } from '../support/spool.ts'

test('partitions are made ahead, old entries of the quarantine go, and it is measured', async () => {
  const database = await freshDatabase()
  await database.pool.query(`
    INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, body)
    VALUES (now() - interval '91 days', now() - interval '91 days', 3, gen_random_uuid(), 'unknown', 'test', 'old'),
      (now() - interval '89 days', now() - interval '89 days', 6, gen_random_uuid(), 'unknown', 'test', 'recent')`)
  const it = await TestReceiver.start(database.url)
  await until('it was measured', async () => (await it.metric('rtc_quarantine_bytes')) === 6)
  const { rows } = await database.pool.query('SELECT body FROM rtc.quarantine')
  expect(rows).toEqual([{ body: Buffer.from('recent') }])
  const month = new Date().toISOString().slice(0, 7).replace('-', '_')
  const made = await database.pool.query('SELECT FROM pg_tables WHERE tablename IN ($1, $2)', [
    `call_events_${month}`,
    `cdrs_${month}`,
  ])
  expect(made.rowCount).toBe(2)
})

test('hours that are over are summarised', async () => {
  const database = await freshDatabase()
  const hours = async () => (await database.pool.query('SELECT FROM rtc.summary_hours')).rowCount
  await database.pool.query(`
    SELECT rtc.ensure_period('call_events', now() - interval '30 hours', 'month');
    INSERT INTO rtc.call_events (session_id, event_key, event_type, occurred_at, received_at, stored_at)
    SELECT 's1', gen_random_uuid(), 'callout', t, t, t FROM (SELECT now() - interval '30 hours' AS t) x`)
  await TestReceiver.start(database.url)
  await until('they are there', async () => ((await hours()) ?? 0) > 10)
})

test('summaries wait while much is to be drained, but not for ever', { timeout: 60_000 }, async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const { url, pool } = await freshDatabase()
  await pool.query(`CREATE SEQUENCE public.asked;
    CREATE OR REPLACE FUNCTION rtc.refresh_summaries(at_most integer DEFAULT 24) RETURNS integer LANGUAGE sql
    AS $$ SELECT 0 FROM nextval('public.asked') $$`)
  const asked = async () => {
    const { rows } = await pool.query('SELECT last_value::int * is_called::int AS times FROM public.asked')
    return rows[0].times
  }
  const at = new Date().toISOString()
  const directory = await spooled(
    Array.from({ length: 1_100 }, (_, i) => ({ at, kind: 'status', signer: null, record: event(`s${i}`) })),
  )
  await pool.query('ALTER TABLE rtc.call_events RENAME caller TO dialled_by')
  // An entry more in the quarantine shows when a minute's work is done.
  let entries = 0
  const another = () =>
    pool.query(`INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, body)
      VALUES (now(), now(), 1, gen_random_uuid(), 'unknown', 'test', 'x')`)
  const measured = () => until('it was measured', async () => (await it.metric('rtc_quarantine_bytes')) === entries)
  const minute = async () => {
    entries += (await another()).rowCount ?? 0
    vi.advanceTimersByTime(60_000)
    await measured()
  }
  entries += (await another()).rowCount ?? 0
  const it = await TestReceiver.start(url, { directory })
  await measured()
  for (let i = 1; i < 30; i++) await minute()
  expect(await asked()).toBe(0)
  await minute()
  await until('it was asked all the same', async () => (await asked()) === 1)
  await minute()
  expect(await asked()).toBe(1)

  await pool.query('ALTER TABLE rtc.call_events RENAME dialled_by TO caller')
  await until('the spool is drained', () => it.spool.records === 0)
  await minute()
  await until('it was asked at once', async () => (await asked()) === 2)
})

test('fewer hours at once after they took too long', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const { url, pool } = await freshDatabase()
  // A sequence remembers what was rolled back.
  await pool.query(`CREATE SEQUENCE public.asked;
    CREATE OR REPLACE FUNCTION rtc.refresh_summaries(at_most integer DEFAULT 24) RETURNS integer LANGUAGE plpgsql
    AS $$ BEGIN PERFORM setval('public.asked', at_most); RAISE 'too slow' USING ERRCODE = 'query_canceled'; END $$`)
  const asked = async () => Number((await pool.query('SELECT last_value FROM public.asked')).rows[0].last_value)
  const it = await TestReceiver.start(url)
  const said = (times: number) =>
    until('it was said', () => it.log.messages('warn').filter((m) => m.startsWith('refreshing')).length === times)
  await said(1)
  expect(await asked()).toBe(6)
  vi.advanceTimersByTime(60_000)
  await said(2)
  expect(await asked()).toBe(3)
})

test('stopping does not wait for summaries', async () => {
  const { url, pool } = await freshDatabase()
  await pool.query(`CREATE OR REPLACE FUNCTION rtc.refresh_summaries(at_most integer DEFAULT 24) RETURNS integer LANGUAGE sql
    AS $$ SELECT 0 FROM pg_sleep(20) $$`)
  const it = await TestReceiver.start(url)
  await until('it is at it', async () => {
    const { rows } = await pool.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
    )
    return rows.length === 1
  })
  const began = performance.now()
  await it.stop(10_000)
  expect(performance.now() - began).toBeLessThan(9_000)
  expect(it.log.messages('warn')).toEqual([])
})

test('a spool directory that has vanished does not cost the metrics', async () => {
  const it = await TestReceiver.start((await freshDatabase()).url)
  expect(await it.metric('rtc_disk_free_bytes')).toBeGreaterThan(0)
  await it.take('status', [event('s1')])
  await rm(it.spool.directory, { recursive: true })
  expect(await it.metric('rtc_disk_free_bytes')).toBeNaN()
  expect(await it.outcomes()).toEqual({ stored: 1 })
})

test('before Postgres is reached there is nothing to do', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const it = await TestReceiver.start('postgres://nobody@127.0.0.1:1/nothing', { connected: false })
  vi.advanceTimersByTime(180_000)
  await it.stop(1_000)
  expect(it.log.messages('warn').filter((message) => message.startsWith('upkeep'))).toEqual([])
})

test('every minute', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const database = await freshDatabase()
  // By which it is seen that it was measured.
  await database.pool.query(`INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, body)
    VALUES (now(), now(), 1, gen_random_uuid(), 'unknown', 'test', 'x')`)
  const it = await TestReceiver.start(database.url)
  await until('it was measured', async () => (await it.metric('rtc_quarantine_bytes')) === 1)
  await database.pool.query('ALTER TABLE rtc.quarantine RENAME TO elsewhere')
  vi.advanceTimersByTime(60_000)
  await until('it was said', () =>
    it.log.messages('warn').includes('upkeep of the tables failed, it will be tried again'),
  )
  await database.pool.query('ALTER TABLE rtc.elsewhere RENAME TO quarantine')
  await it.take('status', [event('')])
  vi.advanceTimersByTime(60_000)
  await until('it was measured', async () => (await it.metric('rtc_quarantine_bytes')) > 1)
})
