import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { NumberFinder } from '../../src/erasure/finder.ts'
import { eraseNumber } from '../../src/erasure/run.ts'
import { type FeedEntry, readFeed } from '../../src/store/feed.ts'
import { withClient } from '../../src/store/pool.ts'
import { applyRetention } from '../../src/store/retention.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { outcome } from '../store/folded.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { foldAll } from '../support/folder.ts'
import { hold } from '../support/receiver.ts'

let database: TestDatabase
let pool: pg.Pool
const logins: string[] = []

beforeEach(async () => {
  database = await freshDatabase()
  pool = database.pool
})

afterAll(async () => {
  for (const login of logins) await pool.query(`DROP OWNED BY ${login}; DROP ROLE ${login}`)
})

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000)

async function all(after = 0): Promise<FeedEntry[]> {
  const entries: FeedEntry[] = []
  for (;;) {
    const page = await withClient(pool, (client) => readFeed(client, entries.at(-1)?.position ?? after, 3))
    if (page.length === 0) return entries
    entries.push(...page)
  }
}

const kinds = (entries: readonly FeedEntry[]) => entries.map(({ kind }) => kind).join(' ')
const content = (entry: FeedEntry | undefined) => JSON.parse(entry?.content ?? 'null')

test('facts come in the order of their times, then the call they make; each once', async () => {
  const { events, cdrs } = callOf('s1', ago(3))
  await storeFacts(pool, { events: [...events].reverse(), cdrs })
  await foldAll(pool)
  const entries = await all()
  expect(kinds(entries)).toBe('event event event event event event event cdr call')
  const times = entries.slice(0, 7).map((entry) => content(entry).occurred_at)
  expect(times).toEqual([...times].sort())
  const { rows } = await pool.query('SELECT version::int, call_ref FROM ops.calls')
  const call = entries.at(-1) as FeedEntry
  expect({ version: call.position, call_ref: call.call_ref }).toEqual(rows[0])
  expect(content(call)).toMatchObject({ outcome: 'answered', a_number: '+8613800000021', version: call.position })
  expect(call).toMatchObject({ app_key: 'app', scenario: 'click2Call' })
  expect(new Set(entries.map(({ call_ref }) => call_ref)).size).toBe(1)
})

test('a call comes again when its content changes, at its new position only; nothing comes where nothing changed', async () => {
  const { events, cdrs } = callOf('s1', ago(3))
  await storeFacts(pool, { events })
  await foldAll(pool)
  const first = await all()
  await storeFacts(pool, { cdrs })
  await foldAll(pool)
  const next = await all(first.at(-1)?.position)
  expect(kinds(next)).toBe('cdr call')
  expect(kinds(await all())).toBe('event event event event event event event cdr call')
  await pool.query(`INSERT INTO rtc.unfolded (session_id) VALUES ('s1')`)
  await foldAll(pool)
  expect(await all(next.at(-1)?.position)).toEqual([])
})

test('what commits late comes late, and is not passed over', async () => {
  await storeFacts(pool, callOf('early', ago(3)))
  const late = await hold(
    database.url,
    `WITH late AS (
        INSERT INTO rtc.call_events (session_id, event_key, occurred_at, event_type, received_at)
        VALUES ('late', gen_random_uuid(), now(), 'callout', now()) RETURNING session_id, event_key, occurred_at
      )
      INSERT INTO rtc.unfolded (session_id, event_key, fact_time) TABLE late`,
  )
  await foldAll(pool)
  const first = await all()
  await storeFacts(pool, callOf('other', ago(2)))
  await foldAll(pool)
  const second = await all(first.at(-1)?.position)
  expect([first.length, second.length]).toEqual([9, 9])
  await late.commit()
  await foldAll(pool)
  expect(kinds(await all(second.at(-1)?.position))).toBe('event call')
})

test('an erasure says to forget the call, and what is left of it comes again', async () => {
  await storeFacts(pool, callOf('s1', ago(3)))
  await storeFacts(pool, callOf('holds-13800000021', ago(3)))
  await storeFacts(pool, callOf('other', ago(3), { a: '+8613800000077', b: '+8613900000088' }))
  await foldAll(pool)
  const before = await all()
  const [reader, writer] = await Promise.all([pool.connect(), pool.connect()])
  const number = new NumberFinder('+8613800000021')
  await eraseNumber({ reader, writer }, { number, apply: true })
  reader.release(true)
  writer.release(true)
  await foldAll(pool)
  const after = await all(before.at(-1)?.position)
  const erased = after.filter(({ kind }) => kind === 'erased').map(({ call_ref }) => call_ref)
  const ofOther = before.find(({ kind, content }) => kind === 'call' && content?.includes('13800000077'))
  expect(erased).toHaveLength(2)
  expect(erased).not.toContain(ofOther?.call_ref)
  // Of both all facts and the call, after the word to forget them.
  expect(after.filter(({ kind }) => kind === 'event')).toHaveLength(14)
  expect(after.filter(({ kind }) => kind === 'cdr')).toHaveLength(2)
  const calls = after.filter(({ kind }) => kind === 'call')
  expect(new Set(calls.map(({ call_ref }) => call_ref)).size).toBe(2)
  expect(JSON.stringify(after)).not.toContain('13800000021')
  // Nor is the number in the feed itself, or in what somebody gets who reads from the start.
  const { rows } = await pool.query('SELECT f::text FROM rtc.feed f')
  expect(JSON.stringify(rows)).not.toContain('13800000021')
  expect(JSON.stringify(await all())).not.toContain('13800000021')
})

test('retention says which calls are gone, and a cursor that is too old is told so', async () => {
  await storeFacts(pool, callOf('old', new Date('2023-05-01T00:00:00Z')))
  await storeFacts(pool, callOf('new', ago(3)))
  await foldAll(pool)
  await pool.query(`UPDATE ops.calls SET last_received_at = '2023-05-02' WHERE started_at < '2024-01-01'`)
  const before = await all()
  const old = before.find(({ kind }) => kind === 'call')
  const patience = { attempts: 1, pauseMs: 1 }
  await applyRetention(pool, { retentionDays: 30 }, patience)
  const after = await all(before.at(-1)?.position)
  expect(after.map(({ kind, call_ref }) => ({ kind, call_ref }))).toEqual([
    { kind: 'removed', call_ref: old?.call_ref },
  ])

  await pool.query(`UPDATE rtc.feed SET at = now() - interval '8 days' WHERE position <= $1`, [before.at(-1)?.position])
  const { deleted } = await applyRetention(pool, { feedRetentionDays: 7 }, patience)
  expect(deleted).toEqual({ feed: 2 })
  const client = await pool.connect()
  const read = (after: number) => outcome(client, 'SELECT kind FROM feed.calls_after($1)', [after])
  expect(await read(0)).toEqual([{ kind: 'removed' }])
  expect(await read(before.at(-1)?.position ?? 0)).toEqual([{ kind: 'removed' }])
  expect(await read(1)).toBe('RTC02')
  expect(await read(1_000_000)).toBe('RTC03')
  client.release()
})

test('a call that comes again after it was gone has another version', async () => {
  await storeFacts(pool, { events: callOf('s1', ago(3)).events.slice(0, 1) })
  await foldAll(pool)
  const [, call] = await all()
  await pool.query(`DELETE FROM rtc.call_events; INSERT INTO rtc.unfolded (session_id) VALUES ('s1')`)
  await foldAll(pool)
  await storeFacts(pool, { events: callOf('s1', ago(3)).events.slice(0, 1) })
  await foldAll(pool)
  const entries = await all(call?.position)
  expect(kinds(entries)).toBe('removed event call')
  expect(entries.at(-1)).toMatchObject({ call_ref: call?.call_ref })
})

test('a position by time', async () => {
  await storeFacts(pool, callOf('s1', ago(3)))
  await foldAll(pool)
  await pool.query(`UPDATE rtc.feed SET at = at - interval '1 hour'`)
  await storeFacts(pool, callOf('s2', ago(3)))
  await foldAll(pool)
  const at = async (time: string) =>
    (await pool.query(`SELECT feed.position_at(${time})::int AS at, feed.head()::int AS head`)).rows[0]
  const { at: since, head } = await at(`now() - interval '10 minutes'`)
  expect(await all(since)).toHaveLength(9)
  expect((await at(`now() + interval '1 minute'`)).at).toBe(head)
  expect((await at(`now() - interval '1 day'`)).at).toBe(0)
})

test('who listens is told', async () => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const told = new Promise((resolve) => client.once('notification', ({ channel }) => resolve(channel)))
  await client.query('LISTEN rtc')
  await storeFacts(pool, callOf('s1', ago(3)))
  await foldAll(pool)
  expect(await told).toBe('rtc')
  await client.end()
})

test('rtc_ops reads masked calls and no facts, rtc_app both whole, neither the table', async () => {
  await withClient(pool, makeRoles)
  await storeFacts(pool, callOf('s1', ago(3)))
  await foldAll(pool)
  const login = async (role: string) => {
    const name = `rtc_test_feed_${randomBytes(4).toString('hex')}`
    await pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'test' IN ROLE ${role}`)
    logins.push(name)
    const url = new URL(database.url)
    url.username = name
    url.password = 'test'
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    const ask = async (sql: string) => JSON.stringify(await outcome(client, sql))
    const answers = {
      calls: await ask('SELECT content FROM feed.calls_after(0)'),
      whole: await ask('SELECT content FROM feed.entries_after(0, 10, facts => false)'),
      facts: await ask('SELECT content FROM feed.entries_after(0)'),
      head: await ask('SELECT feed.head()'),
      table: await ask('SELECT FROM rtc.feed'),
    }
    await client.end()
    return answers
  }
  const ops = await login('rtc_ops')
  expect(ops.calls).toContain('+86138****0021')
  expect(ops.calls).not.toContain('13800000021')
  expect([ops.whole, ops.facts, ops.table]).toEqual(['"42501"', '"42501"', '"42501"'])
  const app = await login('rtc_app')
  expect(app.calls).not.toContain('13800000021')
  expect(app.whole).toContain('+8613800000021')
  expect(app.facts).toContain('+8613800000021')
  expect(app.table).toBe('"42501"')
  expect([ops.head, app.head]).not.toContain('"42501"')
})
