import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { QuarantineNote } from '../../src/ingest/entry.ts'
import { QuarantineBudget, unreadLimits } from '../../src/ingest/quarantine-budget.ts'
import { CannotStoreError } from '../../src/ingest/receiver.ts'
import { entryOverhead } from '../../src/store/quarantine.ts'
import { cdr } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { TestReceiver, until } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/spool.ts'
import { countRows } from '../support/tables.ts'

const note = (bytes: number): QuarantineNote => ({
  ...{ kind: 'unknown', reason: 'invalid_json', errors: [], holds: 'body' },
  ...{ body: Buffer.alloc(bytes), bodySize: bytes },
})
/** A note that takes so many bytes. */
const costing = (bytes: number) => note(bytes - entryOverhead)

const empty = { entries: 0, bytes: 0, diskBytes: 0 }

function measured(maxBytes: number, size: Partial<typeof empty> = {}): QuarantineBudget {
  const budget = new QuarantineBudget(maxBytes)
  budget.measured({ ...empty, ...size }, true)
  return budget
}

describe('bodies answered 4xx', () => {
  const hour = 3_600_000

  test('are cut to their first 64 KiB', () => {
    const budget = measured(1e9)
    expect(budget.admitUnread(note(100_000), '192.0.2.1')).toMatchObject({
      bodySize: 100_000,
      body: { length: 65_536 },
    })
    expect(budget.usedBytes).toBe(65_536 + entryOverhead)
  })

  test('are so many an hour from one source', () => {
    const budget = measured(1e9)
    const admitted = (source: string, now: number) => budget.admitUnread(note(10), source, now) !== undefined
    for (let i = 0; i < unreadLimits.perSourceHour; i++) expect(admitted('192.0.2.1', hour)).toBe(true)
    expect(admitted('192.0.2.1', hour)).toBe(false)
    expect(admitted('192.0.2.2', hour)).toBe(true)
    expect(budget.dropped).toBe(1)
    expect(admitted('192.0.2.1', 2 * hour)).toBe(true)
  })

  test('the addresses of an IPv6 network are one source', () => {
    const budget = measured(1e9)
    let admitted = 0
    for (let i = 0; i < 200; i++) if (budget.admitUnread(note(10), `2001:db8::${i.toString(16)}`, hour)) admitted++
    expect(admitted).toBe(unreadLimits.perSourceHour)
  })

  test('and from all together', () => {
    const budget = measured(1e9)
    let admitted = 0
    for (let i = 0; i < 2_000; i++) if (budget.admitUnread(note(10), `10.0.${i >> 8}.${i & 255}`, hour)) admitted++
    expect(admitted).toBe(unreadLimits.perHour)
  })

  test('of a sender who knew the path token are all kept, as far as there is room', () => {
    const budget = measured(1_000_000)
    const unauthenticated = { ...costing(1_000), kind: 'unauthenticated' } as const
    let admitted = 0
    for (let i = 0; i < 10_000; i++) if (budget.admitUnread(unauthenticated, '192.0.2.1', hour)) admitted++
    expect(admitted).toBe(500)
  })

  test('fill half of the quarantine at most; the other half is for records', () => {
    const budget = measured(10_000)
    expect(budget.admitUnread(costing(5_000), '192.0.2.1')).toBeDefined()
    expect(budget.isTight).toBe(false)
    expect(budget.admitUnread(note(0), '192.0.2.1')).toBeUndefined()
    expect(budget.admitRecord(costing(5_000))).toBe(true)
    expect(budget.isTight).toBe(true)
    expect(budget.admitRecord(note(0))).toBe(false)
    budget.measured({ ...empty, bytes: 1_000 }, true)
    expect(budget.admitRecord(costing(9_000))).toBe(true)
  })

  test('are not kept as long as the quarantine cannot be measured', () => {
    const budget = new QuarantineBudget(10_000)
    expect(budget.admitUnread(note(0), '192.0.2.1')).toBeDefined()
    budget.unmeasured()
    expect(budget.admitUnread(note(0), '192.0.2.1')).toBeUndefined()
    expect(budget.admitRecord(note(0))).toBe(true)
    budget.measured(empty, true)
    expect(budget.admitUnread(note(0), '192.0.2.1')).toBeDefined()
  })
})

test('entries without a body fill it as well', () => {
  const budget = measured(100_000)
  let admitted = 0
  while (budget.admitRecord(note(1))) admitted++
  expect(admitted).toBe(Math.floor(100_000 / (entryOverhead + 1)))
})

test('files that have grown far beyond their entries count', () => {
  const budget = measured(10_000, { diskBytes: 10_001 })
  expect(budget.admitUnread(note(0), '192.0.2.1')).toBeUndefined()
  expect(budget.admitRecord(note(0))).toBe(true)
  budget.measured({ ...empty, diskBytes: 20_001 }, true)
  expect(budget.admitRecord(note(0))).toBe(false)
})

test('what is on its way comes on top of what is measured, and while more is in the spool the count only goes up', async () => {
  const budget = measured(10_000)
  let arrive = () => {}
  const delivery = new Promise<void>((resolve) => {
    arrive = resolve
  })
  budget.admitRecord(costing(3_000))
  budget.underway([costing(3_000)], delivery)
  budget.measured({ ...empty, bytes: 1_000 }, true)
  expect(budget.usedBytes).toBe(4_000)
  arrive()
  await delivery
  budget.measured({ ...empty, bytes: 1_000 }, false)
  expect(budget.usedBytes).toBe(4_000)
  budget.measured({ ...empty, bytes: 1_000 }, true)
  expect(budget.usedBytes).toBe(1_000)
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
  expect(await it.metric('rtc_quarantine_dropped_bodies_total')).toBe(200 - unreadLimits.perSourceHour)
  expect(await it.outcomes()).toEqual({ quarantined: unreadLimits.perSourceHour })
})

test('callbacks full of bad records: their bodies are kept, so that rows and disk are bounded by what was sent', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url, { quarantineMaxBytes: 4 * 1024 * 1024 })
  // 1.3 MB in all.
  let sent = 0
  for (let callback = 0; callback < 52; callback++) {
    const records = [cdr(`good${callback}`), ...Array.from({ length: 4_900 }, (_, i) => i + callback * 5_000)]
    const body = Buffer.from(JSON.stringify({ eventType: 'fee', feeLst: records }))
    sent += body.length
    await it.take('fee', records, { body })
  }
  expect(await countRows(database.pool)).toMatchObject({ cdrs: 52, quarantine: 52 })
  const { bytes, disk } = await sizeOf(database)
  expect(disk).toBeLessThan(2 * sent)
  expect(bytes).toBe(sent + 52 * entryOverhead)
  const { rows } = await database.pool.query(
    'SELECT DISTINCT kind, reason, record_index, errors->0 AS error FROM rtc.quarantine',
  )
  const error = { pointer: '/feeLst', message: 'holds 4900 bad records' }
  expect(rows).toEqual([{ kind: 'fee', reason: 'too_many_bad_records', record_index: null, error }])
})

test('the quarantine is never larger than it may be: rows, bytes and disk', async () => {
  const database = await freshDatabase()
  const maxBytes = 2 * 1024 * 1024
  const it = await TestReceiver.start(database.url, { quarantineMaxBytes: maxBytes })
  const bad = (n: number) => [n, n, n, `${n}`, n + 0.5]
  const answers = await Promise.allSettled(Array.from({ length: 3_000 }, (_, n) => it.take('fee', bad(n))))
  expect(answers.some(({ status }) => status === 'rejected')).toBe(true)
  const { entries, bytes, disk } = await sizeOf(database)
  expect(entries).toBeLessThan(maxBytes / entryOverhead)
  expect(bytes).toBeLessThanOrEqual(maxBytes)
  expect(disk).toBeLessThanOrEqual(maxBytes)
})

test('a flood of conflicts, or of records that Postgres refuses, fills it no further; what is in the spool is kept', async () => {
  const database = await freshDatabase()
  // Empty files take 60 KB.
  const maxBytes = 60_000
  const directory = await temporaryDirectory()
  const it = await TestReceiver.start(database.url, { directory, quarantineMaxBytes: maxBytes })
  await it.take('fee', [cdr('c1')])
  const rival = (n: number) => cdr('c1', { userData: `rival ${n} ${'x'.repeat(900)}` })
  const answers = await Promise.allSettled(
    Array.from({ length: 80 }, (_, n) => it.take('fee', [rival(n), cdr(`d${n}`)])),
  )
  const refused = answers.filter(({ status }) => status === 'rejected').length
  expect(await it.outcomes()).toEqual({ stored: 81, conflict: 80 - refused, refused })
  expect(refused).toBeGreaterThan(20)
  expect(refused).toBeLessThan(60)
  expect((await sizeOf(database)).bytes).toBeLessThanOrEqual(maxBytes)

  await database.pool.query(`ALTER TABLE rtc.cdrs ADD CONSTRAINT unlucky CHECK (callee_num <> '+8613800000013')`)
  const unlucky = cdr('e1', { calleeNum: '+8613800000013', userData: 'x'.repeat(1_000), more: 'x'.repeat(1_000) })
  await expect(it.take('fee', [cdr('e2'), unlucky])).rejects.toThrow(CannotStoreError)
  expect(await it.outcomes()).toMatchObject({ stored: 82, refused: refused + 1 })

  const at = new Date().toISOString()
  await it.spool.append([rival(100), unlucky].map((record) => ({ at, kind: 'fee', signer: null, record })))
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await it.outcomes('spool')).toEqual({ conflict: 1, quarantined: 1 })
})

test('a full quarantine: a callback with a bad record is refused, its good records are stored, after a restart too', async () => {
  const database = await freshDatabase()
  await fill(database, 1, 100_000)
  const it = await TestReceiver.start(database.url, { quarantineMaxBytes: 101_000 })
  // Known as soon as Postgres is.
  expect(await it.metric('rtc_quarantine_bytes')).toBe(100_000 + entryOverhead)
  await expect(it.take('fee', [cdr('c1'), cdr('', { userData: 'y'.repeat(60) }), cdr('c2')])).rejects.toThrow(
    CannotStoreError,
  )
  expect(it.log.messages('error')).toEqual(['the quarantine is full: callback answered 503'])
  // Callbacks without a bad record do not mind.
  await it.take('fee', [cdr('c3')])
  await it.stop(5_000)
  expect(await countRows(database.pool)).toMatchObject({ call_events: 0, cdrs: 3, quarantine: 1 })
  expect(await it.outcomes()).toEqual({ stored: 3, refused: 1 })
  const { received, accounted } = await it.ledger()
  expect(received).toBe(accounted)
})

test.each([
  ['fails', "RAISE 'broken'"],
  ['takes too long', 'PERFORM pg_sleep(60)'],
])('a quarantine whose measurement %s is full for what is refused anyway', async (_, body) => {
  const database = await freshDatabase()
  await database.pool.query(`CREATE OR REPLACE FUNCTION rtc.quarantine_size(OUT entries bigint, OUT bytes bigint, OUT disk_bytes bigint)
    LANGUAGE plpgsql AS $$ BEGIN ${body}; END $$`)
  const it = await TestReceiver.start(database.url, { deadlineMs: 2_000 })
  await it.receiver.keepUnread(note(10), '192.0.2.1', new Date())
  expect(await countRows(database.pool)).toMatchObject({ quarantine: 0 })
  expect(it.log.messages('warn')).toContain(
    'rtc.quarantine could not be measured: until it can, bodies that are refused are not kept',
  )
  await it.take('fee', [cdr('')])
  expect(await countRows(database.pool)).toMatchObject({ quarantine: 1 })
})

async function sizeOf({ pool }: TestDatabase): Promise<{ entries: number; bytes: number; disk: number }> {
  const { rows } =
    await pool.query(`SELECT count(*)::int AS entries, pg_total_relation_size('rtc.quarantine')::int AS disk,
    (sum(octet_length(body)) + count(*) * ${entryOverhead})::int AS bytes FROM rtc.quarantine`)
  return rows[0]
}

async function fill({ pool }: TestDatabase, entries: number, bytes: number): Promise<void> {
  await pool.query(
    `INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, body)
     SELECT now(), now(), $2, gen_random_uuid(), 'fee', 'test', $3 FROM generate_series(1, $1)`,
    [entries, bytes, randomBytes(bytes)],
  )
}
