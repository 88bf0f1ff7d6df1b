import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { check } from '../../src/ingest/check.ts'
import type { Entry } from '../../src/ingest/entry.ts'
import { FactStore } from '../../src/ingest/fact-store.ts'
import { cdrTable, type FactTable } from '../../src/ingest/facts.ts'
import type { CdrInsert } from '../../src/store/cdrs.ts'
import { withClient } from '../../src/store/pool.ts'
import type { CommitContext } from '../../src/store/postgres.ts'
import { connect } from '../store/connect.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase, waitingForLocks } from '../support/database.ts'
import { hold, TestReceiver, until } from '../support/receiver.ts'
import { countRows } from '../support/tables.ts'

// Nearly always everything is new, and one COPY stores it. These are the other times (design.md §2).

let database: TestDatabase

beforeEach(async () => {
  database = await freshDatabase()
})

const unfolded = async () => (await database.pool.query('SELECT count(*)::int AS n FROM rtc.unfolded')).rows[0].n

const waitsForLock = () => until('somebody waits for a lock', async () => (await waitingForLocks(database.pool)) > 0)

const entryOf = (record: unknown, via: Entry['via'] = 'live'): Entry => {
  const receivedAt = new Date().toISOString()
  return check({ via, kind: 'fee', record, index: 0, signer: null, receivedAt, bytes: 500 })
}

/** What a store of a group needs, from a receiver that has connected. */
async function context(it: TestReceiver): Promise<CommitContext> {
  return it.postgres.withClient(async (_, context) => context)
}

test('two receivers that are sent the same at once: each record is a row once, and to be folded once', async () => {
  const two = [await TestReceiver.start(database.url), await TestReceiver.start(database.url)] as const
  const names = Array.from({ length: 300 }, (_, i) => `same ${i}`)
  await Promise.all(
    two.flatMap((it) => [
      ...names.map((name) => it.take('fee', [cdr(name), cdr(name, { icid: 'second' })])),
      ...names.map((name) => it.take('status', [event(name)])),
    ]),
  )
  expect(await countRows(database.pool)).toEqual({ call_events: 300, cdrs: 600, quarantine: 0 })
  const outcomes = await Promise.all(two.map((it) => it.outcomes()))
  const sum = (outcome: string) => outcomes.reduce((total, counts) => total + (counts[outcome] ?? 0), 0)
  expect([sum('stored'), sum('duplicate')]).toEqual([900, 900])
  expect(await unfolded()).toBe(900)
})

test('everything is sent again: counted, nothing is stored, nothing is to be folded, and nothing grows', async () => {
  const it = await TestReceiver.start(database.url)
  const sendAll = async () => {
    for (let i = 0; i < 10; i++) {
      const names = Array.from({ length: 50 }, (_, j) => `again ${i} ${j}`)
      await it.take(
        'fee',
        names.map((name) => cdr(name)),
      )
      await Promise.all(names.map((name) => it.take('status', [event(name)])))
    }
  }
  const bytes = async () =>
    (
      await database.pool.query(
        `SELECT sum(pg_total_relation_size(inhrelid))::float8 AS n FROM pg_inherits WHERE inhparent IN ('rtc.cdrs'::regclass, 'rtc.call_events'::regclass)`,
      )
    ).rows[0].n
  await sendAll()
  const before = { bytes: await bytes(), unfolded: await unfolded() }
  await sendAll()
  await sendAll()
  expect(await it.outcomes()).toEqual({ stored: 1_000, duplicate: 2_000 })
  expect(await unfolded()).toBe(before.unfolded)
  // The first group of each table only was found out by a COPY that failed.
  expect((await bytes()) / before.bytes).toBeLessThan(1.3)
})

test('a group of duplicates only, and one with a duplicate among new records', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('a'), cdr('b')])
  await it.take('fee', [cdr('b'), cdr('a'), cdr('a')])
  await it.take('fee', [cdr('c'), cdr('a'), cdr('d')])
  expect(await it.outcomes()).toEqual({ stored: 4, duplicate: 4 })
  expect(await unfolded()).toBe(4)
})

test('what an older receiver stored, and could not lay out as fully, is the same record', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('old', { recordFlag: 1 })])
  await database.pool.query(`UPDATE rtc.cdrs SET record_flag = NULL, extra = '{"recordFlag": "1"}'`)
  await it.take('fee', [cdr('old', { recordFlag: 1 })])
  expect(await it.outcomes()).toEqual({ stored: 1, duplicate: 1 })
})

describe('an erasure', () => {
  const digest = (context: CommitContext, name: string) =>
    cdrTable.keyDigest(cdrTable.row(entryOf(cdr(name)), context.digestKey), context.digestKey)

  test('that left the row under its key: whatever comes is a duplicate', async () => {
    const it = await TestReceiver.start(database.url)
    await it.take('fee', [cdr('erased')])
    await database.pool.query(`UPDATE rtc.cdrs SET callee_num = 'pseudonym', erased_at = now()`)
    await it.take('fee', [cdr('erased'), cdr('erased', { calleeNum: '+8613800000099' })])
    expect(await it.outcomes()).toEqual({ stored: 1, duplicate: 2 })
  })

  test('that moved the key: what is sent again is a duplicate, what is new is stored', async () => {
    const it = await TestReceiver.start(database.url)
    await it.take('fee', [cdr('moved')])
    const { rowCount } = await database.pool.query(`WITH moved AS (DELETE FROM rtc.cdrs RETURNING 1)
      INSERT INTO rtc.erased_keys (key_digest) SELECT '${digest(await context(it), 'moved')}' FROM moved`)
    expect(rowCount).toBe(1)
    await it.take('fee', [cdr('moved'), cdr('new')])
    await it.take('fee', [cdr('moved')])
    await it.take('fee', [cdr('newer')])
    expect(await it.outcomes()).toEqual({ stored: 3, duplicate: 2 })
    // And by a receiver that was started after it.
    const next = await TestReceiver.start(database.url)
    await next.take('fee', [cdr('moved'), cdr('newest')])
    expect(await next.outcomes()).toEqual({ stored: 1, duplicate: 1 })
    expect(await countRows(database.pool)).toMatchObject({ cdrs: 3 })
  })

  const erase = (moved: string) =>
    `DELETE FROM rtc.cdrs WHERE session_id = 'waiting'; INSERT INTO rtc.erased_keys (key_digest)
      VALUES ('${moved}') ON CONFLICT DO NOTHING`

  const storedNames = async () =>
    (await database.pool.query('SELECT session_id FROM rtc.cdrs ORDER BY 1')).rows.map(({ session_id }) => session_id)

  test('that commits while a COPY waits for its row lets no row back in', async () => {
    const it = await TestReceiver.start(database.url)
    await it.take('fee', [cdr('waiting')])
    const erasure = await hold(database.url, erase(digest(await context(it), 'waiting')))
    const taken = it.take('fee', [cdr('waiting'), cdr('new')])
    await waitsForLock()
    await erasure.commit()
    await taken
    expect(await storedNames()).toEqual(['new'])
    expect(await it.outcomes()).toEqual({ stored: 2, duplicate: 1 })
  })

  test.each([
    ['after the look, before the COPY', 2],
    ['before the look of the last way', 3],
  ])('that commits %s lets no row back in', async (_, when) => {
    const it = await TestReceiver.start(database.url)
    await it.take('fee', [cdr('waiting')])
    const moved = digest(await context(it), 'waiting')
    let [copies, looks] = [0, 0]
    const table: FactTable<CdrInsert> = {
      ...cdrTable,
      async copy(client, rows, digests) {
        if (++copies === when) await database.pool.query(erase(moved))
        // Somebody else stores one of the others, each time another one, until it is time.
        if (copies < when) await database.pool.query(insertAs(`rival ${copies}`))
        return cdrTable.copy(client, rows, digests)
      },
      async stored(client, rows) {
        if (++looks === 2 && when === 3) await database.pool.query(erase(moved))
        return cdrTable.stored(client, rows)
      },
    }
    const store = new FactStore(
      table,
      () => true,
      () => {},
    )
    const group = ['rival 1', 'rival 2', 'waiting', 'new'].map((name) => entryOf(cdr(name)))
    const attempt = () => it.postgres.withClient((client, context) => store.store(client, context, group))
    if (when === 3) await expect(attempt()).rejects.toMatchObject({ code: 'RTC01' })
    expect(await attempt()).toEqual([expect.any(String), expect.any(String), 'duplicate', expect.any(String)])
    expect(await storedNames()).not.toContain('waiting')
  })
})

const insertAs = (name: string) =>
  `INSERT INTO rtc.cdrs (session_id, icid, cdr_time, received_at)
    VALUES ('${name}', '${name}.1', '2024-03-05 07:16:02+00', now()) ON CONFLICT DO NOTHING`

test('a row that retention drops between the COPY that met it and the look: the record is stored', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('dropped')])
  const dropping: FactTable<CdrInsert> = {
    ...cdrTable,
    async stored(client, rows) {
      await database.pool.query('DELETE FROM rtc.cdrs')
      return cdrTable.stored(client, rows)
    },
  }
  const store = new FactStore(
    dropping,
    () => true,
    () => {},
  )
  const outcomes = await it.postgres.withClient((client, context) =>
    store.store(client, context, [entryOf(cdr('dropped')), entryOf(cdr('new'))]),
  )
  expect(outcomes).toEqual(['stored', 'stored'])
})

test('a row that is dropped after others were waited for: the group is tried again', async () => {
  const it = await TestReceiver.start(database.url)
  const dropping: FactTable<CdrInsert> = {
    ...cdrTable,
    copy: async (client, rows, digests) => {
      // Somebody else is faster each time.
      await database.pool.query(insertAs('raced'))
      return cdrTable.copy(client, rows, digests)
    },
    async stored(client, rows) {
      // By retention each time, before it can be looked at.
      await database.pool.query('DELETE FROM rtc.cdrs')
      return cdrTable.stored(client, rows)
    },
    async insert(client, rows) {
      await database.pool.query(insertAs('raced'))
      return cdrTable.insert(client, rows)
    },
  }
  const store = new FactStore(
    dropping,
    () => true,
    () => {},
  )
  await expect(
    it.postgres.withClient((client, context) => store.store(client, context, [entryOf(cdr('raced'))])),
  ).rejects.toMatchObject({ code: '40001' })
})

/** Without the order of rows a quarter of all pairs deadlock. */
const pairs = Number(process.env.PAIRS ?? 250)

test(`receivers whose groups overlap, across partitions: no deadlock in ${pairs} pairs`, {
  timeout: 240_000,
}, async () => {
  const it = await TestReceiver.start(database.url)
  const shared = await context(it)
  const many = new pg.Pool({ connectionString: database.url, max: 2 })
  onTestFinished(() => many.end())
  const stores = [0, 1].map(
    () =>
      new FactStore(
        cdrTable,
        () => true,
        () => {},
      ),
  )
  /** Records in three partitions whose order by session is not their order by time, as one of the two receivers gets them. */
  const records = (pair: number) =>
    Array.from({ length: 12 }, (_, i) => {
      const session = `pair ${pair} ${(i * 5) % 12}`
      return cdr(session, { callEndTime: `2024-0${1 + (i % 3)}-10 00:00:00` })
    })
  for (let pair = 0; pair < pairs; pair++) {
    const all = records(pair).map((record) => entryOf(record))
    const [some, others] = [all.slice(0, 9), all.slice(3).reverse()]
    const outcomes = await Promise.all(
      [some, others].map((group, i) =>
        withClient(many, (client) => (stores[i] as FactStore<CdrInsert>).store(client, shared, group)),
      ),
    )
    expect(outcomes.flat().filter((outcome) => outcome === 'stored')).toHaveLength(12)
  }
  // Postgres 14 cannot be told to; there the numbers are half a second late.
  await database.pool.query('SELECT pg_stat_force_next_flush()').catch(() => sleep(2_000))
  const { rows } = await database.pool.query(
    `SELECT deadlocks::int, (SELECT count(*)::int FROM rtc.cdrs) AS stored FROM pg_stat_database WHERE datname = current_database()`,
  )
  expect(rows).toEqual([{ deadlocks: 0, stored: 12 * pairs }])
})

test('sorted by session alone they would: it is the order that saves them', async () => {
  const { digestKey } = await context(await TestReceiver.start(database.url))
  const [one, two] = [await connect(database.url), await connect(database.url)]
  const at = (session_id: string, day: string) =>
    cdrTable.row(entryOf(cdr(session_id, { callEndTime: `${day} 00:00:00` })), digestKey)
  const [a, b] = [at('a', '2019-02-10'), at('b', '2019-01-10')]
  await Promise.all([one.query('BEGIN'), two.query('BEGIN')])
  await Promise.all([cdrTable.copy(one, [a], null), cdrTable.copy(two, [b], null)])
  const outcomes = await Promise.allSettled([cdrTable.copy(one, [b], null), cdrTable.copy(two, [a], null)])
  const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
  expect(codes).toContain('40P01')
})

describe('a client that hangs in the middle of its COPY', () => {
  test('holds up whoever stores the same no longer than the deadline', async () => {
    const deadlineMs = 1_000
    const it = await TestReceiver.start(database.url, { deadlineMs })
    await it.take('fee', [cdr('warm')])
    await it.take('status', [event('free')])
    const hanging = await connect(database.url)
    const half = new HalfCopy()
    hanging.query(half)
    await waitsInCopy()
    const started = performance.now()
    await it.take('fee', [cdr('hung')])
    expect(performance.now() - started).toBeLessThan(deadlineMs + 5_000)
    expect(await it.outcomes()).toEqual({ stored: 2, spooled: 1 })
    // Its connection is lost, the transaction with it.
    half.lose()
    await until('the spool is drained', () => it.spool.records === 0)
    // What was given up may have been stored all the same when it could go on.
    expect([{ stored: 1 }, { duplicate: 1 }]).toContainEqual(await it.outcomes('spool'))
    expect((await countRows(database.pool)).cdrs).toBe(2)
  })

  const waitsInCopy = () =>
    until('the server waits for the rest of the COPY', async () => {
      const { rows } = await database.pool.query(
        `SELECT FROM pg_stat_activity WHERE wait_event = 'ClientRead' AND query LIKE 'COPY rtc.cdrs%'`,
      )
      return rows.length > 0
    })
})

/** A COPY of a row that is sent, and never ended. */
class HalfCopy implements pg.Submittable {
  #connection: pg.Connection | undefined

  submit(connection: pg.Connection): void {
    this.#connection = connection
    connection.query('COPY rtc.cdrs (session_id, icid, cdr_time, received_at) FROM STDIN')
    // So many that the first are written before the end is known: the buffer of a COPY holds 1,000 rows.
    const rows = Array.from({ length: 1_001 }, (_, i) => {
      const name = i === 0 ? 'hung' : `hung ${i}`
      return `${name}\t${name}.1\t2024-03-05 07:16:02+00\t2024-03-05 07:16:03+00\n`
    })
    const data = Buffer.from(rows.join(''))
    const header = Buffer.from('d\0\0\0\0')
    header.writeInt32BE(4 + data.length, 1)
    connection.stream.write(Buffer.concat([header, data]))
  }

  lose(): void {
    this.#connection?.stream.destroy()
  }

  handleCopyInResponse(): void {}
  handleError(): void {}
}
