import { brotliCompressSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { NumberSearch } from '../../src/rtc/number-search.ts'
import { type ErasureOptions, eraseNumber } from '../../src/store/erasure.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { withClient } from '../../src/store/pool.ts'
import { insertQuarantine } from '../../src/store/quarantine.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'
import { countRows, emptyTables, readTables, type Tables } from '../support/tables.ts'
import { connect } from './connect.ts'
import { quarantineRow } from './rows.ts'

const number = '+8613800000021'
const plain = '13800000021'
const base64 = (text: string) => Buffer.from(text).toString('base64')

// Numbers of other people, some of which hold the digits.
const others = ['+8613800000022', '138000000210', '113800000021', '+113800000021', '+13800000021', '8613800000021999']
const everybodyElse = others.join(' and ')

function erase(pool: pg.Pool, options: Partial<ErasureOptions> & { of?: string } = {}) {
  const { of = number, ...rest } = options
  return withClient(pool, (client) =>
    eraseNumber(client, { number: new NumberSearch(of), apply: true, announceMs: 0, ...rest }),
  )
}

/** Every row of every table of the schema, as text; bodies as they came. */
async function everything(pool: pg.Pool): Promise<string> {
  const { rows: tables } = await pool.query(`
    SELECT c.relname AS name, (SELECT string_agg(format('encode(%I, ''escape'')', a.attname), ', ') FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.atttypid = 'bytea'::regtype AND a.attnum > 0) AS bodies
    FROM pg_class c WHERE c.relnamespace = 'rtc'::regnamespace AND c.relkind = 'r'`)
  let text = ''
  for (const { name, bodies } of tables) {
    const { rows } = await pool.query(
      `SELECT concat_ws(' ', t::text${bodies ? `, ${bodies}` : ''}) AS row FROM rtc.${name} t`,
    )
    text += rows.map(({ row }) => `${name} ${row}\n`).join('')
  }
  return text
}

/** The same by rows, without the summaries: a receiver may be at it. */
async function stored(pool: pg.Pool): Promise<string[]> {
  return (await everything(pool)).split('\n').filter((line) => !/^summary_|^\w+_summary /.test(line))
}

/** Where the number still stands. */
function findings(text: string, ...encoded: string[]): string[] {
  const left = others.reduce((rest, other) => rest.replaceAll(other, 'somebody else'), text)
  return left.split('\n').filter((line) => [plain, '138 0000 0021', ...encoded].some((form) => line.includes(form)))
}

test('afterwards no table holds the number in any form, and everybody else is as before', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const encoded = ['', 'a', 'ab'].map((before) => base64(`${before}客户 ${number}?`))
  const encodedPlain = base64(`{"tel":"${plain}","who":"张"}`)
  const privateSession = `${number}_+8613900000077_4_a1b2c3`
  const told = { caller: '+8675500000000', called: number, userData: everybodyElse }
  await it.take('status', [event('s1', told, 'callout')])
  await it.take('status', [event('s1', { ...told, timestamp: '2024-03-05 07:15:09' }, 'disconnect')])
  await it.take('status', [event('s2', { called: plain, userData: encoded[0] as string })])
  await it.take('status', [event('s3', { called: others[0] as string, userData: encoded[1] as string })])
  await it.take('status', [
    event('s4', { called: '+8613900000077', digitInfo: plain, stateDesc: `gone: ${number}` }, 'disconnect'),
  ])
  await it.take('status', [event('s5', { called: 8613800000021, notifyMode: { [number]: [plain, true, 7] } })])
  await it.take('status', [event(privateSession, { called: '+8613900000077' })])
  await it.take('fee', [
    cdr('s1', { ...told, fwdDstNum: others[1] as string }),
    cdr('s2', { calleeNum: plain, fwdDstNum: number, userData: encoded[2] as string }),
    cdr('s3', { calleeNum: others[3] as string, userData: encodedPlain }),
    cdr('s4', { calleeNum: '138 0000 0021', callerNum: others[4] as string, icid: `${plain}.4` }),
    cdr('s5', { calleeNum: others[5] as string, areaCode: 13800000021, recordObjectName: `a/${plain}.wav` }),
    cdr('s6', { calleeNum: others[2] as string, note: everybodyElse }),
    cdr(privateSession, {
      callerNum: number,
      calleeNum: '+8675500000000',
      subscriptionId: base64(`+8613900000077${number}`),
    }),
    // Into quarantine: a conflict, a record without a time, one whose names hold the number.
    cdr('s1', { ...told, fwdDstNum: others[1] as string, callerNum: '+8675500000001' }),
    cdr('s7', { callEndTime: '', called: number, calleeNum: 13800000021 }),
    cdr('s8', { [`${number}\0`]: 1 }),
  ])
  await withClient(pool, (client) =>
    insertQuarantine(client, [
      quarantineRow({
        kind: 'unknown',
        body: Buffer.from(`{"tel":"${number}",`),
        errors: [{ pointer: `/${plain}`, message: 'no JSON' }],
      }),
      quarantineRow({ kind: 'unknown', body: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(encodedPlain)]) }),
      quarantineRow({
        kind: 'unauthenticated',
        body: Buffer.from(`{ "calleeNum": 8613800000021, "x": "\\u0031${plain.slice(1)}" }`),
      }),
      quarantineRow({ kind: 'unknown', body: Buffer.from(`{"tel":"${everybodyElse}"}`) }),
    ]),
  )
  await pool.query(
    `INSERT INTO rtc.placed_calls (app_key, scenario, session_id, display_nbr, callee_nbr, user_data, result_desc)
     VALUES ('app', 'callVerify', 'p1', '+8675500000000', $1, $2, 'to ' || $1), ('app', 'callVerify', 'p2', '+8675500000000', $3, NULL, NULL)`,
    [number, encoded[0], others[0]],
  )
  const ref = `rtc.ref((SELECT key FROM rtc.keys WHERE purpose = 'ref'), 'session', '${privateSession}')`
  await pool.query(
    `INSERT INTO rtc.reveals (asked_by, asked_in, call_ref, why)
     VALUES ('ann', '1', ${ref}, 'a complaint'), ('ann', '1', '0123456789abcdef', 'called from ' || $1::text), ('ann', '1', '0123456789abcdef', $2)`,
    [plain, everybodyElse],
  )
  await pool.query('ANALYZE')
  const before = await readTables(pool)
  const rowsBefore = await countRows(pool)
  const forms = [...encoded, encodedPlain, '4613800000021', base64(`+8613900000077${number}`)]
  expect(findings(await everything(pool), ...forms).length).toBeGreaterThan(20)

  const expected = { call_events: 7, cdrs: 6, placed_calls: 1, quarantine: 6, reveals: 1 }
  expect(await erase(pool, { apply: false })).toEqual({
    counts: expected,
    pseudonym: undefined,
    unreadable: [],
    finished: true,
  })
  expect(await readTables(pool)).toEqual(before)

  const { counts, pseudonym = '', finished } = await erase(pool)
  expect(finished).toBe(true)
  expect(pseudonym).toMatch(/^erased-[a-p]{16}$/)
  // The reveal of the session that got another id is one more.
  expect(counts).toEqual({ ...expected, reveals: 2 })
  expect(findings(await everything(pool), ...forms)).toEqual([])

  // Nothing else went: the same rows, and every text that was somebody else's.
  expect(await countRows(pool)).toEqual(rowsBefore)
  const after = await readTables(pool)
  const untouched = ({ call_events, cdrs, quarantine }: Tables) =>
    [...call_events, ...cdrs, ...quarantine].filter((row) => !row.erased_at).map((row) => JSON.stringify(row))
  expect(untouched(before)).toEqual(expect.arrayContaining(untouched(after)))
  expect(after.call_events.find((row) => row.session_id === 's1')).toMatchObject({
    caller: '+8675500000000',
    called: pseudonym,
    user_data: everybodyElse,
  })
  expect(after.call_events.find((row) => row.session_id === 's5')).toMatchObject({
    extra: { called: pseudonym, notifyMode: { [pseudonym]: [pseudonym, true, 7] } },
  })
  const moved = { session_id: `${pseudonym}_+8613900000077_4_a1b2c3`, erased_at: expect.any(String) }
  expect(after.call_events.filter((row) => String(row.session_id).includes('_4_a1b2c3'))).toMatchObject([moved])
  expect(after.cdrs.filter((row) => String(row.session_id).includes('_4_a1b2c3'))).toMatchObject([
    { ...moved, caller_num: pseudonym },
  ])
  const { user_data } = after.cdrs.find((row) => row.session_id === 's3') ?? {}
  expect(JSON.parse(Buffer.from(String(user_data), 'base64').toString())).toEqual({
    tel: expect.stringMatching(new RegExp(`^${pseudonym}\\.{0,2}$`)),
    who: '张',
  })
  // The reveal still leads to its call.
  const { rows: reveals } = await pool.query(
    `SELECT why FROM rtc.reveals WHERE call_ref = ${ref.replace(privateSession, moved.session_id)} AND erased_at IS NOT NULL`,
  )
  expect(reveals).toEqual([{ why: 'a complaint' }])
  // Bodies of JSON still are JSON, and whole ones still count as whole.
  const { rows: bodies } = await pool.query(
    `SELECT convert_from(body, 'UTF8') AS body, body_size = octet_length(body) AS whole FROM rtc.quarantine WHERE kind = 'unauthenticated'`,
  )
  expect(JSON.parse(bodies[0].body)).toEqual({ calleeNum: pseudonym, x: pseudonym })
  expect(bodies[0].whole).toBe(true)
  // What the planner remembers.
  const { rows: stats } = await pool.query(
    `SELECT tablename, attname FROM pg_stats WHERE schemaname = 'rtc'
      AND concat_ws(' ', most_common_vals::text, histogram_bounds::text) ~ '(^|[^0-9+])(\\+?86)?13800000021([^0-9]|$)'`,
  )
  expect(stats).toEqual([])

  const { rows: erasures } = await pool.query(
    'SELECT erased_by, pseudonym, counts, finished_at IS NOT NULL AS finished FROM rtc.erasures',
  )
  expect(erasures).toEqual([{ erased_by: expect.any(String), pseudonym, counts, finished: true }])
  // Once more finds nothing.
  const again = await erase(pool)
  expect(Object.values(again.counts)).toEqual([0, 0, 0, 0, 0])
  expect(again.pseudonym).not.toBe(pseudonym)
}, 60_000)

test('keys by which a number could be tried are random afterwards', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('status', [event('s1')])
  await it.take('fee', [cdr('s1'), cdr('s2', { callEndTime: 'x' })])
  const keys = () =>
    pool
      .query(
        `SELECT event_key AS key FROM rtc.call_events UNION SELECT record_key FROM rtc.cdrs UNION SELECT body_key FROM rtc.quarantine`,
      )
      .then(({ rows }) => rows.map(({ key }) => key))
  const before = await keys()
  await erase(pool)
  const after = await keys()
  expect(after).toHaveLength(3)
  expect(after.filter((key) => before.includes(key))).toEqual([])
})

test('a record that is sent again and meets an erased row is a duplicate, never a conflict, and brings nothing back', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  // Of both kinds, two legs and a call that does not hold the number.
  const legs = [
    event('s1', { caller: '+8675500000000' }, 'callout'),
    event('s1', { caller: '+8675500000000', timestamp: '2024-03-05 07:15:09', stateCode: 0 }, 'disconnect'),
    event(
      's1',
      { caller: number, called: '+8613900000077', timestamp: '2024-03-05 07:15:09', stateCode: 8001 },
      'disconnect',
    ),
    event('s2', { called: '+8613900000077' }, 'callout'),
  ]
  const send = async () => {
    for (const leg of legs) await it.take('status', [leg])
    await it.take('fee', [cdr('s1', { fwdDstNum: '+8613900000077' }), cdr('s2', { calleeNum: '+8613900000077' })])
  }
  await send()
  await erase(pool)
  const erased = await stored(pool)
  // A receiver asks every two seconds.
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  await send()
  expect(await it.outcomes()).toEqual({ stored: 6, duplicate: 6 })
  expect(await stored(pool)).toEqual(erased)

  // A corrected one as well: what it corrects is not known any more.
  await it.take('fee', [cdr('s1', { fwdDstNum: '+8613900000077', sipStatusCode: 480 })])
  expect(await it.outcomes()).toEqual({ stored: 6, duplicate: 7 })
  // A new event of the call is stored.
  await it.take('status', [
    event('s1', { called: '+8613900000077', stateCode: 8002, timestamp: '2024-03-05 07:15:09' }, 'disconnect'),
  ])
  await it.take('status', [event('s1', { called: '+8613900000077', timestamp: '2024-03-05 07:15:10' }, 'alerting')])
  expect(await it.outcomes()).toEqual({ stored: 8, duplicate: 7 })
})

test('nor does one whose ids held the number; another call of the same second is stored', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const session = `${number}_+8613900000077_4_a1b2c3`
  const send = async (of = number) => {
    const in_ = (text: string) => text.replace(number, of)
    await it.take('status', [event(in_(session), { called: of })])
    await it.take('fee', [
      cdr(in_(session), { calleeNum: of, icid: '' }),
      cdr('s1', { calleeNum: of, icid: `${of.slice(1)}.77` }),
      cdr('s2', { calleeNum: of, icid: base64(`.${of}.`) }),
      cdr(of, { calleeNum: of, icid: '7' }),
    ])
  }
  await send()
  const { counts } = await erase(pool)
  expect(counts).toMatchObject({ cdrs: 4, call_events: 1 })
  const erased = await stored(pool)
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  await send()
  // Base64 is not looked into, and ids of nothing but the number tell no call: those two are new.
  expect(await it.outcomes()).toEqual({ stored: 7, duplicate: 3 })
  const added = (await stored(pool)).filter((row) => !erased.includes(row))
  expect(added.filter((row) => row.startsWith('cdrs'))).toHaveLength(2)
  expect(findings(added.filter((row) => /a1b2c3|\.77/.test(row)).join('\n'))).toEqual([])
  await it.take('status', [event(session.replace('a1b2c3', 'a1b2c4'))])
  await it.take('fee', [cdr('s1', { icid: '8613800000021.78' }), cdr('s3', { icid: '8613800000021.77' })])
  expect(await it.outcomes()).toEqual({ stored: 10, duplicate: 3 })
})

test('two icids that differ only in how the number is written stay two', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('fee', [cdr('s1', { icid: `${number}.4` }), cdr('s1', { icid: `${plain}.4` })])
  const { counts, pseudonym } = await erase(pool)
  expect(counts.cdrs).toBe(2)
  const { rows } = await pool.query('SELECT session_id, icid FROM rtc.cdrs ORDER BY length(icid)')
  expect(rows).toEqual([
    { session_id: 's1', icid: `${pseudonym}.4` },
    { session_id: 's1', icid: expect.stringMatching(new RegExp(`^${pseudonym}\\.4-[a-p]{8}$`)) },
  ])
})

test('bodies in quarantine: compressed, UTF-16 and escaped ones lose the number, and what nobody can read is named', async () => {
  const { pool } = await freshDatabase()
  const json = (called: string) => JSON.stringify({ eventType: 'callout', statusInfo: { called, note: '客户' } })
  const escaped = (text: string) => text.replace(/[0-9]/g, (digit) => `\\u003${digit}`)
  const utf16 = Buffer.from(json(number), 'utf16le')
  const bodies = {
    gzip: gzipSync(json(number)),
    'gzip, cut': gzipSync(json(number) + 'x'.repeat(9_000)).subarray(0, -12),
    'gzip of UTF-16': gzipSync(utf16),
    'UTF-16 LE': utf16,
    'UTF-16 BE': Buffer.from(utf16).swap16(),
    escaped: Buffer.from(escaped(json(number))),
    'escaped, cut': Buffer.from(escaped(json(number)).slice(0, -3)),
    wide: Buffer.from('{"tel":"１３８ ００００ ００２１"'),
    'wide, cut': Buffer.from('{"tel":"１３８ ００００ ００２１","who":"客').subarray(0, -1),
    'gzip, another': gzipSync(json(others[0] as string)),
    'UTF-16, another': Buffer.from(json(others[0] as string), 'utf16le'),
    GBK: Buffer.from([0x22, 0xbf, 0xcd, 0x22]),
    'too much': gzipSync(Buffer.alloc(20 * 1024 * 1024)),
    brotli: brotliCompressSync(json(number)),
  }
  const entries = Object.entries(bodies)
  for (const [reason, body] of entries)
    await withClient(pool, (client) =>
      insertQuarantine(client, [quarantineRow({ kind: 'unknown', reason, body, body_size: body.length })]),
    )
  const read = async () =>
    (
      await pool.query(
        'SELECT id::int, reason, body, body_size, resolution, resolved_at FROM rtc.quarantine ORDER BY id',
      )
    ).rows
  const before = await read()
  const unreadable = before.filter(({ reason }) => ['too much', 'brotli'].includes(reason)).map(({ id }) => id)
  expect(await erase(pool, { apply: false })).toMatchObject({ counts: { quarantine: 9 }, unreadable })
  const { counts, pseudonym, ...rest } = await erase(pool)
  expect(rest).toEqual({ unreadable, finished: true })
  expect(counts.quarantine).toBe(9)
  const after = await read()
  expect(after.slice(9)).toEqual(before.slice(9))
  const emptied = after.filter(({ body }) => body.length === 0)
  expect(emptied.map(({ reason }) => reason)).toEqual([
    'gzip',
    'gzip, cut',
    'gzip of UTF-16',
    'UTF-16 LE',
    'UTF-16 BE',
    'escaped, cut',
    'wide, cut',
  ])
  for (const { body_size, resolution, resolved_at } of emptied)
    expect({ body_size, resolution, resolved_at }).toEqual({
      body_size: 0,
      resolution: 'the body held an erased number and was emptied',
      resolved_at: expect.any(Date),
    })
  const bodyOf = (name: string) => after.find(({ reason }) => reason === name).body.toString()
  expect(JSON.parse(bodyOf('escaped')).statusInfo).toEqual({ called: pseudonym, note: '客户' })
  expect(bodyOf('wide')).toBe(`{"tel":"${pseudonym}"`)
  expect(await erase(pool)).toMatchObject({ counts: { quarantine: 0 }, unreadable })
})

test('whatever the search finds in a text, Postgres selects, in a column and in JSON', async () => {
  const { pool } = await freshDatabase()
  const signs = [
    '',
    ' ',
    '-',
    '.',
    '  ',
    ') ',
    '(0)',
    '\u00a0',
    '\u3000',
    '\t',
    String.raw`\t`,
    '%20',
    '%2520',
    '–',
    '／',
  ]
  const wide = (text: string) => text.replace(/[0-9]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))
  for (const of of [number, '075587654321', '01087654321', '+442079460958']) {
    const search = new NumberSearch(of)
    const digits = of.replace(/^\+86|^\+|^0/, '')
    const form = fc
      .record({
        country: fc.constantFrom('', '+86', '0086', '86 0', '0', '+', '00'),
        cuts: fc.subarray([2, 3, digits.length - 4]),
        sign: fc.constantFrom(...signs),
        other: fc.constantFrom(...signs),
        isWide: fc.boolean(),
      })
      .map(({ country, cuts, sign, other, isWide }) => {
        const told = [...digits].map((digit, i) => (i === cuts[0] ? sign : cuts.includes(i) ? other : '') + digit)
        return country + (isWide ? wide(told.join('')) : told.join(''))
      })
    const text = fc
      .tuple(fc.string({ unit: 'grapheme', maxLength: 9 }), form, fc.string({ maxLength: 9 }), fc.boolean())
      .map(([before, told, after, isBase64]) => (isBase64 ? base64(before + told + after) : before + told + after))
    const found = fc.sample(text, 2_000).filter((each) => search.replace(each, 'x') !== each)
    expect(found.length).toBeGreaterThan(100)
    const { rows } = await pool.query(
      'SELECT t FROM unnest($1::text[]) AS t WHERE NOT (t LIKE ANY ($2) AND to_jsonb(t)::text LIKE ANY ($2))',
      [found, search.patterns],
    )
    expect(rows).toEqual([])
  }
})

test('another receiver, which has heard of the run before the first event is changed, knows too', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const other = await TestReceiver.start(url)
  await it.take('status', [event('s1')])
  await other.take('status', [event('s9', { called: '+8613900000077' })])
  await erase(pool, { announceMs: 2_200 })
  await other.take('status', [event('s1')])
  await it.take('status', [event('s1')])
  expect(await other.outcomes()).toEqual({ stored: 1, duplicate: 1 })
  expect(await it.outcomes()).toEqual({ stored: 1, duplicate: 1 })
})

test('what new events cost: a question every two seconds, and no look-up', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('status', [event('s1')])
  await erase(pool)
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  const now = new Date(Date.now() + 60_000).toISOString().replace('T', ' ').slice(0, 19)
  await new Partitions().ensure(pool, 'call_events', [now])
  await pool.query('DROP FUNCTION rtc.erased_events(jsonb)')
  for (let i = 0; i < 5; i++) await it.take('status', [event(`new ${i}`, { timestamp: now })])
  expect(await it.outcomes()).toEqual({ stored: 6 })
})

test('a session id that holds the number many times costs nobody time when others come', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('status', [event(`${`${plain},`.repeat(6)}zz`)])
  await erase(pool)
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  const began = performance.now()
  await it.take('status', [event(','.repeat(360))])
  expect(performance.now() - began).toBeLessThan(5_000)
  expect(await it.outcomes()).toEqual({ stored: 2 })
})

test('two session ids that differ only in how the number is written stay two', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('fee', [cdr(`${number}_4`, { icid: '1' }), cdr(`${plain}_4`, { icid: '1' })])
  const { counts, pseudonym } = await erase(pool)
  expect(counts.cdrs).toBe(2)
  const { rows } = await pool.query('SELECT session_id FROM rtc.cdrs ORDER BY length(session_id)')
  expect(rows).toEqual([
    { session_id: `${pseudonym}_4` },
    { session_id: expect.stringMatching(new RegExp(`^${pseudonym}_4-[a-p]{8}$`)) },
  ])
})

test('a row that is moved stays the same to the microsecond, and in its partition', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('fee', [cdr(`x_${number}`, { icid: '1', note: { n: 1.5, list: [null, 'ü"\\\n'] } })])
  const read = () =>
    pool
      .query(
        `SELECT to_jsonb(c) - '{session_id,record_key,erased_at,callee_num}'::text[] AS row, stored_at::text, tableoid::regclass::text FROM rtc.cdrs c`,
      )
      .then(({ rows }) => rows)
  const before = await read()
  await erase(pool)
  expect(await read()).toEqual(before)
})

test('many rows: a page at a time, with progress, stopped and run again to the end', async () => {
  const { pool } = await freshDatabase()
  await new Partitions().ensure(pool, 'call_events', ['2025-01-01 00:00:00'])
  await pool.query(`
    INSERT INTO rtc.call_events (occurred_at, received_at, event_key, session_id, event_type, called)
    SELECT timestamptz '2025-01-01 00:00:00+00' + n / 50 * interval '1 second', now(), gen_random_uuid(), 's' || n, 'answer',
      CASE WHEN n % 100 = 0 THEN '${number}' ELSE '+8613900000077' END
    FROM generate_series(1, 25000) AS n`)
  await pool.query('ANALYZE rtc.call_events')
  const stop = new AbortController()
  const seen: [number, number][] = []
  const first = await erase(pool, {
    signal: stop.signal,
    progress: (done, about) => {
      seen.push([done, about])
      if (done > 5_000) stop.abort()
    },
  })
  expect(first.finished).toBe(false)
  expect(first.counts.call_events).toBeGreaterThan(0)
  expect(first.counts.call_events).toBeLessThan(250)
  expect(seen.at(-1)?.[1]).toBe(25_000)
  const unfinished = await pool.query('SELECT counts, finished_at FROM rtc.erasures')
  expect(unfinished.rows).toEqual([{ counts: first.counts, finished_at: null }])
  const second = await erase(pool)
  expect(first.counts.call_events + second.counts.call_events).toBe(250)
  const { rows } = await pool.query(`SELECT count(*)::int AS n FROM rtc.call_events WHERE called LIKE 'erased-%'`)
  expect(rows).toEqual([{ n: 250 }])
  expect((await pool.query('SELECT count(*)::int AS n FROM rtc.call_events')).rows).toEqual([{ n: 25_000 }])
}, 60_000)

test('two runs at once, of numbers that stand in the same rows: neither brings the other back', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const another = '+8613900000077'
  await it.take(
    'fee',
    Array.from({ length: 50 }, (_, i) => cdr(`s${i}`, { fwdDstNum: another })),
  )
  const results = await Promise.all([erase(pool), erase(pool, { of: another })])
  expect(results.map(({ counts }) => counts.cdrs)).toEqual([50, 50])
  const text = await everything(pool)
  expect(text).not.toContain(plain)
  expect(text).not.toContain('13900000077')
})

test('callbacks are stored meanwhile', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const records = (n: number) => Array.from({ length: 50 }, (_, i) => cdr(`s${n}.${i}`))
  for (let n = 0; n < 10; n++) await it.take('fee', records(n))
  let done = false
  const erasing = erase(pool).finally(() => {
    done = true
  })
  // The same again, in the opposite order of the erasure, and new ones.
  for (let n = 9; !done || n > 5; n--) {
    await it.take('fee', records(((n % 10) + 10) % 10))
    await it.take('fee', [cdr(`new${n}`, { calleeNum: '+8613900000077' })])
  }
  expect((await erasing).counts.cdrs).toBe(500)
  const outcomes = await it.outcomes()
  expect(outcomes.conflict).toBeUndefined()
  expect(outcomes.spooled).toBeUndefined()
  await emptyTables(pool)
})

test('a login that does not own the tables is told so by Postgres, and nothing is changed', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('fee', [cdr('s1')])
  const before = await stored(pool)
  const name = `reader_${Date.now()}`
  await pool.query(`CREATE ROLE ${name}`)
  const client = await connect(url)
  await client.query(`SET ROLE ${name}`)
  await expect(eraseNumber(client, { number: new NumberSearch(number), apply: true })).rejects.toMatchObject({
    code: '42501',
  })
  expect(await stored(pool)).toEqual(before)
  await pool.query(`DROP ROLE ${name}`)
})
