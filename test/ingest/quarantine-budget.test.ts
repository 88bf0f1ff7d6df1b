import { describe, expect, test } from 'vitest'
import type { QuarantineNote } from '../../src/ingest/entry.ts'
import { QuarantineBudget, unreadLimits } from '../../src/ingest/quarantine-budget.ts'
import { CannotStoreError } from '../../src/ingest/receiver.ts'
import { cdr } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver, until } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/spool.ts'
import { countRows } from '../support/tables.ts'

const note = (bytes: number): QuarantineNote => ({
  ...{ kind: 'unknown', reason: 'invalid_json', errors: [], holds: 'body' },
  ...{ body: Buffer.alloc(bytes), bodySize: bytes },
})

describe('bodies answered 4xx', () => {
  const hour = 3_600_000

  test('are cut to their first 64 KiB', () => {
    const budget = new QuarantineBudget(1e9)
    expect(budget.admitUnread(note(100_000), '192.0.2.1')).toMatchObject({
      bodySize: 100_000,
      body: { length: 65_536 },
    })
    expect(budget.usedBytes).toBe(65_536)
  })

  test('are so many an hour from one source', () => {
    const budget = new QuarantineBudget(1e9)
    const admitted = (source: string, now: number) => budget.admitUnread(note(10), source, now) !== undefined
    for (let i = 0; i < unreadLimits.perSourceHour; i++) expect(admitted('192.0.2.1', hour)).toBe(true)
    expect(admitted('192.0.2.1', hour)).toBe(false)
    expect(admitted('192.0.2.2', hour)).toBe(true)
    expect(budget.dropped).toBe(1)
    expect(admitted('192.0.2.1', 2 * hour)).toBe(true)
  })

  test('the addresses of an IPv6 network are one source', () => {
    const budget = new QuarantineBudget(1e9)
    let admitted = 0
    for (let i = 0; i < 200; i++) if (budget.admitUnread(note(10), `2001:db8::${i.toString(16)}`, hour)) admitted++
    expect(admitted).toBe(unreadLimits.perSourceHour)
  })

  test('and from all together', () => {
    const budget = new QuarantineBudget(1e9)
    let admitted = 0
    for (let i = 0; i < 2_000; i++) if (budget.admitUnread(note(10), `10.0.${i >> 8}.${i & 255}`, hour)) admitted++
    expect(admitted).toBe(unreadLimits.perHour)
  })

  test('of a sender who knew the path token are all kept, as far as there is room', () => {
    const budget = new QuarantineBudget(10_000)
    const unauthenticated = { ...note(1), kind: 'unauthenticated' } as const
    let admitted = 0
    for (let i = 0; i < 10_000; i++) if (budget.admitUnread(unauthenticated, '192.0.2.1', hour)) admitted++
    expect(admitted).toBe(5_000)
  })

  test('fill half of the quarantine at most; the other half is for records', () => {
    const budget = new QuarantineBudget(1_000)
    expect(budget.admitUnread(note(500), '192.0.2.1')).toBeDefined()
    expect(budget.admitUnread(note(1), '192.0.2.1')).toBeUndefined()
    expect(budget.admitRecord(note(500))).toBe(true)
    expect(budget.admitRecord(note(1))).toBe(false)
    budget.measured(100, true)
    expect(budget.admitRecord(note(900))).toBe(true)
  })

  test('what is on its way comes on top of what is measured, and while more is in the spool the count only goes up', async () => {
    const budget = new QuarantineBudget(1_000)
    let arrive = () => {}
    const delivery = new Promise<void>((resolve) => {
      arrive = resolve
    })
    budget.admitRecord(note(300))
    budget.underway(300, delivery)
    budget.measured(100, true)
    expect(budget.usedBytes).toBe(400)
    arrive()
    await delivery
    budget.measured(100, false)
    expect(budget.usedBytes).toBe(400)
    budget.measured(100, true)
    expect(budget.usedBytes).toBe(100)
  })
})

test('a flood of rubbish fills no table, and what is dropped is counted', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const flood = Array.from({ length: 200 }, (_, i) => {
    const body = Buffer.from(`rubbish ${i}`)
    return it.receiver.keepUnread({ ...note(0), body, bodySize: body.length }, '192.0.2.1', new Date())
  })
  await Promise.all(flood)
  expect(await countRows(database.pool)).toMatchObject({ quarantine: unreadLimits.perSourceHour })
  expect(await it.metric('rtc_quarantine_dropped_bodies')).toBe(200 - unreadLimits.perSourceHour)
  expect(await it.outcomes()).toEqual({ quarantined: unreadLimits.perSourceHour })
})

test('a flood of conflicts, or of records that Postgres refuses, fills it no further; what is in the spool is kept', async () => {
  const database = await freshDatabase()
  const maxBytes = 3_000
  const directory = await temporaryDirectory()
  // By which it is seen that it was measured.
  await database.pool.query(`INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, body)
    VALUES (now(), now(), 1, gen_random_uuid(), 'unknown', 'test', 'x')`)
  const it = await TestReceiver.start(database.url, { directory, quarantineMaxBytes: maxBytes })
  await until('it was measured', async () => (await it.metric('rtc_quarantine_bytes')) === 1)
  await it.take('fee', [cdr('c1')])
  const rival = (n: number) => cdr('c1', { userData: `rival ${n} ${'x'.repeat(200)}` })
  const answers = await Promise.allSettled(
    Array.from({ length: 40 }, (_, n) => it.take('fee', [rival(n), cdr(`d${n}`)])),
  )
  const refused = answers.filter(({ status }) => status === 'rejected').length
  expect(await it.outcomes()).toEqual({ stored: 41, conflict: 40 - refused, refused })
  expect(refused).toBeGreaterThan(20)
  const bytes = 'SELECT sum(octet_length(body))::int AS n FROM rtc.quarantine'
  expect((await database.pool.query(bytes)).rows[0].n).toBeLessThanOrEqual(maxBytes)

  await database.pool.query(`ALTER TABLE rtc.cdrs ADD CONSTRAINT unlucky CHECK (callee_num <> '+8613800000013')`)
  const unlucky = cdr('e1', { calleeNum: '+8613800000013', userData: 'x'.repeat(300) })
  await expect(it.take('fee', [cdr('e2'), unlucky])).rejects.toThrow(CannotStoreError)
  expect(await it.outcomes()).toMatchObject({ stored: 42, refused: refused + 1 })

  const at = new Date().toISOString()
  await it.spool.append([rival(100), unlucky].map((record) => ({ at, kind: 'fee', signer: null, record })))
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await it.outcomes('spool')).toEqual({ conflict: 1, quarantined: 1 })
})

test('a full quarantine: a callback with a bad record is refused, its good records are stored', async () => {
  const database = await freshDatabase()
  await database.pool.query(
    `INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, body)
     VALUES (now(), now(), 150, gen_random_uuid(), 'fee', 'test', convert_to(repeat('x', 150), 'UTF8'))`,
  )
  const it = await TestReceiver.start(database.url, { quarantineMaxBytes: 200 })
  await until('what is there is known', async () => (await it.metric('rtc_quarantine_bytes')) === 150)
  await expect(it.take('fee', [cdr('c1'), cdr('', { userData: 'y'.repeat(60) }), cdr('c2')])).rejects.toThrow(
    CannotStoreError,
  )
  expect(it.log.messages('error')).toEqual(['the quarantine is full: callback answered 503'])
  // Callbacks without a bad record do not mind.
  await it.take('fee', [cdr('c3')])
  await it.stop(5_000)
  expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 3, quarantine: 1 })
  expect(await it.outcomes()).toEqual({ stored: 3, refused: 1 })
  const { received, accounted } = await it.ledger()
  expect(received).toBe(accounted)
})
