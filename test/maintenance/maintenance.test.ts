import { expect, onTestFinished, test, vi } from 'vitest'
import { asWriter } from '../support/as-writer.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { TestMaintenance } from '../support/maintenance.ts'
import { hold, until } from '../support/receiver.ts'

asWriter()

const DAY = 86_400_000

const quarantined = (pool: TestDatabase['pool'], days: number, body: string) =>
  pool.query(
    `INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, stored_at, body_size, body_key, kind, reason, body)
     SELECT t, t, t, 3, gen_random_uuid(), 'unknown', 'test', $2 FROM (SELECT now() - make_interval(days => $1) AS t) x`,
    [days, Buffer.from(body)],
  )

function fakeTime(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
}

test('partitions are made ahead, old entries of the quarantine go, and it is measured', async () => {
  const { url, pool } = await freshDatabase()
  await quarantined(pool, 91, 'old')
  await quarantined(pool, 89, 'recent')
  const it = await TestMaintenance.start(url)
  await until('it was measured', () => it.measured > 0)
  expect((await pool.query('SELECT body FROM rtc.quarantine')).rows).toEqual([{ body: Buffer.from('recent') }])
  const month = new Date().toISOString().slice(0, 7).replace('-', '_')
  const made = await pool.query('SELECT FROM pg_tables WHERE tablename IN ($1, $2)', [
    `call_events_${month}`,
    `cdrs_${month}`,
  ])
  expect(made.rowCount).toBe(2)
})

test('every minute, and after a failure too', async () => {
  fakeTime()
  const { url, pool } = await freshDatabase()
  const it = await TestMaintenance.start(url)
  await until('it was measured', () => it.measured === 1)
  vi.advanceTimersByTime(58_000)
  await pool.query('ALTER TABLE rtc.quarantine RENAME TO elsewhere')
  vi.advanceTimersByTime(4_000)
  await until('it was said', () =>
    it.log.messages('warn').includes('maintenance of the tables failed, it will be tried again'),
  )
  await pool.query('ALTER TABLE rtc.elsewhere RENAME TO quarantine')
  await quarantined(pool, 0, 'new')
  // Once or twice: what measures may have come late, when the table had its name again.
  const { measured } = it
  vi.advanceTimersByTime(62_000)
  await until('it was measured', () => it.measured > measured)
})

test('before Postgres is reached there is nothing to do', async () => {
  fakeTime()
  const it = await TestMaintenance.start('postgres://nobody@127.0.0.1:1/nothing', { connected: false })
  vi.advanceTimersByTime(180_000)
  await it.maintenance.stop(5_000)
  expect(it.log.lines).toEqual([])
})

test('retention at the start; two at once do no harm, and it is said', async () => {
  const { url, pool } = await freshDatabase()
  for (const days of [140, 1]) await storeFacts(pool, callOf(`s${days}`, new Date(Date.now() - days * DAY)))
  const both = await Promise.all([0, 1].map(() => TestMaintenance.start(url, { retentionDays: 90 })))
  const left = async () => (await pool.query('SELECT session_id FROM rtc.cdrs')).rows
  await until('it is gone', async () => (await left()).length === 1)
  await until('it was said', () =>
    both.some(({ log }) => log.messages('info').includes('removed what is past retention')),
  )
  // Where both make the same partition one of them may be late; it tries again.
  const isLate = (context: object) => JSON.stringify(context).includes('55P03')
  const warnings = both.flatMap(({ log }) => log.lines.filter(({ level }) => level === 'warn'))
  expect(warnings.filter(({ context }) => !isLate(context))).toEqual([])
})

test('retention that waits for a reader stops at once', async () => {
  const { url, pool } = await freshDatabase()
  await storeFacts(pool, callOf('s1', new Date(Date.now() - 140 * DAY)))
  await hold(url, 'SELECT count(*) FROM rtc.cdrs, rtc.call_events')
  const it = await TestMaintenance.start(url, { retentionDays: 90 })
  await until('it has begun', () => it.measured > 0)
  const started = performance.now()
  await it.maintenance.stop(5_000)
  expect(performance.now() - started).toBeLessThan(4_500)
})
