import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { Spool } from '../../src/spool/spool.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { TestReceiver, until } from '../support/receiver.ts'
import { FaultyIo, spooled, TestLog } from '../support/spool.ts'
import { calm, countRows } from '../support/tables.ts'

// What neither a record nor an outage explains: kept in the spool, loud, and not taken out on the records.

let database: TestDatabase

beforeEach(async () => {
  database = await freshDatabase()
})

const mistakes = (it: TestReceiver) => it.metric('rtc_statement_mistakes_total')

/** Waits for so many more rounds of failing. */
const failsAgain = async (it: TestReceiver) => {
  const before = await mistakes(it)
  await until('the drain has failed again', async () => (await mistakes(it)) > before)
}

/** Events of these sessions fail with a code of no class, or with one that tells of a table that is not as we think. */
const poison = (like: string, code = 'XX000') =>
  database.pool.query(`
    CREATE FUNCTION public.poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.session_id LIKE '${like}' THEN RAISE 'by the test' USING ERRCODE = '${code}'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER poison BEFORE INSERT ON rtc.call_events FOR EACH ROW EXECUTE FUNCTION public.poison()`)

/** Events in a spool, in this order, as a process before would have left them. */
function spooledEvents(...sessions: string[]): Promise<string> {
  const at = new Date().toISOString()
  return spooled(sessions.map((session) => ({ at, kind: 'status', signer: null, record: event(session) })))
}

test('a column renamed under us: spooled, loud, ready but degraded, and stored once it is mended', async () => {
  const it = await TestReceiver.start(database.url)
  await it.take('status', [event('s1')])
  await database.pool.query('ALTER TABLE rtc.call_events RENAME caller TO dialled_by')
  await it.take('status', [event('s2')])
  await it.take('status', [event('s3')])
  expect(await it.outcomes()).toEqual({ stored: 1, spooled: 2 })
  expect(await mistakes(it)).toBeGreaterThanOrEqual(2)
  expect(it.log.lines).toContainEqual({
    level: 'error',
    context: { err: expect.objectContaining({ code: '42703' }), records: 1, times: 1 },
    message: 'a statement of the receiver failed: please report',
  })
  expect(it.receiver.readiness).toEqual({
    ready: true,
    degraded: [
      expect.stringMatching(/^a statement for rtc.call_events fails \(column "caller" .*\): its records are spooled$/),
    ],
  })
  await failsAgain(it)
  await database.pool.query('ALTER TABLE rtc.call_events RENAME dialled_by TO caller')
  await until('the spool is drained', () => it.spool.records === 0)
  expect(it.receiver.readiness).toEqual({ ready: true, degraded: [] })
  expect(it.spool.setAsideCount).toBe(0)
  expect(await countRows(database.pool)).toEqual({ call_events: 3, cdrs: 0, quarantine: 0 })
})

test('a live group that fails is not taken apart: it is spooled whole', async () => {
  await poison('bad%')
  const it = await TestReceiver.start(database.url)
  await Promise.all(['a', 'bad', 'c', 'd'].map((session) => it.take('status', [event(session)])))
  expect(await it.outcomes()).toEqual({ spooled: 4 })
})

test.each([
  ['first', 'XX000', ['bad', 'a', 'b', 'c']],
  ['in the middle', 'XX000', ['a', 'bad', 'b', 'c']],
  ['last', '42883', ['a', 'b', 'c', 'zbad']],
])(
  'a spooled record that fails alone while others pass is set aside: %s of its batch, %s',
  async (_, code, sessions) => {
    await poison('%bad', code)
    const directory = await spooledEvents(...sessions)
    const it = await TestReceiver.start(database.url, { directory })
    await until('the others are stored', async () => (await countRows(database.pool)).call_events === 3)
    // Whatever passes after it first failed shows that the fault is its own.
    await it.take('status', [event('d')])
    await until('it is set aside', () => it.spool.records === 0)
    expect(it.spool.setAsideCount).toBe(1)
    const [name = ''] = await readdir(join(directory, 'set-aside'))
    const text = await readFile(join(directory, 'set-aside', name), 'utf8')
    expect(text).toContain('"reason":"by the test"')
    expect(text).toMatch(/"sessionId":"z?bad"/)
    expect(it.log.messages('error')).toContain('a spooled record was set aside')
    expect(await countRows(database.pool)).toMatchObject({ call_events: 4 })
    const { spooled: toSpool, spoolAccounted } = await it.ledger()
    expect(toSpool).toBe(spoolAccounted)
  },
)

test('whatever else passes: one that fails alone, with nothing beside it, is set aside after a few failures', async () => {
  await poison('bad')
  const it = await TestReceiver.start(database.url, { directory: await spooledEvents('bad') })
  await until('it is set aside', () => it.spool.records === 0)
  expect(it.spool.setAsideCount).toBe(1)
  expect(await mistakes(it)).toBeGreaterThan(3)
})

test('many that fail alone, before all others, do not keep these from being stored', async () => {
  await poison('bad%')
  const bad = Array.from({ length: 60 }, (_, i) => `bad ${i}`)
  const good = Array.from({ length: 700 }, (_, i) => `good ${i}`)
  const it = await TestReceiver.start(database.url, { directory: await spooledEvents(...bad, ...good) })
  await until('the others are stored', async () => (await countRows(database.pool)).call_events === good.length)
  await until('the spool is drained', () => it.spool.records === 0)
  expect(it.spool.setAsideCount).toBe(bad.length)
})

test('when it cannot be set aside it stays, and is tried again', async () => {
  await poison('%bad')
  const io = new FaultyIo()
  io.fail('open', 'EIO', { path: /set-aside/, times: 4 })
  const it = await TestReceiver.start(database.url, { directory: await spooledEvents('bad', 'a'), io })
  await until('it is set aside', () => it.spool.records === 0)
  expect(it.spool.setAsideCount).toBe(1)
  expect(it.log.messages('error')).toContain('a spooled record cannot be set aside: it stays')
})

test('a table that takes nothing from us: while nothing passes, nothing is set aside', async () => {
  await poison('%', '42501')
  const it = await TestReceiver.start(database.url, { directory: await spooledEvents('a', 'b', 'c') })
  await until('each has failed often', async () => (await mistakes(it)) > 30)
  expect(it.spool).toMatchObject({ records: 3, setAsideCount: 0 })
  // Postgres is there all the same, so that the other table gets its records.
  await it.take('fee', [cdr('c1')])
  expect(await it.outcomes()).toEqual({ stored: 1 })
})

test('that events pass says nothing about CDRs', async () => {
  const directory = await spooledEvents('a', 'b', 'c')
  const spool = await Spool.open({ directory, maxBytes: 1e7, log: new TestLog() })
  await spool.append(
    ['d', 'e'].map((session) => ({ at: new Date().toISOString(), kind: 'fee', signer: null, record: cdr(session) })),
  )
  await spool.close()
  await database.pool.query('ALTER TABLE rtc.cdrs RENAME callee_num TO who')
  const it = await TestReceiver.start(database.url, { directory })
  await until('the events are stored', async () => (await countRows(database.pool)).call_events === 3)
  await failsAgain(it)
  expect(it.spool).toMatchObject({ records: 2, setAsideCount: 0 })
  await database.pool.query('ALTER TABLE rtc.cdrs RENAME who TO callee_num')
  await until('the CDRs are stored', () => it.spool.records === 0)
  expect(await countRows(database.pool)).toEqual({ call_events: 3, cdrs: 2, quarantine: 0 })
})

test('records that passed before the table broke say nothing either', async () => {
  // The first groups of a batch pass, then every event fails.
  await database.pool.query(`
    CREATE SEQUENCE public.rows;
    CREATE FUNCTION public.tire() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('public.rows') > 500 THEN RAISE 'tired' USING ERRCODE = '42501'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER tire BEFORE INSERT ON rtc.call_events FOR EACH ROW EXECUTE FUNCTION public.tire()`)
  const sessions = Array.from({ length: 510 }, (_, i) => `s${i}`)
  const directory = await spooledEvents(...sessions)
  const it = await TestReceiver.start(database.url, { directory })
  await until('the table is broken', async () => (await mistakes(it)) > 0)
  await failsAgain(it)
  expect(it.spool.setAsideCount).toBe(0)
  await calm(database.pool, 'tire')
  await until('all are stored', () => it.spool.records === 0)
  expect(await countRows(database.pool)).toEqual({ call_events: 510, cdrs: 0, quarantine: 0 })
})
