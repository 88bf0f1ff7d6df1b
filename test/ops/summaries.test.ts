import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import type { CdrInsert } from '../../src/store/cdrs.ts'
import type { EventInsert } from '../../src/store/events.ts'
import { withClient } from '../../src/store/pool.ts'
import { refreshSummaries } from '../../src/store/summaries.ts'
import { freshDatabase } from '../support/database.ts'
import { cdr, events, store, storeDay } from './scripted-day.ts'

/**
 * Whatever is summarised, statistics say what they said before there were summaries: the views and functions as the first
 * migrations made them, one look-up per call, stand in schema old, and are compared column for column.
 */

let pool: pg.Pool

const migration = async (name: string) =>
  readFile(new URL(`../../migrations/${name}`, import.meta.url), 'utf8').then((sql) => sql.replace(/^-- .*$/gm, ''))

/** The definition in the text of a migration. */
function definition(sql: string, what: string, end: string): string {
  const from = sql.indexOf(`CREATE ${what}`)
  expect(from, what).toBeGreaterThan(-1)
  return sql.slice(from, sql.indexOf(end, from) + end.length)
}

const views = {
  billing_daily: '*',
  frequent_callees: '*',
  concurrent_legs: '*',
  missing_cdrs: '*',
  cdrs_without_events: '*',
  callback_delay: '*',
  silence: '*',
  // Sessions are those that began in the week; before, those that were heard of in it.
  subscriptions: 'app_key, name, events, cdrs, last_event_at, last_cdr_at, finding',
}

beforeAll(async () => {
  pool = (await freshDatabase()).pool
  await storeDay(pool)
  const [calls, stats, gaps] = await Promise.all(
    ['0004_ops_calls.sql', '0005_ops_stats.sql', '0006_ops_gaps.sql'].map(migration),
  )
  const old = [
    definition(calls ?? '', 'VIEW rtc.day_calls', ') c;'),
    definition(stats ?? '', 'FUNCTION ops.call_stats', 'END\n$$;'),
    definition(stats ?? '', 'FUNCTION ops.failures', 'END\n$$;'),
    ...Object.keys(views).map((name) =>
      definition(`${stats}${gaps}`, `VIEW ops.${name} `, name === 'subscriptions' ? 'a.app_key = w.app_key;' : ';\n'),
    ),
  ]
  await pool.query(`CREATE SCHEMA old;
    CREATE VIEW old.all_calls AS SELECT * FROM rtc.all_calls WHERE NOT superseded;
    CREATE VIEW old.call_legs AS SELECT * FROM rtc.call_legs WHERE NOT superseded`)
  for (const sql of old) {
    await pool.query(
      sql
        .replace(/\brtc\.(all_calls|day_calls|call_legs)\b/g, 'old.$1')
        .replace(/^(CREATE \w+) (ops|rtc)\./, '$1 old.'),
    )
  }
})

/** Rows that only one of two queries gives. */
async function differences(a: string, b: string): Promise<unknown[]> {
  const { rows } = await pool.query(
    `(SELECT 'only a' AS side, x::text FROM (${a} EXCEPT ALL ${b}) x) UNION ALL (SELECT 'only b', x::text FROM (${b} EXCEPT ALL ${a}) x)`,
  )
  return rows
}

async function expectSame(): Promise<void> {
  for (const [view, columns] of Object.entries(views))
    expect(await differences(`SELECT ${columns} FROM ops.${view}`, `SELECT ${columns} FROM old.${view}`), view).toEqual(
      [],
    )
  const week = "now() - interval '8 days', now() + interval '1 day'"
  // Beginning and ending within hours, in a zone whose hours begin at half past, and in buckets shorter than an hour.
  const odd =
    "date_trunc('hour', now()) - interval '50 hours 17 minutes', date_trunc('hour', now()) - interval '83 minutes'"
  for (const call of [
    `call_stats(${week}, 'day', 'Asia/Shanghai')`,
    `call_stats(${week}, 'hour', 'UTC')`,
    `call_stats(${week}, '6 hours', 'Asia/Kolkata')`,
    `call_stats(${odd}, 'week', 'UTC')`,
    `call_stats(${odd}, '15 minutes', 'UTC')`,
    `failures(${week})`,
    `failures(${odd}, 'app-0')`,
  ])
    expect(await differences(`SELECT * FROM ops.${call}`, `SELECT * FROM old.${call}`), call).toEqual([])
}

const refresh = () => withClient(pool, refreshSummaries)
const refreshAll = () => pool.query('SELECT rtc.refresh_summaries(10000)')
const summarised = async () =>
  (await pool.query("SELECT cardinality(rtc.summarized('-infinity', 'infinity')) AS n")).rows[0].n as number

const minute = 60_000
/** A small generator of one's own, so that a failure can be had again. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

let n = 0
/** Calls of the last days, of every odd kind: long, corrected, with lost, late and repeated records. */
function oddCalls(seed: number, count: number): { cdrs: CdrInsert[]; events: EventInsert[] } {
  const random = numbers(seed)
  const all: { cdrs: CdrInsert[]; events: EventInsert[] } = { cdrs: [], events: [] }
  for (let i = 0; i < count; i++) {
    const session = `odd-${seed}-${i}`
    const app = `app-${random(3)}`
    const isSigned = random(5) > 0
    const started = Date.now() - 30 * minute - random(4 * 24 * 60) * minute - random(60) * 1000
    const talk = [0.2, 1, 3, 40, 300, 1400][random(6)] as number
    const at = (minutes: number) => new Date(started + minutes * minute).toISOString().slice(0, 19).replace('T', ' ')
    const ended = 0.5 + talk
    if (Date.now() < started + ended * minute) continue
    const hasB = random(2) === 0
    const answered = random(3) > 0
    const b = { called: '+8613900000022' }
    const code = { state_code: answered ? 0 : ([8101, 8102, 8001, 8009][random(4)] as number) }
    if (random(8) > 0)
      all.events.push(
        ...events(session, app, [
          [at(0), 'callout'],
          [at(0.1), 'alerting'],
          ...(answered || hasB ? [[at(0.3), 'answer'] as [string, string]] : []),
          ...(hasB ? [[at(0.35), 'callout', b] as [string, string, typeof b]] : []),
          ...(hasB && answered ? [[at(0.5), 'answer', b] as [string, string, typeof b]] : []),
          ...(random(6) === 0 ? [[at(0.45), 'collectInfo', { digit_info: '1' }] as [string, string, object]] : []),
          ...(random(10) > 0 ? [[at(ended), 'disconnect', code] as [string, string, typeof code]] : []),
        ]).map((row) => ({
          ...row,
          signed_by: isSigned ? row.signed_by : null,
          // No two alike, so that which one comes first is known.
          received_at: new Date(Date.parse(row.received_at) + (n++ % 900)).toISOString(),
        })),
      )
    if (random(8) === 0) continue
    const codes = [
      { ul_fail_reason: 514, call_out_unasw_rsn: 19 },
      { ul_fail_reason: 518, sip_status_code: 480 },
      { ul_fail_reason: 519, fwd_unasw_rsn: 17 },
    ][random(3)]
    const record = (end: number, late: number) =>
      cdr(session, at(end), {
        app_key: app,
        service_type: hasB ? '002' : '001',
        bind_num: ['+8675512345678', '+8675512345679'][random(2)] as string,
        call_out_start_time: at(0),
        call_out_alerting_time: at(0.1 + random(4) / 60),
        call_out_answer_time: answered || hasB ? at(0.3) : null,
        fwd_dst_num: hasB ? '+8613900000022' : null,
        fwd_start_time: hasB ? at(0.35) : null,
        fwd_answer_time: hasB && answered ? at(0.5) : null,
        call_end_time: at(end),
        received_at: new Date(started + (end + late) * minute + (n++ % 900)).toISOString(),
        ...(answered ? {} : codes),
      })
    all.cdrs.push(record(ended, 0.1))
    if (random(6) === 0) all.cdrs.push(record(ended + random(30), 60))
  }
  return all
}

describe('the same as one look-up per call', () => {
  test('calls of a day and of an hour', async () => {
    const { cdrs, events } = oddCalls(1, 600)
    await store(pool, cdrs, events)
    await pool.query('ANALYZE')
    const day = `(now() AT TIME ZONE 'Asia/Shanghai')::date - 2`
    expect(
      await differences(
        `SELECT * FROM rtc.day_calls WHERE day = ${day}`,
        `SELECT * FROM old.day_calls WHERE day = ${day}`,
      ),
    ).toEqual([])
    const [from, to] = [30, 29].map((hours) => `date_trunc('hour', now()) - interval '${hours} hours'`)
    expect(
      await differences(
        `SELECT * FROM rtc.calls_between(${from}, ${to})`,
        `SELECT * FROM old.all_calls WHERE started_at >= ${from} AND started_at < ${to}`,
      ),
    ).toEqual([])
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM rtc.day_calls')
    expect(rows[0].n).toBeGreaterThan(500)
  }, 60_000)

  test('without a summary', async () => {
    expect(await summarised()).toBe(0)
    await expectSame()
  }, 60_000)

  test('with all hours summarised', async () => {
    await refreshAll()
    const quiet = await summarised()
    await settle()
    await refreshAll()
    // Hours of rows that were stored just now are left alone at first.
    expect(await summarised()).toBeGreaterThan(quiet + 80)
    expect(await refresh()).toBe(0)
    await expectSame()
  }, 60_000)

  test('with rows that come late, before and after the next refresh', async () => {
    const before = await summarised()
    const { cdrs, events } = oddCalls(1, 600)
    const late = oddCalls(2, 40)
    // Corrections of calls that are there, and calls nobody had heard of.
    const corrections = cdrs
      .filter((_, i) => i % 50 === 0)
      .map((row) => ({
        ...row,
        icid: `${row.icid}-again`,
        received_at: new Date().toISOString(),
        fwd_answer_time: null,
        call_out_answer_time: null,
      }))
    await store(pool, [...late.cdrs, ...corrections], [...late.events, ...events.slice(0, 20)])
    expect(await summarised()).toBeLessThan(before)
    await expectSame()
    await refresh()
    await expectSame()
    await settle()
    await refreshAll()
    expect(await summarised()).toBeGreaterThan(80)
    await expectSame()
  }, 180_000)
})

/** As if everything had been stored ten minutes ago. */
async function settle(): Promise<void> {
  await pool.query(`UPDATE rtc.cdrs SET stored_at = stored_at - interval '10 minutes';
    UPDATE rtc.call_events SET stored_at = stored_at - interval '10 minutes'`)
}

test('a call in progress counts as over after 25 hours without a word', async () => {
  const session = 'nothing-more'
  const started = new Date(Date.now() - 24.9 * 60 * minute).toISOString().slice(0, 19).replace('T', ' ')
  await store(pool, [], events(session, 'app-0', [[started, 'callout']]))
  await refresh()
  await settle()
  await refreshAll()
  const { rows } = await pool.query(
    "SELECT valid_until FROM rtc.summary_hours WHERE hour = date_trunc('hour', $1::timestamptz, 'UTC')",
    [`${started}Z`],
  )
  expect(rows).toEqual([{ valid_until: new Date(Date.parse(`${started.replace(' ', 'T')}Z`) + 25 * 60 * minute) }])
  await expectSame()
}, 60_000)

test('an application that is described anew, also while hours are counted, begins anew', async () => {
  expect(await summarised()).toBeGreaterThan(80)
  await pool.query("INSERT INTO rtc.apps VALUES ('app-0', 'Odd calls', 'callVerify')")
  expect(await summarised()).toBe(0)
  await refreshAll()
  expect(await summarised()).toBeGreaterThan(80)
  await expectSame()
  await withClient(pool, async (client) => {
    await client.query('DELETE FROM rtc.summary_hours; BEGIN; SELECT rtc.refresh_summaries(10000)')
    await pool.query("UPDATE rtc.apps SET scenario = 'callnotify' WHERE app_key = 'app-0'")
    await client.query('COMMIT')
  })
  expect(await summarised()).toBe(0)
  await refreshAll()
  await expectSame()
}, 180_000)

test('a row that comes into sight long after its time is seen', async () => {
  await withClient(pool, async (client) => {
    await client.query(`BEGIN; INSERT INTO rtc.call_events (session_id, event_key, event_type, occurred_at, received_at)
      SELECT 'slow', gen_random_uuid(), 'callout', max(hour), now() FROM rtc.summary_hours WHERE valid_until = 'infinity'`)
    await refresh()
    // As if minutes had gone by.
    await pool.query("UPDATE rtc.summary_state SET seen_until = now() + interval '1 second'")
    await refresh()
    const before = await summarised()
    await client.query('COMMIT')
    expect(await summarised()).toBe(before - 1)
  })
})

test('what retention has dropped is dropped here too', async () => {
  await pool.query("INSERT INTO rtc.summary_hours VALUES ('2025-01-01 00:00Z', 'infinity')")
  await refresh()
  expect((await pool.query("SELECT FROM rtc.summary_hours WHERE hour < '2025-02-01 00:00Z'")).rows).toEqual([])

  // Calls that began before a partition that is left have rows in it.
  const first = 'SELECT FROM rtc.summary_hours JOIN rtc.summary_state ON hour < first_hour + $1::interval'
  const rest = (await pool.query('SELECT FROM rtc.summary_hours')).rowCount ?? 0
  const edge = (await pool.query(first, ['53 hours'])).rowCount ?? 0
  expect(edge).toBeGreaterThan(0)
  await pool.query("UPDATE rtc.summary_state SET first_hour = first_hour - interval '30 days'")
  await pool.query('SELECT rtc.refresh_summaries(0)')
  expect((await pool.query(first, ['53 hours'])).rowCount).toBe(0)
  expect((await pool.query('SELECT FROM rtc.summary_hours')).rowCount).toBe(rest - edge)
})

test('one process at a time', async () => {
  await withClient(pool, async (client) => {
    await client.query("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('rtc.refresh_summaries', 0))")
    expect(await refresh()).toBe(0)
    await client.query('ROLLBACK')
  })
})
