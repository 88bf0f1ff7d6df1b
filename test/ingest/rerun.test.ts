import { createSecretKey } from 'node:crypto'
import type pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import type { QuarantineNote } from '../../src/ingest/entry.ts'
import { type Rerun, rerun } from '../../src/ingest/rerun.ts'
import { ErasedKeys } from '../../src/store/erased-keys.ts'
import { readDigestKey } from '../../src/store/keys.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { getQuarantine } from '../../src/store/quarantine.ts'
import { connect } from '../store/connect.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'
import { countRows } from '../support/tables.ts'

let database: TestDatabase
let client: pg.Client
let it: TestReceiver

beforeEach(async () => {
  database = await freshDatabase()
  client = await connect(database.url)
  it = await TestReceiver.start(database.url)
})

/** What `rtc-receiver quarantine replay` does. */
async function replayed(id = 1): Promise<Rerun> {
  const context = {
    digestKey: createSecretKey(await readDigestKey(client)),
    partitions: new Partitions(),
    erasedKeys: new ErasedKeys(),
  }
  const entry = await getQuarantine(client, id)
  if (!entry) throw new Error(`no entry ${id}`)
  return rerun(client, context, entry)
}

/** Somebody mends the body, or today's code would take it: to Postgres it is the same. */
const mend = (body: unknown, id = 1) => {
  const bytes = Buffer.from(JSON.stringify(body))
  return client.query('UPDATE rtc.quarantine SET body = $1, body_size = $2 WHERE id = $3', [bytes, bytes.length, id])
}

const keep = (body: Buffer | string, more: Partial<QuarantineNote> = {}) => {
  const bytes = Buffer.from(body)
  const note = { kind: 'unknown', reason: 'invalid_json', errors: [], holds: 'body', body: bytes } as const
  return it.receiver.keepUnread({ ...note, errors: [], bodySize: bytes.length, ...more }, '192.0.2.1', new Date())
}

const states = async () =>
  (await client.query('SELECT resolution, seen_count::int, resolved_at IS NOT NULL AS resolved FROM rtc.quarantine'))
    .rows

const open = { resolution: null, seen_count: 1, resolved: false }

test('a record that is good now is stored as it came, and the entry resolved; a second time changes nothing', async () => {
  const receivedAt = new Date('2024-03-05T07:17:00.123Z')
  await it.take('fee', [cdr('c0'), cdr(null)], { signer: 'app1', receivedAt })
  await mend(cdr('c1'))
  expect(await replayed()).toEqual({ done: true, stored: 1, duplicates: 0, quarantined: 0 })
  const { rows } = await client.query(`SELECT signed_by, received_at FROM rtc.cdrs WHERE session_id = 'c1'`)
  expect(rows).toEqual([{ signed_by: 'app1', received_at: receivedAt }])
  expect(await states()).toEqual([{ resolution: 'replayed', seen_count: 1, resolved: true }])
  expect(await replayed()).toEqual({ done: false, reason: 'was resolved before: replayed' })
  expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 2, quarantine: 1 })
})

test('a status event, and one that is stored already', async () => {
  await it.take('status', [event(null)])
  await it.take('status', [event('', {}, 'alerting')])
  await it.take('status', [event('s1')])
  await mend(event('s1'))
  await mend(event('s2', { timestamp: '2019-01-24 03:04:24' }), 2)
  expect(await replayed()).toEqual({ done: true, stored: 0, duplicates: 1, quarantined: 0 })
  expect(await replayed(2)).toEqual({ done: true, stored: 1, duplicates: 0, quarantined: 0 })
})

test('still refused: it says where, and nothing changes', async () => {
  await it.take('fee', [cdr('c1', { callEndTime: 'soon', failTime: 'later' })])
  expect(await replayed()).toEqual({
    done: false,
    reason:
      '/callEndTime must be a time yyyy-MM-dd HH:mm:ss between the years 2000 and 2099; ' +
      '/failTime must be a time yyyy-MM-dd HH:mm:ss between the years 2000 and 2099',
  })
  expect(await states()).toEqual([open])
})

test('a conflict: nothing changes, nor is it counted', async () => {
  await it.take('fee', [cdr('c1'), cdr('c1', { calleeNum: '+8613800000022' })])
  expect(await replayed()).toEqual({ done: false, reason: 'another record is stored under its key' })
  expect(await states()).toEqual([open])
  expect(await countRows(database.pool)).toMatchObject({ cdrs: 1 })
})

test('a record that Postgres still refuses', async () => {
  await database.pool.query(`ALTER TABLE rtc.cdrs ADD CONSTRAINT unlucky CHECK (callee_num <> '+8613800000013')`)
  await it.take('fee', [cdr('c1', { calleeNum: '+8613800000013' })])
  expect(await replayed()).toEqual({ done: false, reason: 'Postgres refused it with SQLSTATE 23514' })
  expect(await states()).toEqual([open])
  await database.pool.query('ALTER TABLE rtc.cdrs DROP CONSTRAINT unlucky')
  expect(await replayed()).toEqual({ done: true, stored: 1, duplicates: 0, quarantined: 0 })
})

test('an error that is not about the entry is not swallowed', async () => {
  await it.take('fee', [cdr(null)])
  await mend(cdr('c1'))
  await database.pool.query('ALTER TABLE rtc.cdrs RENAME callee_num TO who')
  await expect(replayed()).rejects.toMatchObject({ code: '42703' })
})

test('a body that could not be read, and one whose sender could not be verified: every record of it', async () => {
  await keep(JSON.stringify(fee(cdr('c1'), cdr('c2'))), { reason: 'not_a_callback' })
  await keep(JSON.stringify(event('s1')), { kind: 'unauthenticated', reason: 'wrong_digest' })
  expect(await replayed(1)).toEqual({ done: true, stored: 2, duplicates: 0, quarantined: 0 })
  expect(await replayed(2)).toEqual({ done: true, stored: 1, duplicates: 0, quarantined: 0 })
  expect(await countRows(database.pool)).toEqual({ call_events: 1, cdrs: 2, quarantine: 2 })
})

test('of a body the good records are stored, the bad ones get entries of their own', async () => {
  await it.take('fee', [cdr('c2')])
  const body = fee(cdr('c1'), cdr(''), cdr('c2', { calleeNum: '+8613800000022' }))
  await keep(JSON.stringify(body), { kind: 'unauthenticated', reason: 'wrong_digest' })
  expect(await replayed()).toEqual({ done: true, stored: 1, duplicates: 0, quarantined: 2 })
  const { rows } = await client.query(
    'SELECT kind, reason, record_index, resolution FROM rtc.quarantine ORDER BY record_index NULLS FIRST',
  )
  expect(rows).toEqual([
    { kind: 'unauthenticated', reason: 'wrong_digest', record_index: null, resolution: 'replayed' },
    { kind: 'fee', reason: 'missing_session_id', record_index: 1, resolution: null },
    { kind: 'fee', reason: 'conflict', record_index: 2, resolution: null },
  ])
})

test('a body without a good record stays as it is', async () => {
  await keep(JSON.stringify(fee(cdr(null), cdr(''))), { kind: 'unauthenticated', reason: 'wrong_digest' })
  expect(await replayed()).toEqual({ done: false, reason: '/sessionId is missing' })
  expect(await states()).toEqual([open])
})

test.each([
  ['no JSON', 'half a body, {', /^body is not JSON/],
  ['no callback', '{"hello":1}', '/eventType is missing'],
])('a body that is still %s', async (_, body, reason) => {
  await keep(body)
  expect(await replayed()).toEqual({ done: false, reason: expect.stringMatching(reason) })
})

test('a body of which only the beginning was kept', async () => {
  await keep(Buffer.alloc(100_000, 'x'))
  expect(await replayed()).toEqual({ done: false, reason: 'only the beginning of its body was kept' })
})

test('a body kept for records that JSON cannot repeat', async () => {
  const body = Buffer.from(
    '{"eventType":"fee","feeLst":[{"sessionId":"c1","callEndTime":"2024-03-05 07:16:02"},{"n":1e999},{"n":-1e999}]}',
  )
  await it.take('fee', JSON.parse(body.toString()).feeLst, { body })
  expect(await countRows(database.pool)).toMatchObject({ cdrs: 1, quarantine: 1 })
  expect(await replayed()).toMatchObject({ done: false, reason: '/n the number is too large' })
  await mend(fee({ sessionId: 'c1', callEndTime: '2024-03-05 07:16:02' }, cdr('c2'), cdr('c3')))
  expect(await replayed()).toEqual({ done: true, stored: 2, duplicates: 1, quarantined: 0 })
  const { rows } = await client.query('SELECT session_id FROM rtc.cdrs ORDER BY 1')
  expect(rows.map((row) => row.session_id)).toEqual(['c1', 'c2', 'c3'])
})
