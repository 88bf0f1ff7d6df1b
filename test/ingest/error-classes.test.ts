import { beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../store/connect.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { TestReceiver, until } from '../support/receiver.ts'
import { calm, countRows } from '../support/tables.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await freshDatabase()
})

/** Lets the first so many inserts of events fail with this code; sequences are not rolled back. */
async function failing(code: string, times: number): Promise<void> {
  await database.pool.query(`
    CREATE SEQUENCE public.tries;
    CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('public.tries') <= ${times} THEN RAISE 'by the test' USING ERRCODE = '${code}'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER fail BEFORE INSERT ON rtc.call_events FOR EACH ROW EXECUTE FUNCTION public.fail()`)
}

const heal = () => calm(database.pool, 'fail')

describe('tried again at once', () => {
  test.each(['40001', '40P01', '26000', '42P05'])('%s', async (code) => {
    await failing(code, 2)
    const it = await TestReceiver.start(database.url)
    await it.take('status', [event('s1')])
    expect(await it.outcomes()).toEqual({ stored: 1 })
    expect(it.log.messages('warn')).toEqual([])
  })

  test('and then no more: the record goes to the spool, but the breaker stays closed', async () => {
    await failing('40001', 1_000_000)
    const it = await TestReceiver.start(database.url)
    await it.take('status', [event('s1')])
    expect(await it.outcomes()).toEqual({ spooled: 1 })
    expect(it.receiver.readiness).toEqual({ ready: true, degraded: [] })
    await heal()
    await until('the spool is drained', () => it.spool.records === 0)
    expect(await countRows(database.pool)).toMatchObject({ call_events: 1, quarantine: 0 })
  })

  test('a table altered under a prepared statement', async () => {
    const it = await TestReceiver.start(database.url, { poolSize: 1 })
    await it.take('fee', [cdr('c1')])
    await it.take('fee', [cdr('c1')])
    // Views would hold on to the column's type.
    await database.pool.query(`DO $$ DECLARE name text; BEGIN
      FOREACH name IN ARRAY ARRAY(SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v' AND oid >= 16384)
      LOOP EXECUTE format('DROP VIEW IF EXISTS %s CASCADE', name); END LOOP;
    END $$`)
    await database.pool.query('ALTER TABLE rtc.cdrs ALTER session_id TYPE varchar(5000)')
    let connections = 0
    it.postgres.pool.on('connect', () => connections++)
    await it.take('fee', [cdr('c1'), cdr('c2')])
    expect(await it.outcomes()).toEqual({ stored: 2, duplicate: 2 })
    expect(connections).toBe(1)
    expect(it.log.messages('warn')).toEqual([])
  })

  test('a connection that has lost its prepared statements', async () => {
    const it = await TestReceiver.start(database.url, { poolSize: 1 })
    await it.take('status', [event('s1')])
    await it.postgres.pool.query('DEALLOCATE ALL')
    await it.take('status', [event('s2')])
    expect(await it.outcomes()).toEqual({ stored: 2 })
  })

  test('a partition dropped behind our back', async () => {
    const it = await TestReceiver.start(database.url)
    await it.take('fee', [cdr('c1')])
    await database.pool.query('DROP TABLE rtc.cdrs_2024_03')
    await it.take('fee', [cdr('c1'), cdr('c2')])
    expect(await it.outcomes()).toEqual({ stored: 3 })
    expect(await countRows(database.pool)).toMatchObject({ cdrs: 2 })
  })
})

describe('spooled', () => {
  // A full disk, a standby, a lock: Postgres says so at once, so the next callbacks may ask for themselves.
  test.each(['53100', '25006', '55P03', '58030'])('%s, and the breaker stays closed', async (code) => {
    await failing(code, 1)
    const it = await TestReceiver.start(database.url)
    await it.take('status', [event('s1')])
    expect(await it.outcomes()).toEqual({ spooled: 1 })
    expect(it.receiver.readiness.degraded).toEqual([])
    expect(it.log.lines).toContainEqual({
      level: 'warn',
      context: { err: expect.objectContaining({ code }), records: 1, times: 1 },
      message: 'Postgres did not take a group',
    })
    await until('the spool is drained', () => it.spool.records === 0)
    expect(await it.outcomes('spool')).toEqual({ stored: 1 })
  })

  test('a fault that every group meets is said once a second', async () => {
    await failing('53100', 1_000_000)
    const it = await TestReceiver.start(database.url)
    const began = performance.now()
    for (let i = 0; i < 30; i++) await it.take('status', [event(`s${i}`)])
    const seconds = (performance.now() - began) / 1_000
    const said = it.log.messages('warn').filter((message) => message === 'Postgres did not take a group')
    expect(said.length).toBeLessThanOrEqual(2 + seconds)
  })

  test.each(['08006', '53300', '57014', '57P01'])('%s, and the breaker opens', async (code) => {
    await failing(code, 1)
    const it = await TestReceiver.start(database.url)
    await it.take('status', [event('s1')])
    expect(it.log.messages('warn')).toContain('Postgres is away: callbacks go to the spool')
    await until('the spool is drained', () => it.spool.records === 0)
    await until('the breaker has closed', () => it.receiver.readiness.degraded.length === 0)
    expect(await it.outcomes()).toEqual({ spooled: 1 })
    expect(await it.outcomes('spool')).toEqual({ stored: 1 })
  })

  test('a server that has become read-only', async () => {
    const it = await TestReceiver.start(database.url)
    await it.take('status', [event('s1')])
    const admin = await connect(database.url, { options: '-c default_transaction_read_only=off' })
    const readOnly = async (how: string) => {
      const { rows } = await admin.query('SELECT current_database() AS name')
      await admin.query(`ALTER DATABASE ${rows[0].name} SET default_transaction_read_only = ${how}`)
      await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`)
    }
    await readOnly('on')
    for (let i = 2; i < 9; i++) await it.take('status', [event(`s${i}`)])
    expect(await it.outcomes()).toEqual({ stored: 1, spooled: 7 })
    await readOnly('off')
    await until('the spool is drained', () => it.spool.records === 0)
    expect(await countRows(database.pool)).toMatchObject({ call_events: 8 })
  })
})
