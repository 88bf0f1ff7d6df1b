import { beforeAll, describe, expect, test } from 'vitest'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACCEPTED, type Answer, RawConnection, send } from '../support/http.ts'
import { scrape, sum } from '../support/metrics.ts'
import { type Program, startProgram } from '../support/program.ts'
import { countRows } from '../support/tables.ts'

const [token, nextToken] = ['a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6', 'the-next-one-of-many-letters']
const nothing = refusal(404, 'there is nothing at this path')
const onlyPost = refusal(405, 'only POST is allowed here')
const encoded = refusal(415, 'the body has a Content-Encoding, which is not undone here')
const tooLarge = refusal(413, 'the body is larger than 1048576 bytes')
const large = 'x'.repeat(2_000_000)

let database: TestDatabase
let open: Program
let locked: Program
/** Without Postgres, and with a spool that has room for nothing. */
let helpless: Program

beforeAll(async () => {
  database = await freshDatabase()
  const [a, b, c] = await Promise.all([
    startProgram({ database }),
    startProgram({ database, env: { PATH_TOKEN: `${token}, ${nextToken}` } }),
    startProgram({
      database: { url: 'postgres://nobody@127.0.0.1:1/none' },
      connected: false,
      env: { SPOOL_MAX_BYTES: '1' },
    }),
  ])
  open = a
  locked = b
  helpless = c
})

function refusal(status: number, resultdesc: string, errors: object[] = []): string {
  return JSON.stringify({ resultcode: String(status), resultdesc, errors })
}

/** Checks everything of an answer, and that it was counted once under this outcome. */
async function expectAnswer(
  program: Program,
  ask: () => Promise<Answer>,
  expected: string,
  { outcome, kind = 'unknown' }: { outcome: string; kind?: string },
): Promise<Answer> {
  const before = await scrape(program.adminUrl)
  const answer = await ask()
  const now = await scrape(program.adminUrl)
  expect(answer.body).toBe(expected)
  expect(answer.status).toBe(expected === ACCEPTED ? 200 : Number(JSON.parse(expected).resultcode))
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  expect(answer.headers.connection).toBe(expected === ACCEPTED ? 'keep-alive' : 'close')
  const all = sum(now, 'rtc_callbacks_total') - sum(before, 'rtc_callbacks_total')
  const counted =
    sum(now, 'rtc_callbacks_total', { outcome, kind }) - sum(before, 'rtc_callbacks_total', { outcome, kind })
  expect({ all, counted }).toEqual({ all: 1, counted: 1 })
  return answer
}

describe('200 for everything taken, byte for byte', () => {
  test.each([
    ['an event', 'status', event('answers')],
    ['a CDR', 'fee', fee(cdr('answers'))],
    ['the same CDR again', 'fee', fee(cdr('answers'))],
    ['a record that is bad', 'fee', fee(cdr(undefined))],
    ['no record at all', 'fee', fee()],
  ])('%s', async (_name, kind, body) => {
    await expectAnswer(open, () => send(`${open.url}/rtc/${kind}`, body), ACCEPTED, { outcome: 'accepted', kind })
  })

  test.each(['/rtc/status?from=proxy', '/rtc/st%61tus'])('%s is the path, too', async (path) => {
    await expectAnswer(open, () => send(open.url + path, event('answers')), ACCEPTED, {
      outcome: 'accepted',
      kind: 'status',
    })
  })
})

describe('404 for every other path, whatever else is wrong', () => {
  test.each([
    '/',
    '/rtc',
    '/rtc/',
    '/rtc/status/',
    '/rtc/statuses',
    '/rtc/status/fee',
    '/RTC/STATUS',
    '//rtc/status',
    '/rtc//status',
    '/rtc/status;v=1',
    '/rtc/%ZZ',
    '/rtc/status%00',
    '/rtc/..%2fstatus',
    `/rtc/${token}/status`,
    '/livez',
    '/metrics',
    '/openapi.json',
    '/favicon.ico',
  ])('%s', async (path) => {
    const outcome = { outcome: 'not_found' }
    await expectAnswer(open, () => send(open.url + path, event('lost')), nothing, outcome)
    await expectAnswer(open, () => send(open.url + path, undefined, { method: 'GET' }), nothing, outcome)
  })

  // Written out, since a client would resolve them.
  test.each(['/rtc/../rtc/status', '/%2e%2e/rtc/status'])('a path that climbs is not followed: %s', async (path) => {
    const ask = async () => {
      const connection = new RawConnection(open.url)
      connection.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`)
      return (await connection.answers())[0] as Answer
    }
    await expectAnswer(open, ask, nothing, { outcome: 'not_found' })
  })

  test('a body too large, of the wrong type', async () => {
    const headers = { 'content-type': 'text/plain' }
    await expectAnswer(open, () => send(`${open.url}/nowhere`, large, { headers }), nothing, { outcome: 'not_found' })
  })
})

describe('with PATH_TOKEN', () => {
  test.each([token, nextToken])('%s is taken', async (given) => {
    for (const [kind, body] of [
      ['status', event(given)],
      ['fee', fee(cdr(given))],
    ] as const) {
      const ask = () => send(`${locked.url}/rtc/${given}/${kind}`, body)
      await expectAnswer(locked, ask, ACCEPTED, { outcome: 'accepted', kind })
    }
  })

  test.each([
    ['none', '/rtc/status'],
    ['empty', '/rtc//status'],
    ['another', '/rtc/b1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6/status'],
    ['in capitals', `/rtc/${token.toUpperCase()}/status`],
    ['the beginning', `/rtc/${token.slice(0, -1)}/status`],
    ['one letter more', `/rtc/${token}0/status`],
    ['both', `/rtc/${token},${nextToken}/status`],
    ['a name of Object.prototype', '/rtc/__proto__/status'],
    ['long', `/rtc/${'a'.repeat(4_000)}/status`],
  ])('404 for another token: %s', async (_name, path) => {
    await expectAnswer(locked, () => send(locked.url + path, event('lost')), nothing, { outcome: 'not_found' })
  })

  test('404 comes before 405: without the token nobody learns that there is a path', async () => {
    const get = (path: string) => () => send(locked.url + path, undefined, { method: 'GET' })
    await expectAnswer(locked, get(`/rtc/${'f'.repeat(32)}/status`), nothing, { outcome: 'not_found' })
    await expectAnswer(locked, get(`/rtc/${token}/status`), onlyPost, { outcome: 'method_not_allowed' })
  })
})

describe('405 for other methods', () => {
  test.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'MKCOL', 'QUERY', 'PURGE'])(
    '%s',
    async (method) => {
      for (const path of ['/rtc/status', '/rtc/fee']) {
        const ask = () => send(open.url + path, undefined, { method })
        const { headers } = await expectAnswer(open, ask, onlyPost, { outcome: 'method_not_allowed' })
        expect(headers.allow).toBe('POST')
      }
    },
  )

  test('HEAD, which has no body', async () => {
    const { status, headers, body } = await send(`${open.url}/rtc/status`, undefined, { method: 'HEAD' })
    expect([status, headers.allow, body]).toEqual([405, 'POST', ''])
    expect((await send(`${open.url}/nowhere`, undefined, { method: 'HEAD' })).status).toBe(404)
  })

  test('it comes before 415 and 413', async () => {
    const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' }
    const ask = () => send(`${open.url}/rtc/fee`, large, { method: 'PUT', headers })
    await expectAnswer(open, ask, onlyPost, { outcome: 'method_not_allowed' })
  })
})

describe('415, then 413, then 400', () => {
  test('415 comes before 413', async () => {
    const ask = () => send(`${open.url}/rtc/status`, large, { headers: { 'content-encoding': 'gzip' } })
    await expectAnswer(open, ask, encoded, { outcome: 'unsupported_media_type' })
  })

  test('413 comes before 400', async () => {
    await expectAnswer(open, () => send(`${open.url}/rtc/status`, large), tooLarge, { outcome: 'too_large' })
  })

  test('400 says where', async () => {
    const errors = [{ pointer: '/statusInfo', message: 'must be an object' }]
    const ask = () => send(`${open.url}/rtc/status`, { eventType: 'answer', statusInfo: null })
    await expectAnswer(open, ask, refusal(400, '/statusInfo must be an object', errors), { outcome: 'malformed' })
  })

  test('a refusal repeats nothing of what was sent', async () => {
    const secret = '+8613800000077'
    for (const body of [`{"eventType":"${secret}"`, { eventType: { secret } }, { eventType: secret, feeLst: secret }]) {
      const answer = await send(`${open.url}/rtc/status?caller=${secret}`, body)
      expect(answer.status).toBe(400)
      expect(answer.body).not.toContain('8613')
    }
  })
})

describe('503 when nothing can be stored durably', () => {
  const unavailable = refusal(503, 'the callback can be stored neither in Postgres nor in the spool')

  test.each([
    ['status', event('x')],
    ['fee', fee(cdr('x'), cdr('y'))],
  ])('%s', async (kind, body) => {
    const ask = () => send(`${helpless.url}/rtc/${kind}`, body)
    const { headers } = await expectAnswer(helpless, ask, unavailable, { outcome: 'unavailable', kind })
    expect(headers['retry-after']).toBe('60')
  })

  test('a body that is refused anyway is refused as ever', async () => {
    const expected = refusal(400, 'body must be an object', [{ pointer: '', message: 'must be an object' }])
    await expectAnswer(helpless, () => send(`${helpless.url}/rtc/status`, '5'), expected, { outcome: 'malformed' })
  })

  test('/readyz says so with 503, and /livez is well', async () => {
    const ready = await send(`${helpless.adminUrl}/readyz`, undefined, { method: 'GET' })
    expect(ready.status).toBe(503)
    expect(JSON.parse(ready.body)).toMatchObject({
      status: 'not ready',
      degraded: [expect.stringContaining('Postgres is away'), 'the spool is full'],
    })
    expect((await send(`${helpless.adminUrl}/livez`, undefined, { method: 'GET' })).status).toBe(200)
  })
})

test('of all that was refused nothing is stored', async () => {
  const { rows } = await database.pool.query(
    'SELECT session_id FROM rtc.call_events UNION SELECT session_id FROM rtc.cdrs ORDER BY session_id',
  )
  expect(rows.map(({ session_id }) => session_id)).toEqual([token, 'answers', nextToken])
  expect((await countRows(database.pool)).quarantine).toBe(6)
})
