import { expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '../../src/platform/record.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'
import { countRows } from '../support/tables.ts'

/** The same record with its members in the other order, and theirs. */
function turned(value: JsonObject): JsonObject {
  const members = Object.entries(value).reverse()
  return Object.fromEntries(members.map(([name, member]) => [name, isJsonObject(member) ? turned(member) : member]))
}

test('equal records of one group are one row', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  await Promise.all([
    it.take('status', [event('s1')]),
    it.take('status', [turned(event('s1', { userData: '', digitInfo: null }))]),
    it.take('status', [event('s1', { timestamp: ' 2024-03-05  07:15:00' }, 'Answer')]),
    it.take('fee', [cdr('c1'), turned(cdr('c1')), cdr('c1', { callEndTime: '2024-03-05   07:16:02' })]),
  ])
  expect(await countRows(database.pool)).toEqual({ call_events: 1, cdrs: 1, quarantine: 0 })
  expect(await it.outcomes()).toEqual({ stored: 2, duplicate: 4 })
})

test('and across groups, however they are put together', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const records = Array.from({ length: 20 }, (_, i) => cdr(`c${i}`))
  await it.take('fee', records.slice(0, 12))
  await it.take('fee', records.slice(8).reverse())
  await it.take('fee', records.map(turned))
  await it.take('status', [event('s1')])
  await it.take('status', [turned(event('s1'))])
  expect(await countRows(database.pool)).toEqual({ call_events: 1, cdrs: 20, quarantine: 0 })
  expect(await it.outcomes()).toEqual({ stored: 21, duplicate: 4 + 20 + 1 })
})

test('events that differ in anything are rows of their own', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  await it.take('status', [event('s1')])
  await it.take('status', [event('s1', { timestamp: '2024-03-05 07:15:01' })])
  await it.take('status', [event('s1', {}, 'alerting')])
  await it.take('status', [event('s1', { extra: 'new field' })])
  expect(await countRows(database.pool)).toMatchObject({ call_events: 4 })
})

test('two receivers at once on one database store each record once', async () => {
  const database = await freshDatabase()
  const two = [await TestReceiver.start(database.url), await TestReceiver.start(database.url)]
  // Who makes the month's partitions is not the subject: the other would wait for a second, and spool.
  await two[0]?.take('status', [event('s0')])
  await two[0]?.take('fee', [cdr('c0')])
  const records = Array.from({ length: 400 }, (_, i) => i)
  // Opposite directions, so that their groups meet each other's rows while these are not committed.
  await Promise.all(
    two.flatMap((it, which) => {
      const order = which === 0 ? records : records.toReversed()
      return order.flatMap((i) => [
        it.take('status', [event(`s${i}`)]),
        it.take('fee', [cdr(`c${i}`), cdr(`d${i % 100}`)]),
      ])
    }),
  )
  expect(await countRows(database.pool)).toEqual({ call_events: 400, cdrs: 500, quarantine: 0 })
  const [a = {}, b = {}] = await Promise.all(two.map((it) => it.outcomes()))
  expect((a.stored ?? 0) + (b.stored ?? 0)).toBe(900)
  expect((a.duplicate ?? 0) + (b.duplicate ?? 0)).toBe(2 + 2 * 1200 - 900)
})

test('the same bad record has one entry in the quarantine, which counts, whatever the order of its keys', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const bad = event('', { nested: { a: 1, b: 2 } })
  await Promise.all([it.take('status', [bad]), it.take('status', [turned(bad)])])
  await it.take('status', [bad])
  const { rows } = await database.pool.query('SELECT reason, seen_count::int, kind, record_index FROM rtc.quarantine')
  expect(rows).toEqual([{ reason: 'missing_session_id', seen_count: 3, kind: 'status', record_index: null }])
})

test('bad records of a callback go to the quarantine with their place, the good ones beside them are stored', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('c1'), cdr('c2', { callEndTime: 'soon' }), 'no CDR', null, cdr('c3')], { signer: 'app1' })
  const { rows } = await database.pool.query(
    `SELECT reason, record_index, kind, signed_by, errors, convert_from(body, 'UTF8') AS body
     FROM rtc.quarantine ORDER BY record_index`,
  )
  expect(rows).toMatchObject([
    { reason: 'malformed_time', record_index: 1, kind: 'fee', signed_by: 'app1' },
    { reason: 'not_an_object', record_index: 2, body: '"no CDR"', errors: [{ pointer: '' }] },
    { reason: 'not_an_object', record_index: 3, body: 'null' },
  ])
  expect(await countRows(database.pool)).toMatchObject({ cdrs: 2 })
  expect(await it.outcomes()).toEqual({ stored: 2, quarantined: 3 })
  expect(await it.metric('rtc_callback_delay_seconds_count', { kind: 'fee' })).toBe(2)
})

test('of records that JSON cannot repeat the body is kept, once', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const body = Buffer.from(`{"eventType":"fee","feeLst":[${JSON.stringify(cdr('c1'))}${',{"n":1e999}'.repeat(40)}]}`)
  await it.take('fee', JSON.parse(body.toString()).feeLst, { body })
  const { rows } = await database.pool.query('SELECT reason, record_index, seen_count::int, body FROM rtc.quarantine')
  expect(rows).toEqual([{ reason: 'non_finite_number', record_index: 1, seen_count: 1, body }])
  expect(await it.outcomes()).toEqual({ stored: 1, quarantined: 1 })
})

test('a body of a million commas is kept whole, and costs no more than that', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const body = Buffer.from(`{"eventType":"fee","feeLst":[${'1,'.repeat(499_999)}1]}`)
  const started = performance.now()
  await it.take('fee', JSON.parse(body.toString()).feeLst, { body })
  expect(performance.now() - started).toBeLessThan(9_000)
  const { rows } = await database.pool.query('SELECT kind, reason, errors, body_size FROM rtc.quarantine')
  const errors = [{ pointer: '/feeLst', message: 'holds more than 5000 records' }]
  expect(rows).toEqual([{ kind: 'fee', reason: 'too_many_records', errors, body_size: body.length }])
  expect(await it.metric('rtc_records_total', { table: 'bodies', outcome: 'quarantined' })).toBe(1)
})

test('fields that do not fit are counted, and so is what is odd about an envelope', async () => {
  const it = await TestReceiver.start((await freshDatabase()).url)
  const records = [event('s1', { stateCode: 'many' })]
  await it.receiver.take({
    ...{ kind: 'status', records, oddities: ['wrong_path'] },
    ...{ body: Buffer.alloc(100), signer: null, receivedAt: new Date() },
  })
  expect(await it.metric('rtc_field_misfits_total', { field: 'stateCode' })).toBe(1)
  expect(await it.metric('rtc_body_oddities_total', { what: 'wrong_path' })).toBe(1)
})

test('a callback without records is taken', async () => {
  const it = await TestReceiver.start((await freshDatabase()).url)
  await it.take('fee', [])
  expect(await it.metric('rtc_records_received_total')).toBe(0)
})
