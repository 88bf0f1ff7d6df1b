import { appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { SpoolEntry } from '../../src/spool/spool.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { hold, TestReceiver, until } from '../support/receiver.ts'
import { FaultyIo, spooled, temporaryDirectory } from '../support/spool.ts'
import { countRows } from '../support/tables.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await freshDatabase()
})

/** Not long ago: what is older than the quarantine keeps goes at once. */
const at = new Date(Date.now() - 60_000).toISOString()
const status = (session: string): SpoolEntry => ({ at, kind: 'status', signer: null, record: event(session) })

const nobodyThere = 'postgres://nobody@127.0.0.1:1/nothing'
const drained = (it: TestReceiver) => until('the spool is drained', () => it.spool.records === 0)
const isBalanced = async (it: TestReceiver) => {
  const { received, accounted, spooled, spoolAccounted } = await it.ledger()
  expect([received, spooled]).toEqual([accounted, spoolAccounted])
}

test('the spool of an older process is stored with its signer and the time its callbacks came', async () => {
  const directory = await spooled([
    { ...status('s1'), signer: 'app1' },
    { at, kind: 'fee', signer: 'app2', record: cdr('c1') },
  ])
  const it = await TestReceiver.start(database.url, { directory })
  await drained(it)
  const { rows } = await database.pool.query(
    `SELECT signed_by, received_at FROM rtc.call_events UNION ALL SELECT signed_by, received_at FROM rtc.cdrs`,
  )
  const received_at = new Date(at)
  expect(rows).toEqual([
    { signed_by: 'app1', received_at },
    { signed_by: 'app2', received_at },
  ])
  expect(await it.metric('rtc_spool_start_records')).toBe(2)
  expect(await it.outcomes('spool')).toEqual({ stored: 2 })
  await isBalanced(it)
})

test('more than one batch: one is stored before the one after the next is begun', async () => {
  const directory = await spooled(Array.from({ length: 2_300 }, (_, i) => status(String(i).padStart(5, '0'))))
  const it = await TestReceiver.start(database.url, { directory })
  await drained(it)
  const { rows } = await database.pool.query(`
    SELECT max(stored_at) FILTER (WHERE session_id < '00520') <= min(stored_at) FILTER (WHERE session_id >= '01020')
      AS in_order, count(*)::int FROM rtc.call_events`)
  expect(rows).toEqual([{ in_order: true, count: 2_300 }])
})

test('a breaker that a live callback opens is closed long before a backlog is gone', async () => {
  const backlog = 6_000
  await database.pool.query(`
    CREATE SEQUENCE public.times;
    CREATE FUNCTION public.once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.session_id = 'live' AND nextval('public.times') = 1 THEN RAISE 'by the test' USING ERRCODE = '57P01'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER once BEFORE INSERT ON rtc.call_events FOR EACH ROW EXECUTE FUNCTION public.once()`)
  const directory = await spooled(Array.from({ length: backlog }, (_, i) => status(`s${i}`)))
  const it = await TestReceiver.start(database.url, { directory, connected: false })
  const isAway = () => it.receiver.readiness.degraded.some((text) => text.startsWith('Postgres is away'))
  const take = it.spool.take.bind(it.spool)
  const takenWhileAway: boolean[] = []
  let taken = 0
  it.spool.take = async (max) => {
    if (takenWhileAway.length === 3) {
      await until('all that was taken is stored', () => it.spool.records === backlog - taken)
      await it.take('status', [event('live')])
    }
    takenWhileAway.push(isAway())
    const records = await take(max)
    taken += records.length
    return records
  }
  await drained(it)
  // The first was the probe of the start; with the fourth the callback above came; the fifth is the probe after it.
  expect(takenWhileAway.slice(0, 7)).toEqual([true, false, false, true, true, false, false])
  expect(await countRows(database.pool)).toMatchObject({ call_events: backlog + 1 })
})

test('bad records and unreadable bodies travel through the spool like rows', async () => {
  const directory = await temporaryDirectory()
  const before = await TestReceiver.start(nobodyThere, { directory, connected: false })
  const receivedAt = new Date(at)
  await before.take('fee', [cdr('c1'), cdr('', { secret: 'ünïcode' })], { signer: 'app1', receivedAt })
  const body = Buffer.from([0xff, 0x00, 0x7b])
  const unread = { kind: 'unknown', reason: 'invalid_utf8', errors: [], holds: 'body', body, bodySize: 3 } as const
  await before.receiver.keepUnread({ ...unread, errors: [] }, '192.0.2.1', receivedAt)
  expect(await before.outcomes()).toEqual({ spooled: 3 })
  await before.stop(100)

  const it = await TestReceiver.start(database.url, { directory })
  await drained(it)
  const { rows } = await database.pool.query(
    `SELECT kind, reason, record_index, signed_by, body, body_size, errors, first_seen_at FROM rtc.quarantine ORDER BY kind`,
  )
  const record = Buffer.from(JSON.stringify(cdr('', { secret: 'ünïcode' })))
  expect(rows).toEqual([
    {
      ...{ kind: 'fee', reason: 'missing_session_id', record_index: 1, signed_by: 'app1', first_seen_at: receivedAt },
      ...{ body: record, body_size: record.length, errors: [{ pointer: '/sessionId', message: 'is missing' }] },
    },
    {
      ...{ kind: 'unknown', reason: 'invalid_utf8', record_index: null, signed_by: null, first_seen_at: receivedAt },
      ...{ body, body_size: 3, errors: [] },
    },
  ])
  expect(await it.outcomes('spool')).toEqual({ stored: 1, quarantined: 2 })
  expect(await it.metric('rtc_records_total', { table: 'bodies', via: 'spool' })).toBe(1)
  // What came straight and what came through the spool is known as the same.
  await it.take('fee', [cdr('', { secret: 'ünïcode' })], { signer: 'app1' })
  await it.receiver.keepUnread({ ...unread, errors: [] }, '192.0.2.1', new Date())
  expect(await countRows(database.pool)).toMatchObject({ quarantine: 2 })
})

test('a record that today is bad goes to the quarantine, whole', async () => {
  const far = { ...status('s1'), record: event('s1', { timestamp: '2099-01-01 00:00:00' }) }
  let deep: unknown = 'deep'
  for (let i = 0; i < 40; i++) deep = [deep]
  const tooDeep = { ...status('s2'), record: event('s2', { deep }) }
  const it = await TestReceiver.start(database.url, { directory: await spooled([far, tooDeep]) })
  await drained(it)
  const { rows } = await database.pool.query(
    `SELECT reason, convert_from(body, 'UTF8')::jsonb AS body FROM rtc.quarantine ORDER BY reason`,
  )
  expect(rows).toEqual([
    { reason: 'time_out_of_range', body: far.record },
    { reason: 'too_deep', body: tooDeep.record },
  ])
})

test('live callbacks and the drain at once', async () => {
  const directory = await spooled(Array.from({ length: 3_000 }, (_, i) => status(`s${i}`)))
  const it = await TestReceiver.start(database.url, { directory })
  // Half of them are in the spool as well.
  await Promise.all(Array.from({ length: 400 }, (_, i) => it.take('status', [event(`s${2_800 + i}`)])))
  await drained(it)
  expect(await countRows(database.pool)).toMatchObject({ call_events: 3_200 })
  await isBalanced(it)
})

test('a batch that Postgres turns away stays in the spool', async () => {
  const directory = await spooled(Array.from({ length: 1_200 }, (_, i) => status(`s${i}`)))
  const lock = await hold(database.url, 'LOCK TABLE rtc.call_events_old, rtc.call_events IN EXCLUSIVE MODE')
  const it = await TestReceiver.start(database.url, { directory, deadlineMs: 1_500, connected: false })
  const probes = () => it.log.messages('warn').filter((message) => message === 'Postgres cannot be written to').length
  await until('it was tried twice', () => probes() > 1)
  expect(it.spool.records).toBe(1_200)
  await isBalanced(it)
  await lock.commit()
  await drained(it)
  expect(await countRows(database.pool)).toMatchObject({ call_events: 1_200 })
  // One that was given up may have been committed all the same.
  const { stored = 0, duplicate = 0, ...others } = await it.outcomes('spool')
  expect(stored + duplicate).toBe(1_200)
  expect(others).toEqual({})
})

test('a Postgres that takes some hundred at once and no more is sent as many, not a few again and again', async () => {
  // What a statement_timeout does to groups that take too long.
  await database.pool.query(`
    CREATE SEQUENCE public.refusals;
    CREATE FUNCTION public.too_many() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT count(*) FROM added) > 300 THEN
        PERFORM nextval('public.refusals');
        RAISE 'by the test' USING ERRCODE = '57014';
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER too_many AFTER INSERT ON rtc.call_events REFERENCING NEW TABLE AS added
      FOR EACH STATEMENT EXECUTE FUNCTION public.too_many()`)
  const directory = await spooled(Array.from({ length: 3_000 }, (_, i) => status(`s${i}`)))
  const it = await TestReceiver.start(database.url, { directory })
  await drained(it)
  expect((await countRows(database.pool)).call_events).toBe(3_000)
  const { rows } = await database.pool.query('SELECT last_value::int AS refusals FROM public.refusals')
  // Three hundred or so for each refusal.
  expect(rows[0].refusals).toBeGreaterThan(2)
  expect(rows[0].refusals).toBeLessThan(40)
})

test('stopped in the middle, the next start stores the rest, and nothing twice', async () => {
  const directory = await spooled(Array.from({ length: 6_000 }, (_, i) => status(`s${i}`)))
  const first = await TestReceiver.start(database.url, { directory })
  await until('some are stored', async () => (await first.outcomes('spool')).stored !== undefined)
  await first.stop(2_000)
  expect(first.spool.records).toBeGreaterThan(0)
  await isBalanced(first)
  const second = await TestReceiver.start(database.url, { directory })
  await drained(second)
  expect(await countRows(database.pool)).toMatchObject({ call_events: 6_000 })
  await isBalanced(second)
})

test('an entry that this release does not understand is set aside, its neighbours are stored', async () => {
  const directory = await spooled([
    status('s1'),
    { at, kind: 'quarantine', signer: null, record: { written: 'by another release' } },
    status('s2'),
  ])
  const it = await TestReceiver.start(database.url, { directory })
  await drained(it)
  expect(it.spool.setAsideCount).toBe(1)
  expect(await countRows(database.pool)).toEqual({ call_events: 2, cdrs: 0, quarantine: 0 })
  await isBalanced(it)
})

test('what cannot be drained now does not keep the processor busy', async () => {
  const directory = await spooled([status('s1')])
  const [name = ''] = (await readdir(directory)).filter((file) => file.endsWith('.spool'))
  await appendFile(join(directory, name), 'a damaged line\n')
  const io = new FaultyIo()
  io.fail('open', 'EROFS', { path: /set-aside/, times: 1_000_000 })
  const it = await TestReceiver.start(database.url, { directory, io })
  await until('the record is stored', async () => (await countRows(database.pool)).call_events === 1)
  const before = io.calls.length
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(io.calls.length - before).toBeLessThan(60)
  expect(it.spool.records).toBe(1)
})
