import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { explainConflicts } from '../../src/maintenance/conflicts.ts'
import { FoldTables } from '../../src/maintenance/fold-tables.ts'
import { Format } from '../../src/page/format.ts'
import { withClient } from '../../src/store/pool.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { insertDayOfCalls, store } from '../store/day-of-calls.ts'
import { cdrRow, eventRow } from '../store/rows.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { callOf } from '../support/facts.ts'
import { foldAll } from '../support/folder.ts'
import { type PrivateListener, privateListener } from './private-listener.ts'

/** One database with a day of calls for all tests that only look. */
let day: TestDatabase
beforeAll(async () => {
  day = await freshDatabase()
  await insertDayOfCalls(day.pool, { calls: 1200 })
})

/** The references of all calls of a list, page by page. */
async function callsOf(get: PrivateListener['get'], path: string): Promise<string[]> {
  const refs: string[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const { text } = await get(next)
    refs.push(...[...text.matchAll(/href="\/call\/([0-9a-f-]{36})"/g)].map(([, ref]) => ref as string))
    next = /href="(\/calls\?[^"]*before=[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
  }
  return refs
}

const pages = ['/', '/?period=hour', '/calls', '/quarantine']

describe('every page', () => {
  test.each(pages)(
    '%s is whole: answered, in both languages, with nothing inline and nothing from elsewhere',
    async (url) => {
      const { get } = await privateListener(day.url)
      const [english, chinese] = [await get(url, 'en-GB,en;q=0.9'), await get(url, 'zh-CN,zh;q=0.9')]
      for (const { status, text, headers } of [english, chinese]) {
        expect(status).toBe(200)
        expect(text).toMatch(/^<!doctype html>/)
        expect(text).not.toMatch(/undefined|NaN|\[object|Invalid Date/)
        expect(text).not.toMatch(/<script(?! src="\/refresh\.js")|<style|\sstyle=|\son\w+=|javascript:|https?:\/\//)
        expect(headers['content-security-policy']).toContain("default-src 'none'")
        expect(headers).toMatchObject({
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          vary: 'accept-language',
        })
        expect(text).not.toContain('could not be read')
        expect(text).not.toContain('无法读取')
      }
      expect(english.text).toContain('<html lang="en">')
      expect(chinese.text).toContain('<html lang="zh-CN">')
      expect(chinese.text).toMatch(/时区 Asia\/Shanghai/)
    },
  )

  test('is for those who know the token, where there is one', async () => {
    const { admin } = await privateListener(day.url, { adminToken: 'sixteen-characters' })
    for (const url of [
      ...pages,
      '/style.css',
      '/refresh.js',
      '/overview.csv',
      '/calls.csv',
      '/quarantine.csv',
      '/call/00000000-0000-0000-0000-000000000000',
      '/quarantine/1',
    ]) {
      const headers = { host: 'localhost' }
      expect((await admin.inject({ url, headers })).statusCode).toBe(401)
      const authorization = `Basic ${Buffer.from('anybody:sixteen-characters').toString('base64')}`
      expect((await admin.inject({ url, headers: { ...headers, authorization } })).statusCode).not.toBe(401)
    }
  })

  test('is in nobody else’s frame, and strangers’ forms change nothing', async () => {
    const { admin } = await privateListener(day.url)
    const headers = { host: 'localhost', origin: 'http://evil.example.com', 'sec-fetch-site': 'cross-site' }
    for (const url of [
      '/calls',
      '/quarantine/replay',
      '/quarantine/selected',
      '/quarantine/1/replay',
      '/quarantine/1/accept',
      '/quarantine/1/resolve',
    ])
      expect((await admin.inject({ method: 'POST', url, headers })).statusCode).toBe(403)
  })
})

describe('the overview', () => {
  test('shows figures, plots, reasons, what is missing and the state of the receiver', async () => {
    const { get } = await privateListener(day.url)
    const { text } = await get('/')
    for (const id of ['outcomes', 'records', 'asr', 'duration', 'ring', 'peaks', 'pdd', 'delay'])
      expect(text).toContain(`id="plot-${id}-title"`)
    const { rows } = await day.pool.query(
      `SELECT sum(attempts)::int AS attempts, sum(answered)::int AS answered
        FROM ops.call_stats(date_trunc('hour', now()) - interval '23 hours', now() + interval '1 hour', 'hour')`,
    )
    const figure = (n: number) => n.toLocaleString('en')
    expect(text).toContain(
      `<dd>${figure(rows[0].attempts)}</dd><dd class="more">${figure(rows[0].answered)} answered</dd>`,
    )
    expect(text).toContain('no answer from user')
    expect(text).toMatch(/<td role="cell" class="t" data-label="Code">(Release point|Q.850 cause) \d+<\/td>/)
    expect(text).toContain('<dt>Calls behind callbacks</dt><dd>0 s, 0 sessions waiting</dd>')
    expect(text).toMatch(/<section class="state warn"/)
    expect(text).toMatch(/\d+ calls? ended without a CDR/)
    expect(text).toContain('CallbackApp')
    expect(text).toContain('both come')
    expect(text).toMatch(/Postgres 1[4-9]/)
    expect(text).toContain('<dt>Spool</dt><dd>empty</dd>')
  })

  test('leads from a bar and from a reason to its calls, of which there are as many', async () => {
    const { get } = await privateListener(day.url)
    const { text } = await get('/')
    const decoded = text.replaceAll('&amp;', '&')
    const listed = async (path: string) => (await callsOf(get, path)).length
    // The table beside the plot has the figure and the same link as the bar.
    const cells = [
      ...decoded.matchAll(
        /<td role="cell" class="n" data-label="Not answered"><a href="(\/calls\?[^"]*outcome=busy[^"]*)">(\d+)<\/a>/g,
      ),
    ]
    const [path, count] = cells.map(([, path, count]) => [path, Number(count)] as const).find(([, n]) => n > 0) ?? []
    expect(decoded).toContain(`<a href="${path}" tabindex="-1"><rect class="bar quiet"`)
    expect(await listed(path ?? '')).toBe(count)
    const [, reason, calls] =
      /href="(\/calls\?[^"]*source=Q\.850&code=17[^"]*)">.*?<td role="cell" class="n" data-label="Calls">(\d+)<\/td>/s.exec(
        decoded,
      ) ?? []
    expect(Number(calls)).toBeGreaterThan(0)
    expect(await listed(reason ?? '')).toBe(Number(calls))
  })

  test('says what calls were yesterday and last week, up to the same time of day', async () => {
    const { pool, url } = await freshDatabase()
    const now = Date.now()
    const at = (hoursAgo: number) => new Date(now - hoursAgo * 3_600_000)
    const calls = [1, 2, 3, 24.5, 25, 24 * 7 + 1].map((hours, i) => callOf(`1200_${i}@home1.example`, at(hours)))
    // Of yesterday, but later in the day than it is now.
    calls.push(callOf('1200_9@home1.example', at(23.9)))
    await store(
      pool,
      calls.flatMap(({ events }) => events),
      calls.flatMap(({ cdrs }) => cdrs),
    )
    const { get } = await privateListener(url)
    const { text } = await get('/')
    expect(text).toMatch(/<dd class="then"><span>Yesterday<\/span> 2 <span class="soft">\+\d+%<\/span><\/dd>/)
    expect(text).toMatch(/<dd class="then"><span>Last week<\/span> 1 <span class="soft">\+\d+%<\/span><\/dd>/)
    expect(text).toContain('<dd class="then"><span>Yesterday</span> 100% <span class="soft">0 pp</span></dd>')
    expect(text).toContain('<path class="line thin"')
    expect((await get('/', 'zh')).text).toContain('<dd class="then"><span>上周同期</span> 1')
  })

  test('shows median and 95th percentile of calls, as Postgres has them', async () => {
    const { get } = await privateListener(day.url)
    const { text } = await get('/')
    const { rows } = await day.pool.query(
      `SELECT percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ring_seconds) AS ring,
          percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY talk_seconds) FILTER (WHERE outcome = 'answered') AS talk
        FROM ops.calls WHERE NOT is_live AND started_at >= date_trunc('hour', now()) - interval '23 hours'`,
    )
    const written = (seconds: number) => new Format('en', 'UTC').duration(seconds)
    const { ring, talk } = rows[0]
    expect(text).toContain(`<dd>${written(ring[0])}</dd><dd class="more">median; p95 ${written(ring[1])}</dd>`)
    expect(text).toContain(`<dd class="more">median ${written(talk[0])}, p95 ${written(talk[1])}</dd>`)
  })

  test('of an empty database does not know yet, and says what to do next, wherever there is a list', async () => {
    const { get } = await privateListener((await freshDatabase()).url)
    const { text } = await get('/')
    expect(text).toContain('<section class="state unknown"')
    expect(text).toContain('No callback has arrived yet.')
    expect(text.match(/class="empty"/g)?.length).toBe(11)
    expect(text).toContain('rtc-receiver urls prints them')
    expect((await get('/calls')).text).toContain('There are no calls yet. Callbacks arrive once')
    expect((await get('/quarantine')).text).toContain('The quarantine is empty')
    expect((await get('/calls?outcome=busy')).text).toContain('A longer period or fewer filters may find more')
    expect((await get('/', 'zh')).text).toContain('尚未收到任何回调')
  })

  test('is green only where every question was answered', async () => {
    const { pool, url } = await freshDatabase()
    const { get, receiver } = await privateListener(url)
    await receiver.take('status', [event('1200_1@home1.example')])
    await foldAll(pool)
    expect((await get('/')).text).toContain('<section class="state good"')
    await pool.query('ALTER VIEW ops.silence RENAME TO silence_elsewhere')
    const { text } = await (await privateListener(url)).get('/')
    expect(text).toContain('<section class="state unknown"')
    expect(text).toContain('Could not be checked: Silence.')
    expect(text).not.toContain('Nothing needs attention.')
  })

  test('says how far calls are behind callbacks', async () => {
    const { pool, url } = await freshDatabase()
    await pool.query(`INSERT INTO rtc.unfolded (session_id, stored_at) VALUES ('1200_1', now() - interval '5 minutes')`)
    const { text } = await (await privateListener(url)).get('/')
    expect(text).toMatch(/Calls are 5 min( \d s)? behind the callbacks; 1 session waiting/)
    expect(text).toMatch(/<dt>Calls behind callbacks<\/dt><dd>5 min( \d s)?, 1 session waiting<\/dd>/)
  })

  test('without Postgres shows the spool and the receiver all the same', async () => {
    const { get, post, receiver } = await privateListener('postgres://rtc@127.0.0.1:1/none', { connected: false })
    await receiver.take('status', [event('1200_1@home1.example')])
    const { status, text } = await get('/')
    expect(status).toBe(200)
    expect(text).toContain('Postgres is away')
    expect(text).toContain('This page cannot reach Postgres')
    expect(text).toMatch(/1 record waiting in the spool/)
    expect(text).toContain('<dt>Spool</dt><dd>1 record,')
    expect(text).toContain('not reachable')
    expect((await get('/', 'zh')).text).toMatch(/Postgres 不可用（.*），回调写入本地暂存/)
    expect((await get('/calls')).text).toContain('Postgres cannot be reached')
    expect((await get('/quarantine')).text).toContain('Postgres cannot be reached')
    expect((await get('/quarantine/1')).status).toBe(503)
    expect((await get('/call/00000000-0000-0000-0000-000000000000')).status).toBe(503)
    expect((await post('/quarantine/1/resolve', { why: 'x' })).status).toBe(503)
    expect((await post('/quarantine/1/accept', {})).status).toBe(503)
  })

  test('a query that fails takes its own panel only', async () => {
    const { pool, url } = await freshDatabase()
    await insertDayOfCalls(pool, { calls: 200 })
    await pool.query('DROP VIEW ops.missing_cdrs')
    const { text, status } = await (await privateListener(url)).get('/')
    expect(status).toBe(200)
    expect(text.match(/This could not be read/g)).toHaveLength(1)
    expect(text).toContain('A table or view of schema ops is missing')
    expect(text).toContain('id="plot-outcomes-title"')
  })
})

describe('calls', () => {
  test('are listed the latest first, page by page, each once', async () => {
    const { get } = await privateListener(day.url)
    const { rows } = await day.pool.query('SELECT call_ref FROM ops.calls ORDER BY started_at DESC, call_ref DESC')
    expect(await callsOf(get, '/calls')).toEqual(rows.map(({ call_ref }) => call_ref))
  })

  test.each([
    ['?outcome=busy', "outcome = 'busy'"],
    [
      '?outcome=busy&outcome=rejected&scenario=click2Call',
      "outcome IN ('busy', 'rejected') AND scenario = 'click2Call'",
    ],
    ['?app=NotificationApp', "app_key = 'NotificationApp'"],
    ['?company=%2B867550000001', "bind_num = '+867550000001'"],
    ['?source=release+point&code=7003', "reason_source = 'release point' AND reason_code = 7003"],
    ['?live=yes', 'is_live'],
    ['?from=nonsense&to=2026-99-99T00:00&source=SIP&code=x&before=y&below=z&outcome=busy', "outcome = 'busy'"],
  ])('%s are those with %s', async (query, condition) => {
    const { get } = await privateListener(day.url)
    const { rows } = await day.pool.query(
      `SELECT call_ref FROM ops.calls WHERE ${condition} ORDER BY started_at DESC, call_ref DESC`,
    )
    expect(await callsOf(get, `/calls${query}`)).toEqual(rows.map(({ call_ref }) => call_ref))
  })

  test('are found by outcome and time, up to but not including its end', async () => {
    const { get } = await privateListener(day.url)
    const { rows } = await day.pool.query(
      `SELECT call_ref, to_char(started_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS') AS at,
          to_char((started_at + interval '1 second') AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS') AS next
        FROM ops.calls WHERE outcome = 'busy' LIMIT 1`,
    )
    const { call_ref, at, next } = rows[0]
    const { text } = await get(`/calls?outcome=busy&from=${at}&to=${next}`)
    expect(text).toContain(`/call/${call_ref}"`)
    expect(text).toContain('name="outcome" value="busy" checked')
    for (const query of [`outcome=failed&from=${at}&to=${next}`, `outcome=busy&from=${at}&to=${at}`])
      expect((await get(`/calls?${query}`)).text).toContain('No call matches')
  })

  test('one is found by its session, and shows both legs, events, CDRs, codes and money', async () => {
    const { get, post } = await privateListener(day.url)
    const { rows } = await day.pool.query(
      `SELECT session_id, call_ref, a_minutes, b_minutes FROM ops.calls
        WHERE app_key = 'CallbackApp' AND cdr_count > 0 AND outcome = 'answered' LIMIT 1`,
    )
    const { session_id, call_ref, a_minutes, b_minutes } = rows[0]
    const found = await post('/calls', { by: 'session', what: ` ${session_id} ` })
    expect([found.status, found.headers.location]).toEqual([303, `/call/${call_ref}`])
    const { text } = await get(String(found.headers.location))
    expect(text).toContain(session_id)
    expect(text).toContain('id="leg-A"')
    expect(text).toContain('id="leg-B"')
    expect(text.match(/class="talk"/g)?.length).toBeGreaterThanOrEqual(2)
    for (const name of ['Dialing', 'Ringing', 'Answered', 'Hung up']) expect(text).toContain(name)
    expect(text).toContain('<span class="tag good">Counts</span>')
    expect(text).toContain(`<dd>${a_minutes + b_minutes} (A ${a_minutes}, B ${b_minutes})`)
    expect(text).toContain('<span class="tag good">Recorded</span>')
    expect(text).toMatch(/\+86139\*\*\*\*\d{4}/)
    expect(text).not.toMatch(/\+861[38]\d{9}/)
    expect((await get(String(found.headers.location), 'zh')).text).toContain('接通后主动挂机')
  })

  test('one shows which of its CDRs counts, what is in quarantine of it, and how its bill changed', async () => {
    const { pool, url } = await freshDatabase()
    const { get, post, receiver } = await privateListener(url)
    const session = '1200_1@home1.example'
    const first = cdr(session)
    await receiver.take('fee', [first], { receivedAt: new Date(Date.now() - 60_000) })
    await receiver.take('fee', [{ ...first, sipStatusCode: 486 }])
    await foldAll(pool)
    const tables = new FoldTables(false)
    await withClient(pool, (client) => explainConflicts(client, tables))
    await pool.query(
      `INSERT INTO ops.bill_changes (call_ref, cause, minutes_before, minutes_after)
        SELECT call_ref, 'corrected', 1, 3 FROM ops.calls`,
    )
    const path = String((await post('/calls', { by: 'session', what: session })).headers.location)
    const before = (await get(path)).text
    expect(before.match(/<span class="tag good">Counts<\/span>/g)).toHaveLength(1)
    expect(before).toContain('data-label="Fields that differ">sipStatusCode</td>')
    expect(before).toMatch(/>Corrected CDR<\/td><td role="cell" class="n" data-label="Billed minutes">1 → 3<\/td>/)

    const [, entry] = /href="\/quarantine\/(\d+)"/.exec(before) ?? []
    const shown = (await get(`/quarantine/${entry}`)).text
    expect(shown).toContain('<dt>Fields that differ</dt><dd><code>sipStatusCode</code></dd>')
    expect(shown).toMatch(/<dt>Billed minutes<\/dt><dd>\d+ → \d+ min<\/dd>/)
    expect(shown).toContain(`href="${path}"`)
    const done = await post(`/quarantine/${entry}/accept`, {})
    expect([done.status, done.headers.location]).toEqual([303, `/quarantine?done=accepted&id=${entry}`])
    expect((await get(String(done.headers.location))).text).toContain('its CDR counts now')
    expect((await pool.query('SELECT sip_status_code FROM rtc.cdrs')).rows).toEqual([{ sip_status_code: 486 }])
    expect((await pool.query('SELECT session_id FROM rtc.replaced_cdrs')).rows).toEqual([{ session_id: session }])
    expect((await post(`/quarantine/${entry}/accept`, {})).status).toBe(404)
    await foldAll(pool)
    expect((await get(path)).text).not.toContain('In quarantine')
  })

  test('a call whose session id holds a number is shown without it', async () => {
    const { pool, url } = await freshDatabase()
    const session_id = '+8613800000021_+8613800000022_4_0a1b2c'
    const at = new Date(Date.now() - 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
    const fields = { session_id, caller: '+8613800000021', called: '+8613800000022' }
    await store(
      pool,
      [
        eventRow({ ...fields, event_type: 'callin', occurred_at: at }),
        eventRow({ ...fields, event_type: 'disconnect', occurred_at: at }),
      ],
      [
        cdrRow({
          session_id,
          cdr_time: at,
          call_in_time: at,
          caller_num: '+8613800000021',
          callee_num: '+8613800000022',
          service_type: '004',
        }),
      ],
    )
    const { get, post } = await privateListener(url)
    const path = /href="(\/call\/[^"]+)"/.exec((await get('/calls')).text)?.[1] as string
    expect((await post('/calls', { by: 'session', what: session_id })).headers.location).toBe(path)
    const { text } = await get(path)
    expect(text).toContain('hidden (contains a number)')
    expect(text).toContain('Call came in')
    expect(text).toContain('Hung up')
    expect(text).not.toContain('13800000021')
  })

  test.each(['/call/00000000-0000-0000-0000-000000000000', '/call/0123456789abcdef', "/call/'?at=y"])(
    '%s: there is no such call',
    async (url) => {
      const { status, text } = await (await privateListener(day.url)).get(url)
      expect(status).toBe(404)
      expect(text).toContain('There is no such call')
    },
  )
})

describe('what somebody knows already', () => {
  test('finds its calls where the login may; what was typed stands nowhere', async () => {
    const { post } = await privateListener(day.url)
    const { rows } = await day.pool.query('SELECT callee_num, user_data FROM rtc.cdrs LIMIT 1')
    const [number, userData] = [rows[0].callee_num.replace('+86', ''), rows[0].user_data]
    const spaced = `+86 ${number.slice(0, 3)} ${number.slice(3)}`
    for (const [by, what] of [
      ['number', number],
      ['number', spaced],
      ['userData', userData],
    ]) {
      const { status, text, headers } = await post('/calls', { by, what })
      // One call is shown at once, several as a list.
      if (status === 303) expect(headers.location).toMatch(/^\/call\/[0-9a-f-]{36}$/)
      else expect(text).toMatch(/href="\/call\//)
      expect(text).not.toContain(number)
      expect(text).not.toContain(`"${userData}"`)
    }
    const nobody = await post('/calls', { by: 'number', what: '+8613700000000' })
    expect(nobody.text).toContain('Only the last 30 days are searched')
    for (const by of ['userData', 'subscription'])
      expect((await post('/calls', { by, what: 'nothing' })).text).toContain('No call matches')
    expect((await post('/calls', { by: 'session', what: 'nothing' })).text).toContain('It must be complete')
    expect((await post('/calls', {})).headers.location).toBe('/calls')
    // Postgres writes down that somebody asked, and not for what.
    const { rows: asked } = await day.pool.query('SELECT DISTINCT kind FROM rtc.look_ups ORDER BY kind')
    expect(asked.map(({ kind }) => kind)).toEqual(['number', 'session', 'subscription', 'user data'])
  })

  test('each look-up is on record: from where, by whom as far as they said, never for what', async () => {
    const { admin, receiver } = await privateListener(day.url, { adminToken: 'sixteen-characters' })
    const number = '+8613700000021'
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    const headers = {
      host: 'localhost',
      origin: 'http://localhost',
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    }
    const looked = async (authorization: string, payload: string) => {
      const before = receiver.log.lines.length
      const { statusCode } = await admin.inject({
        method: 'POST',
        url: '/calls',
        headers: { ...headers, authorization },
        payload,
      })
      return [
        statusCode,
        ...receiver.log.lines.slice(before).map(({ level, message, context }) => ({ level, message, ...context })),
      ]
    }
    const line = { level: 'info', message: 'calls are looked up on the page', from: '127.0.0.1' }
    const byNumber = `by=number&what=${encodeURIComponent(number)}`
    const token = 'sixteen-characters'
    expect(await looked(basic(`ann.li:${token}`), byNumber)).toEqual([200, { ...line, by: 'number', user: 'ann.li' }])
    expect(await looked(basic(`ann.li:${token}`), 'by=userData&what=no-such-order')).toEqual([
      200,
      { ...line, by: 'userData', user: 'ann.li' },
    ])
    // What is no name is left out: the token in the wrong field, a number, a line of its own.
    for (const text of [
      token,
      `:${token}`,
      `${token}:${token}`,
      `${number}:${token}`,
      `13700000021:${token}`,
      `a\nb:${token}`,
    ])
      expect(await looked(basic(text), byNumber)).toEqual([200, { ...line, by: 'number' }])
    expect(await looked(`Bearer ${token}`, byNumber)).toEqual([200, { ...line, by: 'number' }])
    const [status, ...lines] = await looked(basic('ann.li:wrong'), byNumber)
    expect([status, JSON.stringify(lines)]).toEqual([401, expect.not.stringContaining('looked up')])
    expect(JSON.stringify(receiver.log.lines)).not.toMatch(/3700000021|no-such-order|sixteen/)
    // Without a token it is noted too; what is not searched by personal data is not.
    const open = await privateListener(day.url)
    await open.post('/calls', { by: 'number', what: number })
    await open.get('/calls?app=one')
    expect(open.receiver.log.lines.filter(({ message }) => message === line.message)).toHaveLength(1)
  })

  test('not where it may not, and the page says so', async () => {
    const login = `page_${randomBytes(4).toString('hex')}`
    const { pool, url } = await freshDatabase()
    await withClient(pool, makeRoles)
    await pool.query(`CREATE ROLE ${login} LOGIN PASSWORD 'p' IN ROLE rtc_writer`)
    try {
      const address = new URL(url)
      address.username = login
      address.password = 'p'
      const { get, post, receiver } = await privateListener(address.href)
      for (const by of ['number', 'userData', 'subscription'])
        expect((await post('/calls', { by, what: '+8613800000021' })).text).toContain('may not look up calls by number')
      expect((await post('/calls', { by: 'session', what: '1200_9' })).text).toContain('No call has this session ID')
      // Everything else is for the receiver's own role as well, replay and closing too.
      for (const page of pages) expect((await get(page)).text).not.toContain('could not be read')
      await receiver.take('fee', [cdr('1200_2@home1.example', { callEndTime: '2024-13-45 00:00:00' })])
      expect((await get('/quarantine/1')).status).toBe(200)
      const body = JSON.stringify(cdr('1200_2@home1.example'))
      await pool.query('UPDATE rtc.quarantine SET body = $1, body_size = $2', [Buffer.from(body), body.length])
      expect((await post('/quarantine/1/replay', {})).headers.location).toContain('stored=1')
      expect((await post('/quarantine/1/resolve', { why: 'x' })).status).toBe(404)
    } finally {
      await pool.query(`DROP OWNED BY ${login}; DROP ROLE ${login}`)
    }
  })
})

describe('what is shown as CSV', () => {
  test('calls: as many as the filter finds, and no number, be it masked', async () => {
    const { get } = await privateListener(day.url)
    const list = (await get('/calls?outcome=busy')).text
    expect(list).toContain('href="/calls.csv?outcome=busy" download')
    const { status, text, headers } = await get('/calls.csv?outcome=busy')
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8'])
    expect(headers['content-disposition']).toBe('attachment; filename="calls.csv"')
    expect(headers['cache-control']).toBe('no-store')
    const [head, ...lines] = text.trimEnd().split('\r\n')
    expect(head).toBe(
      '\uFEFFStarted,Call reference,Session ID,App,Scenario,Outcome,In progress,Ring time (s),Talk time (s),Reason,Status events,CDRs',
    )
    const { rows } = await day.pool.query("SELECT count(*)::int AS n FROM ops.calls WHERE outcome = 'busy'")
    expect(lines).toHaveLength(rows[0].n)
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,[0-9a-f-]{36},1201_/)
    expect(text).not.toMatch(/\+86|\*\*\*\*/)
    expect((await get('/calls.csv', 'zh')).text).toContain('开始时间')
  })

  test('the plots: a row a bucket', async () => {
    const { get } = await privateListener(day.url)
    expect((await get('/?period=hour')).text).toContain('href="/overview.csv?period=hour" download')
    const { text } = await get('/overview.csv')
    const [head = '', ...lines] = text.trimEnd().split('\r\n')
    expect(lines).toHaveLength(24)
    const names = head.split(',')
    expect(names[0]).toBe('\uFEFFTime')
    const { rows } = await day.pool.query(
      `SELECT sum(attempts)::int AS attempts
        FROM ops.call_stats(date_trunc('hour', now()) - interval '23 hours', now() + interval '1 hour', 'hour')`,
    )
    const column = (name: string) => lines.map((line) => Number(line.split(',')[names.indexOf(name)]))
    expect(column('Calls').reduce((sum, calls) => sum + calls)).toBe(rows[0].attempts)
    expect(Math.max(...column('Ring time: Median (s)'))).toBeGreaterThan(1)
    expect((await get('/overview.csv?period=hour')).text.trimEnd().split('\r\n')).toHaveLength(13)
  })

  test('the quarantine: where the fault is, without a value', async () => {
    const { url } = await freshDatabase()
    const { get, receiver } = await privateListener(url)
    await receiver.take('fee', [cdr('1200_2@home1.example', { callEndTime: '2024-13-45 00:00:00' })])
    const { text } = await get('/quarantine.csv?reason=malformed_time')
    expect(text).toMatch(/^\d+,CDR,Malformed time,\/callEndTime [^\r]*,1,/m)
    expect(text).not.toContain('2024-13-45')
  })

  test('says why there is none', async () => {
    const { get } = await privateListener('postgres://rtc@127.0.0.1:1/none', { connected: false })
    for (const path of ['/calls.csv', '/overview.csv', '/quarantine.csv']) {
      const { status, text } = await get(path)
      expect([status, text]).toEqual([503, expect.stringContaining('Postgres cannot be reached')])
    }
  })
})

describe('quarantine', () => {
  async function withEntries() {
    const { pool, url } = await freshDatabase()
    const listener = await privateListener(url)
    const { receiver } = listener
    const badTime = { callEndTime: '2024-13-45 00:00:00', userData: 'secret-user-data' }
    await receiver.take('fee', [cdr('1200_1@home1.example'), cdr('1200_2@home1.example', badTime)])
    await receiver.take('status', [event('')])
    await pool.query(`UPDATE rtc.quarantine SET first_seen_at = now(), last_seen_at = now()`)
    const id = async (reason: string) =>
      (await pool.query('SELECT id::int FROM rtc.quarantine WHERE reason = $1', [reason])).rows[0].id
    return { ...listener, pool, id }
  }

  test('shows reason, place and shape, and not what the body says', async () => {
    const { get, id } = await withEntries()
    const list = (await get('/quarantine')).text
    expect(list).toContain('Malformed time')
    expect(list).toContain('feeLst record 1:')
    expect(list).toContain('<code>/callEndTime</code>')
    expect(list).toContain('<span class="count">2</span>')
    expect((await get('/quarantine?reason=malformed_time')).text).not.toContain('Session ID missing</td>')
    const entry = (await get(`/quarantine/${await id('malformed_time')}`)).text
    expect(entry).toContain('&quot;userData&quot;: &quot;text of 16&quot;')
    for (const text of [list, entry]) expect(text).not.toMatch(/secret-user-data|13800000021|2024-13-45/)
  })

  test('replay stores what is good now, and says what is not', async () => {
    const { get, post, id, pool } = await withEntries()
    const bad = await id('malformed_time')
    const refused = await post(`/quarantine/${bad}/replay`, {})
    expect(refused.status).toBe(409)
    expect(refused.text).toMatch(/role="alert">Nothing changed: \/callEndTime/)
    // As if the code of that day had been too strict.
    const body = JSON.stringify(cdr('1200_2@home1.example'))
    await pool.query('UPDATE rtc.quarantine SET body = $2, body_size = $3 WHERE id = $1', [
      bad,
      Buffer.from(body),
      body.length,
    ])
    const done = await post(`/quarantine/${bad}/replay`, {})
    expect([done.status, done.headers.location]).toEqual([
      303,
      `/quarantine?done=replayed&id=${bad}&stored=1&duplicates=0`,
    ])
    expect((await get(String(done.headers.location))).text).toContain(
      `role="status">Entry ${bad} was replayed: 1 stored, 0 already there.`,
    )
    expect((await pool.query("SELECT FROM rtc.cdrs WHERE session_id = '1200_2@home1.example'")).rowCount).toBe(1)
    expect((await get(`/quarantine/${bad}`)).status).toBe(404)
    expect((await post(`/quarantine/${bad}/replay`, {})).status).toBe(404)
  })

  test('all of a reason are replayed with one click: what is good now is stored, the rest stays', async () => {
    const { get, post, receiver, pool } = await withEntries()
    await receiver.take('fee', [cdr('1200_3@home1.example', { callEndTime: '2024-13-45 00:00:00' })])
    const body = JSON.stringify(cdr('1200_2@home1.example'))
    await pool.query(
      "UPDATE rtc.quarantine SET body = $1, body_size = $2 WHERE id = (SELECT min(id) FROM rtc.quarantine WHERE reason = 'malformed_time')",
      [Buffer.from(body), body.length],
    )
    expect((await get('/quarantine?reason=malformed_time')).text).toContain('Replay all 2: Malformed time</button>')
    const done = await post('/quarantine/replay', { reason: 'malformed_time' })
    expect(done.status).toBe(303)
    const { text } = await get(String(done.headers.location))
    expect(text).toContain(
      '1 entry was replayed: 1 record stored, 0 already there. 1 entry is still not good and stayed open.',
    )
    expect(text).toContain('Replay all 1: Malformed time</button>')
    expect((await pool.query("SELECT FROM rtc.cdrs WHERE session_id = '1200_2@home1.example'")).rowCount).toBe(1)
    expect((await post('/quarantine/replay', {})).headers.location).toBe('/quarantine')
  })

  test('a replay of many goes on where the last one ended', async () => {
    const { post, pool, id } = await withEntries()
    const bad = await id('malformed_time')
    const done = await post('/quarantine/replay', { reason: 'malformed_time', below: String(bad) })
    expect(done.headers.location).toBe(
      '/quarantine?reason=malformed_time&done=replayedMany&entries=0&stored=0&duplicates=0&refused=0&left=0',
    )
    const text = (
      await (await privateListener(day.url)).get('/quarantine?done=replayedMany&entries=3&stored=2&left=5&last=7')
    ).text
    expect(text).toContain('3 entries were replayed: 2 records stored, 0 already there. 5 entries were not tried yet')
    expect((await pool.query('SELECT FROM rtc.quarantine WHERE resolved_at IS NULL')).rowCount).toBe(2)
  })

  test('no reason of conflicts is replayed: each is a question for somebody', async () => {
    const { pool, url } = await freshDatabase()
    const { get, receiver } = await privateListener(url)
    await receiver.take('fee', [cdr('1200_1@home1.example')])
    await receiver.take('fee', [{ ...cdr('1200_1@home1.example'), sipStatusCode: 486 }])
    await foldAll(pool)
    const { text } = await get('/quarantine?reason=conflict')
    expect(text).toContain('Differs from the stored CDR')
    expect(text).not.toContain('Replay all')
  })

  test('those that are ticked are closed or replayed together', async () => {
    const { get, post, pool, id } = await withEntries()
    const [one, other] = [await id('malformed_time'), await id('missing_session_id')]
    expect((await get('/quarantine')).text).toContain(`<input type="checkbox" name="id" value="${one}"`)
    expect(
      (await get('/quarantine?select=all')).text.match(/name="id" value="\d+" aria-label="[^"]+" checked/g),
    ).toHaveLength(2)
    expect((await post('/quarantine/selected', { do: 'close', why: 'x' })).text).toContain('Select at least one entry')
    const ticked: [string, string][] = [one, other, 'x'].map((value) => ['id', String(value)])
    expect((await post('/quarantine/selected', [...ticked, ['do', 'close']])).status).toBe(422)
    const replayed = await post('/quarantine/selected', [...ticked, ['do', 'replay']])
    expect((await get(String(replayed.headers.location))).text).toContain(
      '2 entries are still not good and stayed open.',
    )
    const closed = await post('/quarantine/selected', [...ticked, ['do', 'close'], ['why', 'told the platform']])
    expect((await get(String(closed.headers.location))).text).toContain('role="status">2 entries were closed.')
    const { rows } = await pool.query('SELECT DISTINCT resolution FROM rtc.quarantine')
    expect(rows).toEqual([{ resolution: 'told the platform' }])
  })

  test('closing wants a word on why', async () => {
    const { post, id, pool } = await withEntries()
    const entry = await id('malformed_time')
    expect((await post(`/quarantine/${entry}/resolve`, { why: '  ' })).status).toBe(422)
    const done = await post(`/quarantine/${entry}/resolve`, { why: 'told the <platform>' })
    expect(done.headers.location).toBe(`/quarantine?done=resolved&id=${entry}`)
    const { rows } = await pool.query('SELECT resolution FROM rtc.quarantine WHERE id = $1', [entry])
    expect(rows).toEqual([{ resolution: 'told the <platform>' }])
  })

  test.each(['/quarantine/999999', '/quarantine/x', '/quarantine/99999999999999999999', "/quarantine/'"])(
    '%s: there is no such entry',
    async (url) => {
      const { get, post } = await privateListener(day.url)
      expect((await get(url)).status).toBe(404)
      expect((await post(`${url}/replay`, {})).status).toBe(404)
    },
  )
})
