import { expect, test } from 'vitest'
import { span } from '../../src/ingest/future-records.ts'
import { readRecordsAhead } from '../../src/store/records-ahead.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'

const HOUR = 3_600_000
const at = (ms: number) => new Date(Date.now() + ms).toISOString().slice(0, 19).replace('T', ' ')

test('records that come eight hours from the future are stored, counted and told of', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  expect(await it.metric('rtc_future_records_total')).toBe(0)
  expect(await readRecordsAhead(database.pool)).toMatchObject([{ records: 0 }, { records: 0 }])
  for (let i = 0; i < 3; i++) await it.take('status', [event(`s${i}`, { timestamp: at(8 * HOUR + i * 1_000) })])
  await it.take('fee', [cdr('c1', { callEndTime: at(8 * HOUR) }), cdr('c2')])

  expect(await it.outcomes()).toEqual({ stored: 5 })
  expect(await it.metric('rtc_future_records_total', { kind: 'status' })).toBe(3)
  expect(await it.metric('rtc_future_records_total', { kind: 'fee' })).toBe(1)
  // Nothing of it looks like a record that came at once.
  expect(await it.metric('rtc_callback_delay_seconds_count')).toBe(1)
  expect(it.receiver.readiness).toEqual({ ready: true, degraded: ['fee records come 8 hours from the future'] })
  const [status, fee] = await readRecordsAhead(database.pool)
  expect(status).toMatchObject({ kind: 'status', records: 3 })
  expect(fee).toMatchObject({ kind: 'fee', records: 1 })
  expect(span(status?.seconds ?? 0)).toBe('8 hours')
})

test('clocks that are apart by less than a minute are none', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  await it.take('status', [event('s1', { timestamp: at(50_000) }), event('s2', { timestamp: at(0) })])
  expect(await it.metric('rtc_future_records_total')).toBe(0)
  expect(await it.metric('rtc_callback_delay_seconds_bucket', { kind: 'status', le: '1' })).toBe(2)
  expect(it.receiver.readiness.degraded).toEqual([])
})

test('a callin that waits for a decision is stored and said loudly', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const callin = { ...event('x1', { notifyMode: 'Block' }), eventType: 'callin' }
  for (let i = 0; i < 3; i++) {
    await it.receiver.take({
      ...{ kind: 'status', records: [callin], oddities: ['block_callin'], body: Buffer.alloc(0) },
      ...{ signer: null, receivedAt: new Date() },
    })
  }
  expect(await it.metric('rtc_body_oddities_total', { what: 'block_callin' })).toBe(3)
  expect(it.log.messages('error')).toEqual([expect.stringMatching(/notifyMode Block .*callin address of its own/)])
  expect(await it.outcomes()).toEqual({ stored: 1, duplicate: 2 })
})

test.each([
  [61, '1 minute'],
  [720, '12 minutes'],
  [28_800, '8 hours'],
  [30_600, '8.5 hours'],
  [3_600_000, '1,000 hours'],
])('%i seconds are %s', (seconds, words) => {
  expect(span(seconds)).toBe(words)
})
