import { expect, test } from 'vitest'
import { CannotStoreError } from '../../src/ingest/receiver.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { Random } from '../support/random.ts'
import { hold, TestReceiver, until } from '../support/receiver.ts'
import { calm } from '../support/tables.ts'

// records received = Σ live outcomes + in flight, and
// spool at start + spooled = Σ spool outcomes + set aside + in the spool: at every scrape, whatever happens.

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What may happen to a database, and how it is over again. */
const faults = {
  async cut({ pool }: TestDatabase) {
    await pool
      .query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'rtc-receiver'`,
      )
      .catch(() => {})
  },
  async lock({ url }: TestDatabase, ms: number) {
    const lock = await hold(url, 'LOCK TABLE rtc.call_events, rtc.cdrs IN EXCLUSIVE MODE')
    await sleep(ms)
    await lock.rollback()
  },
  async rename({ pool }: TestDatabase, ms: number) {
    await pool.query('ALTER TABLE rtc.cdrs RENAME callee_num TO who')
    await sleep(ms)
    await pool.query('ALTER TABLE rtc.cdrs RENAME who TO callee_num')
  },
  async refuse({ pool }: TestDatabase, ms: number) {
    await pool.query(`CREATE OR REPLACE FUNCTION public.moody() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF random() < 0.1 THEN RAISE 'no' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$;
      CREATE OR REPLACE TRIGGER moody BEFORE INSERT ON rtc.call_events FOR EACH ROW EXECUTE FUNCTION public.moody()`)
    await sleep(ms)
    await calm(pool, 'moody')
  },
}

test('the two sums of the ledger hold at every scrape, under faults', { timeout: 120_000 }, async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
  const random = new Random(seed)
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url, {
    deadlineMs: 200,
    spoolMaxBytes: 400_000,
    quarantineMaxBytes: 1e8,
  })
  const good = { events: new Set<string>(), cdrs: new Set<string>() }
  let refused = 0
  let running = true

  const record = (kind: 'status' | 'fee') => {
    const name = `n${random.whole(0, 599)}`
    const dice = random.whole(0, 19)
    if (dice === 0) return kind === 'fee' ? cdr('', { n: name }) : event('', { n: name })
    if (dice === 1 && kind === 'fee') return cdr(name, { userData: `other ${random.whole(0, 2)}` })
    return kind === 'fee' ? cdr(name) : event(name)
  }
  const send = async () => {
    const kind = random.chance(0.5) ? 'fee' : 'status'
    const records = Array.from({ length: kind === 'fee' ? random.whole(0, 7) : 1 }, () => record(kind))
    try {
      await it.take(kind, records)
      for (const { sessionId } of records) if (kind === 'fee' && sessionId) good.cdrs.add(String(sessionId))
      for (const { statusInfo } of records as { statusInfo?: { sessionId: string } }[])
        if (statusInfo?.sessionId) good.events.add(statusInfo.sessionId)
    } catch (error) {
      expect(error).toBeInstanceOf(CannotStoreError)
      refused++
    }
  }
  const senders = Array.from({ length: 24 }, async () => {
    while (running) {
      await send()
      await sleep(random.whole(0, 5))
    }
  })
  let samples = 0
  const sampler = (async () => {
    while (running) {
      const { received, accounted, spooled, spoolAccounted } = await it.ledger()
      expect([received, spooled], `seed ${seed}, sample ${samples}`).toEqual([accounted, spoolAccounted])
      samples++
      await sleep(1)
    }
  })()
  const driver = (async () => {
    const { cut, lock, rename, refuse } = faults
    // The column once: a record that fails, sees others pass and fails again is set aside, and rightly.
    for (const fault of random.shuffled([cut, cut, cut, lock, lock, rename, refuse, refuse])) {
      await sleep(random.whole(0, 200))
      await fault(database, random.whole(100, 500))
    }
    await until('there are enough samples', () => samples > 50)
    running = false
  })()
  await Promise.all([...senders, sampler, driver])
  await until('the spool is drained', () => it.spool.records === 0, 40_000)

  expect(samples).toBeGreaterThan(50)
  const { received, accounted, spooled, spoolAccounted } = await it.ledger()
  expect([received, spooled]).toEqual([accounted, spoolAccounted])
  expect(await it.metric('rtc_inflight_records')).toBe(0)
  expect((await it.outcomes()).refused ?? 0).toBeGreaterThanOrEqual(refused)
  // What was refused by the moody trigger stands in the quarantine; all else that was acknowledged is a row, once.
  const { rows } = await database.pool.query(`
    SELECT
      ARRAY(SELECT session_id FROM rtc.call_events) AS events,
      ARRAY(SELECT session_id FROM rtc.cdrs) AS cdrs,
      ARRAY(SELECT convert_from(body, 'UTF8')::jsonb #>> '{statusInfo,sessionId}' FROM rtc.quarantine
        WHERE reason = 'refused_by_postgres') AS refused`)
  const [{ events, cdrs, refused: kept }] = rows as [Record<'events' | 'cdrs' | 'refused', string[]>]
  expect(new Set(events).size).toBe(events.length)
  expect(new Set(cdrs).size).toBe(cdrs.length)
  expect([...good.events].filter((name) => !events.includes(name) && !kept.includes(name))).toEqual([])
  expect([...good.cdrs].filter((name) => !cdrs.includes(name))).toEqual([])
})
