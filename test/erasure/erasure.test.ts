import { gzipSync } from 'node:zlib'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { NumberFinder } from '../../src/erasure/finder.ts'
import { type Erased, type ErasureOptions, eraseNumber } from '../../src/erasure/run.ts'
import { withClient } from '../../src/store/pool.ts'
import { insertQuarantine } from '../../src/store/quarantine.ts'
import { quarantineRow } from '../store/rows.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, waitingForLocks } from '../support/database.ts'
import { TestFolder } from '../support/folder.ts'
import { hold, TestReceiver } from '../support/receiver.ts'

const number = '+8613800000021'
const other = '+8613900000077'
const base64 = (text: string) => Buffer.from(text).toString('base64')
const privateSession = `${number}_${other}_4_a1b2c3`

// Other people's numbers, some of which hold the digits.
const others = ['+8613800000022', '138000000210', '113800000021', '+113800000021', '+13800000021'].join(' and ')

/** How a sender may write the number. */
const disguises = [
  number,
  '13800000021',
  '138 0000 0021',
  '(+86) 138-0000-0021',
  '１３８００００００２１',
  base64(number),
  base64('客户 138 0000 0021'),
]

function erase(pool: pg.Pool, options: Partial<ErasureOptions> & { of?: string } = {}): Promise<Erased> {
  const { of = number, ...rest } = options
  return withClient(pool, (reader) =>
    withClient(pool, (writer) =>
      eraseNumber({ reader, writer }, { number: new NumberFinder(of), apply: true, ...rest }),
    ),
  )
}

/** A dump of all tables of our schemas: a row a line, bodies as they came. */
async function dump(pool: pg.Pool, tables = "('rtc', 'ops', 'app')"): Promise<string> {
  const { rows: found } = await pool.query<{ name: string; bodies: string | null }>(`
    SELECT format('%I.%I', n.nspname, c.relname) AS name,
      (SELECT string_agg(format('encode(%I, ''escape'')', a.attname), ', ') FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.atttypid = 'bytea'::regtype AND a.attnum > 0) AS bodies
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ${tables} AND c.relkind = 'r' AND c.relname <> 'keys' ORDER BY 1`)
  let text = ''
  for (const { name, bodies } of found) {
    const { rows } = await pool.query(
      `SELECT concat_ws(' ', t::text${bodies ? `, ${bodies}` : ''}) AS row FROM ${name} t`,
    )
    text += rows
      .map(({ row }) => `${name} ${row}\n`)
      .sort()
      .join('')
  }
  return text
}

/** Lines of a dump in which the number stands. */
function findings(text: string): string[] {
  const left = others.split(' and ').reduce((rest, one) => rest.replaceAll(one, 'somebody else'), text)
  return left.split('\n').filter((line) => disguises.some((form) => line.includes(form)))
}

/** The facts and calls of a database in a form that can be compared. */
const facts = (pool: pg.Pool) =>
  dump(pool, "('rtc')").then((text) =>
    text
      .split('\n')
      .filter((line) => /^rtc\.(call_events|cdrs)_/.test(line))
      .sort(),
  )

async function start() {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const folder = await TestFolder.on(database.url)
  return { ...database, it, folder }
}

test('planted in every column, in ids and names, in each disguise: nothing of it is left, and everybody else is as before', async () => {
  const { pool, it, folder } = await start()
  for (const [i, form] of disguises.entries()) {
    const timestamp = '2024-03-05 07:15:00'
    const fields = [
      'caller',
      'called',
      'userData',
      'digitInfo',
      'partyType',
      'stateDesc',
      'subscriptionId',
      'notifyMode',
      'foreign',
    ]
    for (const field of fields) await it.take('status', [event(`e${i}`, { called: other, [field]: form, timestamp })])
    await it.take('status', [event(`n${i}`, { called: other, nested: { deep: [{ [form]: form }, 7] } }, form)])
    const texts = [
      'spId',
      'appKey',
      'icid',
      'bindNum',
      'callerNum',
      'calleeNum',
      'fwdDisplayNum',
      'fwdDstNum',
      'dynIVRPath',
    ]
    const more = [
      'recordObjectName',
      'recordBucketName',
      'recordDomain',
      'recordFileDownloadUrl',
      'serviceType',
      'hostName',
    ]
    const names = [...texts, ...more, 'userData', 'subscriptionId', 'extendNumber', 'notifyMode', 'foreign', form]
    await it.take(
      'fee',
      names.map((name) => cdr(`c${i}.${names.indexOf(name)}`, { calleeNum: other, [name]: form })),
    )
    await it.take('notice', [{ eventType: 'numStatus', numInfo: [{ number: form, status: String(i) }] }])
    // Into quarantine: a record without a time.
    await it.take('fee', [cdr(`q${i}`, { callEndTime: '', called: form })])
  }
  await it.take('status', [event('numbers', { called: 8613800000021, foreign: 13800000021 })])
  await it.take('status', [event(privateSession, { called: other }, 'callin')])
  await it.take('fee', [
    cdr(privateSession, { callerNum: number, icid: `${number}.7`, callInTime: '2024-03-05 07:15:00' }),
  ])
  await it.take('fee', [cdr('mine', { calleeNum: other, userData: others })])
  await it.take('fee', [cdr('mine', { calleeNum: '+8613900000078', userData: number })]) // a conflict
  await withClient(pool, (client) =>
    insertQuarantine(client, [
      quarantineRow({ kind: 'unknown', body: gzipSync(`{"tel":"${number}"}`) }),
      quarantineRow({ kind: 'unknown', body: Buffer.from(number, 'utf16le') }),
      quarantineRow({ kind: 'unknown', body: Buffer.from('{"tel":"+8613900000078"}') }),
    ]),
  )
  await pool.query(
    `INSERT INTO rtc.placed_calls (app_key, scenario, session_id, display_nbr, callee_nbr, user_data, result_desc)
     SELECT 'app', 'callVerify', 'p' || n, '+8675500000000', form, form, form FROM unnest($1::text[]) WITH ORDINALITY AS f (form, n)`,
    [disguises],
  )
  await pool.query(
    `INSERT INTO rtc.placed_calls (app_key, scenario, session_id, display_nbr, callee_nbr) VALUES ('app', 'callVerify', $1, $2, $2)`,
    [privateSession, other],
  )
  await folder.foldAll()
  await pool.query(
    `INSERT INTO rtc.reveals (asked_by, asked_in, call_ref, why)
       SELECT 'ann', '1', call_ref, 'called from ' || $2 FROM rtc.calls_private WHERE session_id = $1`,
    [privateSession, number],
  )
  await pool.query('ANALYZE')
  expect(findings(await dump(pool)).length).toBeGreaterThan(200)
  const before = await dump(pool)

  const counted = await erase(pool, { apply: false })
  expect(counted).toMatchObject({ pseudonym: undefined, passedOver: [], finished: true })
  expect(await dump(pool)).toBe(before)

  const { counts, pseudonym = '', passedOver, finished } = await erase(pool)
  expect({ passedOver, finished }).toEqual({ passedOver: [], finished: true })
  expect(pseudonym).toMatch(/^erased-[a-p]{16}$/)
  expect(findings(await dump(pool))).toEqual([])
  await folder.foldAll()
  expect(findings(await dump(pool))).toEqual([])
  // Nor does the planner remember it.
  const { rows: stats } = await pool.query(
    `SELECT concat_ws(' ', most_common_vals::text, histogram_bounds::text) AS said FROM pg_stats WHERE schemaname IN ('rtc', 'ops')`,
  )
  expect(findings(stats.map(({ said }) => said).join('\n'))).toEqual([])

  // Everybody else's, and what is not the number: as before.
  const { rows: mine } = await pool.query(
    `SELECT callee_num, user_data, erased_at FROM rtc.cdrs WHERE session_id = 'mine'`,
  )
  expect(mine).toEqual([{ callee_num: other, user_data: others, erased_at: null }])
  const { rows: nested } = await pool.query(`SELECT extra FROM rtc.call_events WHERE session_id = 'n0'`)
  expect(nested).toEqual([{ extra: { nested: { deep: [{ [pseudonym]: pseudonym }, 7] } } }])
  const rowsOf = (text: string) => text.split('\n').filter((line) => /^rtc\.(call_events|cdrs)_/.test(line)).length
  expect(rowsOf(await dump(pool))).toBe(rowsOf(before))
  const { rows: left } = await pool.query('SELECT convert_from(body, $1) AS body FROM rtc.quarantine', ['UTF8'])
  expect(left).toEqual([{ body: '{"tel":"+8613900000078"}' }])

  // The session whose id held it is one call still, under one new id, and what belongs to it goes along.
  const { rows: moved } = await pool.query(
    `SELECT p.session_id, c.call_ref, c.event_count, c.cdr_count, c.a_number
      FROM rtc.calls_private p JOIN ops.calls c USING (call_ref) WHERE starts_with(p.session_id, $1)`,
    [pseudonym],
  )
  expect(moved).toEqual([
    {
      session_id: expect.stringMatching(/^erased-[a-p]{16}-[a-p]{8}$/),
      call_ref: expect.any(String),
      event_count: 1,
      cdr_count: 1,
      a_number: '****',
    },
  ])
  const { rows: reveals } = await pool.query('SELECT call_ref, why FROM rtc.reveals')
  expect(reveals).toEqual([{ call_ref: moved[0].call_ref, why: expect.stringContaining(pseudonym) }])
  const { rows: placed } = await pool.query('SELECT FROM rtc.placed_calls WHERE session_id = $1', [moved[0].session_id])
  expect(placed).toHaveLength(1)

  const { rows: erasures } = await pool.query(
    'SELECT pseudonym, counts, finished_at IS NOT NULL AS finished FROM rtc.erasures',
  )
  expect(erasures).toEqual([{ pseudonym, counts, finished: true }])
  // Once more finds nothing.
  expect(Object.values((await erase(pool)).counts).every((count) => count === 0)).toBe(true)
}, 120_000)

test('what is sent again after an erasure adds no row and no conflict, also where its ids held the number', async () => {
  const { pool, it, folder } = await start()
  const send = async () => {
    for (const session of ['s1', privateSession]) {
      await it.take('status', [event(session, { called: number }, 'callout')])
      await it.take('status', [
        event(session, { called: number, stateCode: 0, timestamp: '2024-03-05 07:15:09' }, 'disconnect'),
      ])
      await it.take('fee', [cdr(session), cdr(session, { icid: `${number}.7` })])
    }
  }
  await send()
  await folder.foldAll()
  await erase(pool)
  const erased = await facts(pool)
  await send()
  expect(await it.outcomes()).toEqual({ stored: 8, duplicate: 8 })
  expect(await facts(pool)).toEqual(erased)
  // A corrected CDR is a duplicate too: what it corrects is not known any more. A new event of the call is stored.
  await it.take('fee', [cdr('s1', { sipStatusCode: 480 })])
  await it.take('status', [event('s1', { called: other, timestamp: '2024-03-05 07:15:04' }, 'alerting')])
  expect(await it.outcomes()).toEqual({ stored: 9, duplicate: 9 })
})

test('an erasure that commits while a COPY waits for it lets nothing back in', async () => {
  const { url, pool, it } = await start()
  await it.take('fee', [cdr(privateSession)])
  await it.take('fee', [cdr('warm')])
  const before = await it.outcomes()
  // Somebody who reads the session keeps the erasure from ending; the COPY then waits for the erasure.
  const lock = await hold(url, 'SELECT FROM rtc.reveals r, pg_sleep(0); LOCK TABLE rtc.erased_keys IN SHARE MODE')
  const erasing = erase(pool)
  await waiting(pool, 1)
  const sent = it.take('fee', [cdr(privateSession)])
  await waiting(pool, 2)
  await lock.commit()
  await Promise.all([erasing, sent])
  expect(await it.outcomes()).toEqual({ ...before, duplicate: 1 })
  expect(findings(await dump(pool))).toEqual([])
})

/** Waits until so many connections wait for a lock. */
async function waiting(pool: pg.Pool, count: number): Promise<void> {
  await expect.poll(() => waitingForLocks(pool)).toBeGreaterThanOrEqual(count)
}

test('a call whose first facts are past retention is not folded again, but edited', async () => {
  const { pool, it, folder } = await start()
  await it.take('status', [event('s1', { called: number }, 'callout')])
  await it.take('fee', [cdr('s1', { userData: 'order 7' })])
  await folder.foldAll()
  await pool.query('DELETE FROM rtc.call_events')
  await pool.query("UPDATE rtc.calls_private SET user_data = $1 WHERE session_id = 's1'", [number])
  await erase(pool)
  expect(findings(await dump(pool))).toEqual([])
  const { rows } = await pool.query('SELECT a_ref, b_ref, user_data_ref FROM ops.calls')
  expect(rows).toEqual([{ a_ref: null, b_ref: null, user_data_ref: null }])
})

test('stopped and run again: progress is told, and nothing is done twice', async () => {
  const { pool, it } = await start()
  for (let i = 0; i < 20; i++) await it.take('fee', [cdr(`s${i}`), cdr(`o${i}`, { calleeNum: other })])
  const stop = new AbortController()
  const seen: number[] = []
  const first = await erase(pool, {
    signal: stop.signal,
    progress: (done) => {
      seen.push(done)
      if (done > 0) stop.abort()
    },
  })
  expect(first.finished).toBe(false)
  expect(seen.length).toBeGreaterThan(0)
  const second = await erase(pool)
  expect(second.finished).toBe(true)
  expect(first.counts.cdrs + second.counts.cdrs).toBe(20)
  expect(findings(await dump(pool))).toEqual([])
})

test('two runs at once, of numbers that stand in the same rows: neither brings the other back', async () => {
  const { pool, it, folder } = await start()
  for (let i = 0; i < 20; i++) await it.take('fee', [cdr(`s${i}_${other}`, { fwdDstNum: other })])
  await folder.foldAll()
  await Promise.all([erase(pool), erase(pool, { of: other })])
  // One may have found a session under the name that the other had given it since: it is run again, as after any erasure.
  await Promise.all([erase(pool), erase(pool, { of: other })])
  const left = (await dump(pool)).split('\n')
  expect(left.filter((line) => /13800000021|13900000077/.test(line))).toEqual([])
})

test('as rtc_ops, with all advisory locks and a transaction open: an erasure goes on', async () => {
  const { url, pool, it, folder } = await start()
  await it.take('fee', [cdr(privateSession)])
  await folder.foldAll()
  const login = await loginOf(pool, url)
  const reader = await hold(
    login,
    'SELECT count(*) FROM ops.calls; SELECT pg_advisory_xact_lock(n) FROM generate_series(1, 1000) n',
  )
  await erase(pool)
  expect(findings(await dump(pool))).toEqual([])
  await reader.rollback()
})

async function loginOf(pool: pg.Pool, url: string): Promise<string> {
  const name = `reader_${Math.random().toString(36).slice(2)}`
  await pool.query(
    `CREATE ROLE ${name} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA ops TO ${name}; GRANT SELECT ON ops.calls TO ${name}`,
  )
  const login = new URL(url)
  login.username = name
  login.password = 'x'
  return login.href
}

test('a login that does not own the tables is told so by Postgres, and nothing is changed', async () => {
  const { pool, url, it } = await start()
  await it.take('fee', [cdr('s1')])
  const before = await dump(pool)
  const { Pool } = (await import('pg')).default
  const others = new Pool({ connectionString: await loginOf(pool, url) })
  await expect(erase(others)).rejects.toMatchObject({ code: '42501' })
  await others.end()
  expect(await dump(pool)).toBe(before)
})
