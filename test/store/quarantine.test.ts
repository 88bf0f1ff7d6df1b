import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { withClient } from '../../src/store/pool.ts'
import {
  entryOverhead,
  getQuarantine,
  insertQuarantine,
  listQuarantine,
  pruneQuarantine,
  pruneResolved,
  type QuarantineInsert,
  quarantineSize,
  resolveQuarantine,
} from '../../src/store/quarantine.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { quarantineRow } from './rows.ts'

const HOUR = 3_600_000

function insert({ pool }: TestDatabase, entries: QuarantineInsert[]): Promise<void> {
  return withClient(pool, (client) => insertQuarantine(client, entries))
}

const hoursFromNow = (hours: number) => new Date(Date.now() + hours * HOUR).toISOString()

test('an entry comes back as it went in, its body byte by byte', async () => {
  const database = await freshDatabase()
  const body = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  await insert(database, [
    quarantineRow({
      kind: 'unknown',
      reason: 'not_json',
      errors: [{ pointer: '', message: 'unexpected "token"' }],
      record_index: null,
      body,
      body_size: 99_999,
      signed_by: 'app1',
      received_at: '2026-11-22T09:00:00.000Z',
    }),
  ])
  const [entry] = await listQuarantine(database.pool)
  expect(entry).toEqual({
    id: 1,
    kind: 'unknown',
    reason: 'not_json',
    errors: [{ pointer: '', message: 'unexpected "token"' }],
    record_index: null,
    body_size: 99_999,
    signed_by: 'app1',
    first_seen_at: new Date('2026-11-22T09:00:00Z'),
    last_seen_at: new Date('2026-11-22T09:00:00Z'),
    seen_count: 1,
    resolved_at: null,
    resolution: null,
    call_ref: null,
    differing: null,
    minutes_stored: null,
    minutes_received: null,
  })
  expect(await getQuarantine(database.pool, 1)).toEqual({ ...entry, body })
  expect(await getQuarantine(database.pool, 2)).toBeUndefined()
  expect(await quarantineSize(database.pool)).toMatchObject({ entries: 1, bytes: 256 + entryOverhead })
})

test('the same again is counted, in one statement as in several', async () => {
  const database = await freshDatabase()
  const at = (time: string) => quarantineRow({ received_at: `2026-11-22T${time}:00.000Z` })
  await insert(database, [])
  await insert(database, [at('09:00'), at('08:00'), at('10:00'), { ...at('09:00'), reason: 'conflict' }])
  await insert(database, [at('12:00')])
  // From a spool, later than what came after it.
  await insert(database, [at('07:00')])
  const entries = await listQuarantine(database.pool)
  expect(entries.map(({ reason, seen_count }) => [reason, seen_count])).toEqual([
    ['missing_session_id', 5],
    ['conflict', 1],
  ])
  expect(entries[0]).toMatchObject({
    first_seen_at: new Date('2026-11-22T07:00:00Z'),
    last_seen_at: new Date('2026-11-22T12:00:00Z'),
  })
})

test('two groups with the same entries in opposite order do not deadlock', async () => {
  const database = await freshDatabase()
  const entries = Array.from({ length: 100 }, (_, i) => quarantineRow({ body: Buffer.from(`${i}`) }))
  for (let round = 0; round < 5; round++) {
    await Promise.all([insert(database, entries), insert(database, [...entries].reverse())])
  }
  const listed = await listQuarantine(database.pool)
  expect(listed).toHaveLength(100)
  expect(new Set(listed.map(({ seen_count }) => seen_count))).toEqual(new Set([10]))
})

test('resolving closes what is open, once', async () => {
  const database = await freshDatabase()
  await insert(database, [quarantineRow(), quarantineRow({ reason: 'conflict' })])
  expect(await resolveQuarantine(database.pool, [1, 2, 77], 'dismissed')).toEqual([1, 2])
  expect(await resolveQuarantine(database.pool, [1, 2], 'again')).toEqual([])
  expect(await listQuarantine(database.pool)).toEqual([])
  const closed = await listQuarantine(database.pool, { resolved: true, reason: 'conflict' })
  expect(closed).toMatchObject([{ reason: 'conflict', resolution: 'dismissed' }])
  expect(await listQuarantine(database.pool, { resolved: true, limit: 1 })).toHaveLength(1)
})

test('the same again within a day of being resolved stays closed, and opens after that', async () => {
  const database = await freshDatabase()
  await insert(database, [quarantineRow({ reason: 'conflict', received_at: hoursFromNow(-1) })])
  await resolveQuarantine(database.pool, [1], 'the stored one is right')
  await insert(database, [quarantineRow({ reason: 'conflict', received_at: hoursFromNow(6) })])
  expect(await listQuarantine(database.pool)).toEqual([])
  expect(await getQuarantine(database.pool, 1)).toMatchObject({ seen_count: 2, resolution: 'the stored one is right' })
  await insert(database, [quarantineRow({ reason: 'conflict', received_at: hoursFromNow(25) })])
  expect(await listQuarantine(database.pool)).toMatchObject([{ seen_count: 3, resolved_at: null, resolution: null }])
})

test('pruning deletes what has not come for so many days', async () => {
  const database = await freshDatabase()
  await insert(database, [
    quarantineRow({ reason: 'old', received_at: hoursFromNow(-91 * 24) }),
    quarantineRow({ reason: 'young', received_at: hoursFromNow(-89 * 24) }),
    quarantineRow({ reason: 'still comes', received_at: hoursFromNow(-200 * 24) }),
    quarantineRow({ reason: 'still comes', received_at: hoursFromNow(-1) }),
  ])
  await database.pool.query('UPDATE rtc.quarantine SET stored_at = last_seen_at')
  await insert(database, [quarantineRow({ reason: 'by a wrong clock', received_at: hoursFromNow(-1_000 * 24) })])
  expect(await pruneQuarantine(database.pool, 90)).toBe(1)
  const left = (await listQuarantine(database.pool)).map(({ reason }) => reason)
  expect(left).toEqual(['still comes', 'young', 'by a wrong clock'])
  expect(await pruneQuarantine(database.pool, 90)).toBe(0)
})

test('what was resolved more than a day ago makes room; what is open stays', async () => {
  const database = await freshDatabase()
  await insert(database, [
    quarantineRow({ reason: 'open' }),
    quarantineRow({ reason: 'just closed' }),
    ...Array.from({ length: 1_200 }, (_, i) => quarantineRow({ body: Buffer.from(`${i}`) })),
  ])
  const ids = async (reason: string) =>
    (await listQuarantine(database.pool, { reason, limit: 2_000 })).map(({ id }) => id)
  await resolveQuarantine(database.pool, await ids('missing_session_id'), 'replayed')
  await database.pool.query("UPDATE rtc.quarantine SET resolved_at = resolved_at - interval '25 hours'")
  await resolveQuarantine(database.pool, await ids('just closed'), 'replayed')
  expect(await pruneResolved(database.pool)).toBe(1_200)
  const left = await listQuarantine(database.pool, { resolved: true })
  expect(left.map(({ reason }) => reason).sort()).toEqual(['just closed', 'open'])
})

test('the size is what is there, whoever adds, changes or removes entries', async () => {
  const database = await freshDatabase()
  const { pool } = database
  const sizeIsRight = async () => {
    const { rows } = await pool.query(`SELECT count(*)::int AS entries,
      coalesce(sum(octet_length(body) + ${entryOverhead}), 0)::int AS bytes FROM rtc.quarantine`)
    expect(await quarantineSize(pool)).toMatchObject(rows[0])
  }
  await sizeIsRight()
  const entries = Array.from({ length: 300 }, (_, i) =>
    quarantineRow({ body: randomBytes(i * 20), reason: `${i % 7}` }),
  )
  await Promise.all([insert(database, entries), insert(database, entries.slice(100)), quarantineSize(pool)])
  await sizeIsRight()
  await insert(database, entries)
  await sizeIsRight()
  await pool.query("UPDATE rtc.quarantine SET body = 'erased' WHERE id % 3 = 0")
  await sizeIsRight()
  await pool.query('UPDATE rtc.quarantine SET resolved_at = now()')
  await Promise.all([
    pool.query('DELETE FROM rtc.quarantine WHERE id % 2 = 0'),
    ...Array.from({ length: 5 }, () => quarantineSize(pool)),
  ])
  await sizeIsRight()
  const client = await pool.connect()
  await client.query('BEGIN; DELETE FROM rtc.quarantine')
  expect((await quarantineSize(pool)).entries).toBeGreaterThan(0)
  await client.query('ROLLBACK')
  client.release()
  await sizeIsRight()
  await pool.query('TRUNCATE rtc.quarantine')
  expect(await quarantineSize(pool)).toMatchObject({ entries: 0, bytes: 0 })
})

test('entries take about what is counted for them on disk, or less, small ones and large', async () => {
  const database = await freshDatabase()
  for (const bytes of [8, 300, 1_500, 5_000, 60_000]) {
    await database.pool.query('TRUNCATE rtc.quarantine')
    const count = Math.ceil(4e6 / (bytes + 512))
    for (let i = 0; i < count; i += 500) {
      const rows = Array.from({ length: Math.min(500, count - i) }, () => quarantineRow({ body: randomBytes(bytes) }))
      await insert(database, rows)
    }
    const { bytes: counted, diskBytes } = await quarantineSize(database.pool)
    expect(diskBytes / counted).toBeLessThan(1.25)
  }
})

test('the size is known without reading an entry', async () => {
  const database = await freshDatabase()
  await insert(
    database,
    Array.from({ length: 2_000 }, (_, i) => quarantineRow({ body: Buffer.from(`${i}`) })),
  )
  // Nobody can read it meanwhile.
  const client = await database.pool.connect()
  await client.query('BEGIN; LOCK TABLE rtc.quarantine IN EXCLUSIVE MODE')
  expect(await quarantineSize(database.pool)).toMatchObject({ entries: 2_000 })
  await client.query('ROLLBACK')
  client.release()
})
