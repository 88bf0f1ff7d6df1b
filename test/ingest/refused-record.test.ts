import { createHash } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { TestReceiver, until } from '../support/receiver.ts'
import { countRows } from '../support/tables.ts'

// What no check of ours finds and Postgres refuses all the same must not hold up its neighbours.

let database: TestDatabase

beforeEach(async () => {
  database = await freshDatabase()
})

/** Of the 1,024 characters that a session id may have; in an index Postgres has no room for it, 54000. */
const longSession = Array.from({ length: 1024 }, (_, i) =>
  String.fromCodePoint(0x20000 + (createHash('sha256').update(String(i)).digest().readUInt32LE() % 0xa000)),
).join('')

const quarantined = async () => {
  const { rows } = await database.pool.query(
    `SELECT kind, reason, errors, record_index, seen_count::int, convert_from(body, 'UTF8')::jsonb AS body
     FROM rtc.quarantine ORDER BY id`,
  )
  return rows
}

const some = (count: number, name = 'c') => Array.from({ length: count }, (_, i) => cdr(`${name}${i}`))

test('one of 500 is refused: its neighbours are stored, it stands in the quarantine with the reason', async () => {
  const it = await TestReceiver.start(database.url)
  const records = some(499).toSpliced(123, 0, cdr(longSession))
  await it.take('fee', records)
  expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 499, quarantine: 1 })
  expect(await quarantined()).toEqual([
    {
      kind: 'fee',
      reason: 'refused_by_postgres',
      errors: [{ pointer: '', message: 'Postgres refused the record with SQLSTATE 54000' }],
      record_index: 123,
      seen_count: 1,
      body: cdr(longSession),
    },
  ])
  expect(await it.outcomes()).toEqual({ stored: 499, quarantined: 1 })
  // Sent again, it is counted.
  await it.take('fee', [cdr(longSession)])
  expect(await quarantined()).toMatchObject([{ seen_count: 2 }])
})

test('two of many events, at the ends', async () => {
  const it = await TestReceiver.start(database.url)
  const sessions = [longSession, ...some(61).map(({ sessionId }) => sessionId), [...longSession].reverse().join('')]
  await Promise.all(sessions.map((session) => it.take('status', [event(session)])))
  expect(await countRows(database.pool)).toEqual({ call_events: 61, cdrs: 0, quarantine: 2 })
})

test('a CHECK of somebody else is a refused record, not a missing partition', async () => {
  await database.pool.query(`ALTER TABLE rtc.cdrs ADD CHECK (callee_num <> '+8613800000013')`)
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [...some(5), cdr('unlucky', { calleeNum: '+8613800000013' }), ...some(5, 'd')])
  expect(await countRows(database.pool)).toMatchObject({ cdrs: 10, quarantine: 1 })
  expect((await quarantined())[0]?.errors[0].message).toMatch(/23514/)
})

test('a trigger that meets data it does not like', async () => {
  await database.pool.query(`
    CREATE FUNCTION public.divide() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM 1 / length(replace(NEW.user_data, 'x', '')); RETURN NEW; END $$;
    CREATE TRIGGER divide BEFORE INSERT ON rtc.call_events FOR EACH ROW EXECUTE FUNCTION public.divide()`)
  const it = await TestReceiver.start(database.url)
  await Promise.all(
    ['a', 'b', 'xxx', 'd', 'x', 'f'].map((userData, i) => it.take('status', [event(`s${i}`, { userData })])),
  )
  expect(await countRows(database.pool)).toMatchObject({ call_events: 4, quarantine: 2 })
  expect((await quarantined())[0]?.errors[0].message).toMatch(/22012/)
})

test('the error of a value names no value in the log', async () => {
  await database.pool.query(`
    CREATE FUNCTION public.cast_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM NEW.called::int; RETURN NEW; END $$;
    CREATE TRIGGER cast_it BEFORE INSERT ON rtc.call_events FOR EACH ROW EXECUTE FUNCTION public.cast_it()`)
  const it = await TestReceiver.start(database.url)
  await it.take('status', [event('s1', { called: 'not a number 13800000021' })])
  expect((await quarantined())[0]?.errors[0].message).toMatch(/22P02/)
  expect(JSON.stringify(it.log.lines)).not.toContain('13800000021')
})

test('a note that Postgres refuses is kept in the spool, its neighbours are stored', async () => {
  await database.pool.query(`ALTER TABLE rtc.quarantine ADD CHECK (reason <> 'refused_by_postgres')`)
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [...some(5), cdr(longSession), cdr(null), ...some(5, 'd')])
  expect(await countRows(database.pool)).toMatchObject({ cdrs: 10, quarantine: 1 })
  expect(await it.outcomes()).toEqual({ stored: 10, quarantined: 1, spooled: 1 })
  expect(it.log.messages('error')).toContain('a statement of the receiver failed: please report')
  // It is tried again and again: no other note has shown that notes can be written.
  const before = await it.metric('rtc_statement_mistakes_total')
  await until('it was tried again', async () => (await it.metric('rtc_statement_mistakes_total')) > before)
  expect(it.spool).toMatchObject({ records: 1, setAsideCount: 0 })
  await database.pool.query('ALTER TABLE rtc.quarantine DROP CONSTRAINT quarantine_reason_check')
  await until('it is there', () => it.spool.records === 0)
  expect(await quarantined()).toMatchObject([{ reason: 'missing_session_id' }, { body: cdr(longSession) }])
})
