import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { foldLimits } from '../../src/maintenance/fold-batch.ts'
import { asWriter } from '../support/as-writer.ts'
import { freshDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { storedCalls, TestFolder, waitingRows } from '../support/folder.ts'
import { until } from '../support/receiver.ts'

asWriter()

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** So long ago, at a whole second. */
function ago(ms: number): Date {
  return new Date(Math.floor((Date.now() - ms) / 1000) * 1000)
}

const mark = (pool: pg.Pool, sessionId: string, factTime: string | null = null) =>
  pool.query('INSERT INTO rtc.unfolded (session_id, fact_time) VALUES ($1, $2)', [sessionId, factTime])

/** What tells whether a row was written. */
async function writtenBy(pool: pg.Pool): Promise<unknown[]> {
  const { rows } = await pool.query(
    'SELECT c.xmin::text, c.version, c.folded_at, p.xmin::text AS private FROM ops.calls c JOIN rtc.calls_private p USING (call_ref)',
  )
  return rows
}

test('facts become a call, and what was to fold is gone', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  await storeFacts(pool, callOf('s1', ago(2 * MINUTE)))
  await it.foldAll()
  expect((await storedCalls(pool)).get('s1')).toMatchObject({
    session_id: 's1',
    outcome: 'answered',
    scenario: 'click2Call',
    talk_seconds: 48,
    a_minutes: 1,
    b_minutes: 1,
    event_count: 7,
    cdr_count: 1,
    // Its position in the feed: after those of its eight facts.
    version: '9',
  })
  expect(await waitingRows(pool)).toBe(0)
  const { rows } = await pool.query('SELECT a_number, b_number, facts_from FROM rtc.calls_private')
  expect(rows).toMatchObject([{ a_number: '+8613800000021', b_number: '+8613900000022' }])
})

test('folding again changes nothing, not even the row', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  await storeFacts(pool, callOf('s1', ago(2 * MINUTE)))
  await it.foldAll()
  const before = await writtenBy(pool)
  await mark(pool, 's1')
  await mark(pool, 's1')
  await it.foldAll()
  expect(await writtenBy(pool)).toEqual(before)
  expect(await waitingRows(pool)).toBe(0)
})

test('one fact after the other, in any order, comes to the same call as all at once', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  const start = ago(2 * MINUTE)
  const { events, cdrs } = callOf('slow', start)
  const facts = [...cdrs.map((cdr) => ({ cdrs: [cdr] })), ...events.toReversed().map((event) => ({ events: [event] }))]
  for (const fact of facts) {
    await storeFacts(pool, fact)
    await it.foldAll()
  }
  await storeFacts(pool, callOf('atOnce', start))
  await it.foldAll()
  const calls = await storedCalls(pool)
  const { version, ...slow } = calls.get('slow') ?? {}
  const its = ['call_ref', 'session_id', 'first_received_at', 'last_received_at', 'cdr_received_at', 'folded_at']
  const differing = its.concat('version')
  expect(Object.keys(slow).filter((name) => !differing.includes(name))).toHaveLength(
    Object.keys(slow).length - its.length,
  )
  for (const [name, value] of Object.entries(slow))
    if (!differing.includes(name)) expect(value, name).toEqual(calls.get('atOnce')?.[name])
  // Each fact has a position, and changed at least the counts of the call.
  expect(Number(version)).toBe(2 * facts.length)
})

test('a late CDR changes the call, and one that was corrected does', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  // Yesterday's call, whose CDR the spool held back: its times are old, the row is new.
  const { events, cdrs, cdr } = callOf('s1', ago(DAY))
  await storeFacts(pool, { events })
  await it.foldAll()
  expect((await storedCalls(pool)).get('s1')).toMatchObject({ a_minutes: null, cdr_count: 0, version: '8' })
  await storeFacts(pool, { cdrs })
  await it.foldAll()
  expect((await storedCalls(pool)).get('s1')).toMatchObject({ b_minutes: 1, cdr_count: 1, version: '10' })
  // As `quarantine accept` does: another CDR in its place.
  await pool.query(
    `WITH corrected AS (UPDATE rtc.cdrs SET fwd_answer_time = NULL, fail_time = cdr_time WHERE session_id = 's1')
     INSERT INTO rtc.unfolded (session_id) VALUES ('s1')`,
  )
  await pool.query('DELETE FROM rtc.call_events WHERE event_type = $1 AND caller IS NOT NULL AND called = $2', [
    'answer',
    cdr.fwd_dst_num,
  ])
  await it.foldAll()
  expect((await storedCalls(pool)).get('s1')).toMatchObject({ b_minutes: 0, version: '12' })
})

test('an erasure that rewrote facts reaches the call; one that moved a session moves the call', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  const start = ago(HOUR)
  await storeFacts(pool, callOf('rewritten', start))
  await storeFacts(pool, callOf('holds-13800000021', start))
  await it.foldAll()
  const before = (await storedCalls(pool)).get('holds-13800000021')
  await pool.query(`
    UPDATE rtc.call_events SET called = 'erased-abc', erased_at = now() WHERE called = '+8613800000021';
    UPDATE rtc.cdrs SET callee_num = 'erased-abc', erased_at = now() WHERE callee_num = '+8613800000021';
    UPDATE rtc.call_events SET session_id = 'holds-erased-abc' WHERE session_id = 'holds-13800000021';
    UPDATE rtc.cdrs SET session_id = 'holds-erased-abc' WHERE session_id = 'holds-13800000021';
    INSERT INTO rtc.unfolded (session_id) VALUES ('rewritten'), ('holds-13800000021'), ('holds-erased-abc')`)
  await it.foldAll()
  const calls = await storedCalls(pool)
  expect([...calls.keys()].sort()).toEqual(['holds-erased-abc', 'rewritten'])
  expect(calls.get('holds-erased-abc')?.call_ref).not.toBe(before?.call_ref)
  const { rows } = await pool.query(
    `SELECT FROM rtc.calls_private p WHERE to_jsonb(p)::text LIKE '%13800000021%'
     UNION ALL SELECT FROM rtc.unfolded UNION ALL SELECT FROM rtc.fold_later`,
  )
  expect(rows).toHaveLength(0)
})

test('sessions of many months are found, whether their times are told or not', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  const days = [0, 2, 4, 40, 400]
  for (const day of days) await storeFacts(pool, callOf(`told-${day}`, ago(day * DAY + HOUR)))
  for (const day of days) await storeFacts(pool, callOf(`untold-${day}`, ago(day * DAY + HOUR)))
  await pool.query(`UPDATE rtc.unfolded SET fact_time = NULL WHERE session_id LIKE 'untold%'`)
  await it.foldAll()
  expect([...(await storedCalls(pool)).values()].map(({ event_count, cdr_count }) => [event_count, cdr_count])).toEqual(
    days.concat(days).map(() => [7, 1]),
  )
})

test('facts of one session that lie months apart are all of its call', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  const { events, cdrs } = callOf('s1', ago(HOUR))
  const strange = { ...events[0], event_type: 'hold' }
  const old = { ...strange, occurred_at: ago(100 * DAY).toISOString() }
  // The recent ones first, then an old one, then recent ones again, which must not lose it.
  await storeFacts(pool, { events })
  await it.foldAll()
  await storeFacts(pool, { events: [old] })
  await it.foldAll()
  await storeFacts(pool, { cdrs })
  await it.foldAll()
  expect((await storedCalls(pool)).get('s1')).toMatchObject({ event_count: 8, cdr_count: 1 })
})

test('the scenario of a call that was placed from here, and of an application', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  const { cdr } = callOf('placed', ago(HOUR))
  const playback = { ...cdr, service_type: '001', fwd_dst_num: null, fwd_start_time: null, fwd_answer_time: null }
  await storeFacts(pool, { cdrs: [playback, { ...playback, session_id: 'declared', app_key: 'codes' }] })
  await storeFacts(pool, { cdrs: [{ ...playback, session_id: 'unknown' }] })
  await pool.query(`
    INSERT INTO rtc.placed_calls (session_id, app_key, scenario, display_nbr, callee_nbr)
    VALUES ('placed', 'app', 'callVerify', '+8675512345678', '+8613800000021');
    INSERT INTO rtc.apps VALUES ('codes', 'Codes', 'callnotify')`)
  await it.foldAll()
  const calls = await storedCalls(pool)
  expect(['placed', 'declared', 'unknown'].map((id) => calls.get(id)?.scenario)).toEqual([
    'callVerify',
    'callnotify',
    'playback',
  ])
})

test('a call that changes by the clock alone is computed when that is due', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  // Ten minutes after a disconnect of one leg with nothing behind it, less some seconds.
  const { events } = callOf('s1', new Date(Date.now() - 11 * MINUTE + 4_000))
  await storeFacts(pool, { events })
  await it.foldAll()
  expect((await storedCalls(pool)).get('s1')).toMatchObject({ is_live: true, version: '8' })
  await until('it has changed', async () => {
    await it.foldAll()
    return (await storedCalls(pool)).get('s1')?.version !== '8'
  })
  expect((await storedCalls(pool)).get('s1')).toMatchObject({ is_live: false, end_seen: true })
})

describe('a session of very many facts', () => {
  const limits = { ...foldLimits, batchFacts: 60, sessionFacts: 20, waitPerFactMs: 100 }

  /** So many events of one session, a second apart. */
  const manyEvents = (sessionId: string, count: number, from = 0) =>
    Array.from({ length: count }, (_, i) => ({
      session_id: sessionId,
      event_type: i % 2 ? 'answer' : 'callout',
      occurred_at: new Date(ago(HOUR).getTime() + (from + i) * 1000).toISOString(),
      called: '+8613800000021',
      signed_by: 'app',
    }))

  test('is folded from some of them, with the right counts', async () => {
    const { url, pool } = await freshDatabase()
    const it = await TestFolder.on(url, { limits })
    const { events, cdrs, cdr } = callOf('s1', ago(HOUR))
    const copies = Array.from({ length: 70 }, (_, i) => ({ ...cdr, icid: `c${i}`, received_at: ago(HOUR - i * 1000) }))
    await storeFacts(pool, { events: [...events, ...manyEvents('s1', 100)], cdrs: [...cdrs, ...copies] })
    await storeFacts(pool, callOf('s2', ago(HOUR)))
    await it.foldAll()
    const calls = await storedCalls(pool)
    expect(calls.get('s1')).toMatchObject({ event_count: 107, cdr_count: 71, outcome: 'answered' })
    expect(calls.get('s2')).toMatchObject({ event_count: 7, cdr_count: 1 })
  })

  test('is put off for longer the more there are, and folded when that is over', async () => {
    const { url, pool } = await freshDatabase()
    const it = await TestFolder.on(url, { limits })
    await storeFacts(pool, { events: manyEvents('large', 30) })
    await it.foldAll()
    await storeFacts(pool, { events: manyEvents('large', 5, 30) })
    await storeFacts(pool, callOf('other', ago(HOUR)))
    await it.foldAll()
    const { rows } = await pool.query(
      `SELECT tries, l.error, round(extract(epoch FROM due_at - folded_at) * 1000)::int AS wait
       FROM rtc.fold_later l JOIN rtc.calls_private USING (session_id) WHERE session_id = 'large'`,
    )
    expect(rows).toEqual([{ tries: 0, error: null, wait: 3_000 }])
    expect((await storedCalls(pool)).get('large')).toMatchObject({ event_count: 30 })
    expect((await storedCalls(pool)).get('other')).toMatchObject({ event_count: 7 })
    expect((await pool.query('SELECT large_sessions, waiting_sessions FROM ops.freshness')).rows).toEqual([
      { large_sessions: 1, waiting_sessions: 0 },
    ])
    await until('it was folded', async () => {
      await it.foldAll()
      return (await storedCalls(pool)).get('large')?.event_count === 35
    })
    expect((await pool.query('SELECT FROM rtc.fold_later')).rowCount).toBe(0)
  })

  test('does not keep a batch from being read: it is halved until it can be', async () => {
    const { url, pool } = await freshDatabase()
    const it = await TestFolder.on(url, { limits })
    const sessions = Array.from({ length: 12 }, (_, i) => `s${i}`)
    await storeFacts(pool, { events: sessions.flatMap((id) => manyEvents(id, 18)) })
    await it.foldAll()
    expect([...(await storedCalls(pool)).values()].map(({ event_count }) => event_count)).toEqual(
      sessions.map(() => 18),
    )
  })
})

describe('a session whose call cannot be stored', () => {
  test('is set aside, longer each time, and told of; the others are folded', async () => {
    const { url, pool } = await freshDatabase()
    const it = await TestFolder.on(url)
    await pool.query(`ALTER TABLE ops.calls ADD CONSTRAINT refused CHECK (session_id NOT LIKE 'bad%')`)
    const ids = Array.from({ length: 20 }, (_, i) => (i % 9 === 4 ? `bad${i}` : `good${i}`))
    for (const id of ids) await storeFacts(pool, callOf(id, ago(HOUR)))
    await it.foldAll()
    const good = ids.filter((id) => id.startsWith('good'))
    const bad = ids.filter((id) => id.startsWith('bad'))
    expect([...(await storedCalls(pool)).keys()].sort()).toEqual(good.sort())
    expect(await waitingRows(pool)).toBe(0)
    const later = async () =>
      (await pool.query('SELECT session_id, tries, error, due_at FROM rtc.fold_later ORDER BY 1')).rows
    expect(await later()).toMatchObject(
      bad.sort().map((session_id) => ({ session_id, tries: 1, error: '23514', due_at: expect.any(Date) })),
    )
    expect(it.log.lines.filter(({ level }) => level === 'error')).toHaveLength(bad.length)
    expect(JSON.stringify(it.log.lines)).not.toContain('bad')
    expect((await pool.query('SELECT failed_sessions FROM ops.freshness')).rows).toEqual([{ failed_sessions: 2 }])

    // New facts do not try it before its time.
    const first = await later()
    for (const id of bad) await mark(pool, id)
    await it.foldAll()
    expect(await later()).toEqual(first)
    expect(await waitingRows(pool)).toBe(0)

    await pool.query('UPDATE rtc.fold_later SET due_at = now()')
    await it.foldAll()
    expect(await later()).toMatchObject(bad.map(() => ({ tries: 2 })))

    await pool.query('ALTER TABLE ops.calls DROP CONSTRAINT refused; UPDATE rtc.fold_later SET due_at = now()')
    await it.foldAll()
    expect([...(await storedCalls(pool)).keys()].sort()).toEqual([...ids].sort())
    expect(await later()).toEqual([])
  })

  test('neither is a call that is due by the clock looked at without end', async () => {
    const { url, pool } = await freshDatabase()
    const it = await TestFolder.on(url)
    await storeFacts(pool, callOf('bad', ago(HOUR)))
    await it.foldAll()
    await pool.query(`UPDATE ops.calls SET recheck_at = now() - interval '1 minute', talk_seconds = 1;
      ALTER TABLE ops.calls ADD CONSTRAINT refused CHECK (talk_seconds = 1)`)
    await it.foldAll()
    const { rows } = await pool.query('SELECT recheck_at, tries FROM ops.calls, rtc.fold_later')
    expect(rows).toEqual([{ recheck_at: null, tries: 1 }])
  })
})

describe('after retention', () => {
  const kept = (pool: pg.Pool, from: string, removed: string) =>
    pool.query(
      `UPDATE rtc.maintenance SET reached = now() - $1::interval, ran_at = now() - $2::interval WHERE task = 'retention'`,
      [from, removed],
    )

  test('a call that reaches before the oldest kept fact stays as it is', async () => {
    const { url, pool } = await freshDatabase()
    const it = await TestFolder.on(url)
    for (const id of ['before', 'behind']) await storeFacts(pool, callOf(id, ago(id === 'before' ? 11 * DAY : 9 * DAY)))
    await it.foldAll()
    await kept(pool, '10 days', '0')
    // What a partition that was dropped would have held.
    await pool.query(`DELETE FROM rtc.call_events WHERE event_type = 'callout'`)
    await pool.query(`UPDATE ops.calls SET recheck_at = now()`)
    for (const id of ['before', 'behind']) await mark(pool, id)
    await it.foldAll()
    const calls = await storedCalls(pool)
    expect(calls.get('before')).toMatchObject({ event_count: 7, version: '9', recheck_at: null })
    expect(calls.get('behind')).toMatchObject({ event_count: 5, version: '22' })
    expect(await waitingRows(pool)).toBe(0)
    // All of its facts may go.
    await pool.query(
      `DELETE FROM rtc.call_events WHERE session_id = 'before'; DELETE FROM rtc.cdrs WHERE session_id = 'before'`,
    )
    await mark(pool, 'before')
    await it.foldAll()
    expect((await storedCalls(pool)).get('before')).toMatchObject({ event_count: 7 })
  })

  test('a call that was folded since then is folded again, however old its times are', async () => {
    const { url, pool } = await freshDatabase()
    const it = await TestFolder.on(url)
    await kept(pool, '10 days', '1 hour')
    const { events, cdrs } = callOf('s1', ago(11 * DAY))
    await storeFacts(pool, { events })
    await it.foldAll()
    await storeFacts(pool, { cdrs })
    await it.foldAll()
    expect((await storedCalls(pool)).get('s1')).toMatchObject({ event_count: 7, cdr_count: 1 })
  })
})
