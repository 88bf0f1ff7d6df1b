import { beforeAll, expect, test } from 'vitest'
import { cdr } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase, waitingForLocks } from '../support/database.ts'
import { hold, TestReceiver, until } from '../support/receiver.ts'
import { countRows } from '../support/tables.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await freshDatabase()
})

const other = (name: string, more = {}) => cdr(name, { calleeNum: '+8613800000099', ...more })

const storedAs = async (name: string) => {
  const { rows } = await database.pool.query('SELECT callee_num FROM rtc.cdrs WHERE session_id = $1', [name])
  return rows.map((row) => row.callee_num)
}

const conflicts = async (name: string) => {
  const { rows } = await database.pool.query(
    `SELECT seen_count::int, record_index, errors, differing, convert_from(body, 'UTF8')::jsonb AS body FROM rtc.quarantine
     WHERE reason = 'conflict' AND convert_from(body, 'UTF8')::jsonb ->> 'sessionId' = $1 ORDER BY record_index`,
    [name],
  )
  return rows
}

test('two CDRs with one key in one group: the first is stored, the other kept in the same transaction', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('one'), other('one'), cdr('one'), other('one')])
  expect(await storedAs('one')).toEqual(['+8613800000021'])
  expect(await conflicts('one')).toEqual([
    {
      seen_count: 2,
      record_index: 1,
      errors: [{ pointer: '', message: 'another record is stored under the same sessionId, icid and time' }],
      differing: ['calleeNum'],
      body: other('one'),
    },
  ])
  expect(await it.outcomes()).toEqual({ stored: 1, duplicate: 1, conflict: 2 })
  const { rows } = await database.pool.query(
    `SELECT count(DISTINCT xmin::text)::int AS n FROM (SELECT xmin FROM rtc.cdrs UNION ALL SELECT xmin FROM rtc.quarantine) t`,
  )
  expect(rows[0].n).toBe(1)
})

test("of fields that a sender invents some are named, and the platform's own first", async () => {
  const it = await TestReceiver.start(database.url)
  const invented = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${'😀'.repeat(100)}${i}`, 1]))
  await it.take('fee', [cdr('invented'), other('invented', invented)])
  const { differing } = (await conflicts('invented'))[0]
  expect(differing).toHaveLength(50)
  expect(differing.slice(0, 2)).toEqual(['calleeNum', '😀'.repeat(64)])
})

test('a conflict with a stored row: never merged, never overwriting; sent again it is counted', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('two')])
  await it.take('fee', [other('two')])
  await it.take('fee', [cdr('two'), other('two')])
  expect(await storedAs('two')).toEqual(['+8613800000021'])
  expect(await conflicts('two')).toMatchObject([{ seen_count: 2, body: other('two') }])
  expect(await it.outcomes()).toEqual({ stored: 1, duplicate: 1, conflict: 2 })
})

test('a stored record that comes with its rival before it is a duplicate, not a conflict', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('three')])
  await it.take('fee', [other('three'), cdr('three'), cdr('three', { calleeNum: '+8613800000098' })])
  expect(await conflicts('three')).toMatchObject([{ body: other('three') }, { record_index: 2 }])
  expect(await it.outcomes()).toEqual({ stored: 1, duplicate: 1, conflict: 2 })
})

test('a CDR with another icid or time is a row of its own', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('four'), cdr('four', { icid: 'x' }), cdr('four', { callEndTime: '2024-03-05 07:16:03' })])
  expect(await it.outcomes()).toEqual({ stored: 3 })
})

const insertAs = (name: string) => ({
  sql: `INSERT INTO rtc.cdrs (session_id, icid, cdr_time, received_at)
    VALUES ($1, $1 || '.1', '2024-03-05 07:16:02+00', now())`,
  values: [name],
})

const waits = () =>
  until('the receiver waits for the other transaction', async () => (await waitingForLocks(database.pool)) > 0)

test('a conflict with a row that another transaction commits meanwhile', async () => {
  const it = await TestReceiver.start(database.url)
  const { sql, values } = insertAs('five')
  const meanwhile = await hold(database.url, sql, values)
  const taken = it.take('fee', [cdr('five'), cdr('five b')])
  await waits()
  await meanwhile.commit()
  await taken
  expect(await storedAs('five')).toEqual([null])
  expect(await storedAs('five b')).toEqual(['+8613800000021'])
  expect(await conflicts('five')).toMatchObject([{ body: cdr('five') }])
})

test('no conflict with a row that another transaction takes back', async () => {
  const it = await TestReceiver.start(database.url)
  const { sql, values } = insertAs('six')
  const meanwhile = await hold(database.url, sql, values)
  const taken = it.take('fee', [cdr('six')])
  await waits()
  await meanwhile.rollback()
  await taken
  expect(await storedAs('six')).toEqual(['+8613800000021'])
  expect(await conflicts('six')).toEqual([])
})

test('two receivers with rivals of one key: one is stored, the other kept', async () => {
  const two = [await TestReceiver.start(database.url), await TestReceiver.start(database.url)] as const
  const before = await countRows(database.pool)
  const names = Array.from({ length: 200 }, (_, i) => `rivals ${i}`)
  await Promise.all(
    names.flatMap((name) => [two[0].take('fee', [cdr(name)]), two[1].take('fee', [other(name), cdr(name)])]),
  )
  const after = await countRows(database.pool)
  expect(after.cdrs - before.cdrs).toBe(200)
  expect(after.quarantine - before.quarantine).toBe(200)
})

test('a row that vanishes between the two looks: the group is tried again and the record stored', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('seven')])
  // What retention does, at the worst moment: the first INSERT finds the row, and then it is gone.
  await database.pool.query(`
    CREATE SEQUENCE public.looks;
    CREATE FUNCTION public.vanish() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('public.looks') = 1 THEN DELETE FROM rtc.cdrs WHERE session_id = 'seven'; END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER vanish AFTER INSERT ON rtc.cdrs FOR EACH STATEMENT EXECUTE FUNCTION public.vanish()`)
  await it.take('fee', [cdr('seven')])
  await database.pool.query('DROP TRIGGER vanish ON rtc.cdrs')
  expect(await storedAs('seven')).toEqual(['+8613800000021'])
  // The DELETE of the first try was rolled back with it.
  expect(await it.outcomes()).toEqual({ stored: 1, duplicate: 1 })
  expect(it.spool.records).toBe(0)
})
