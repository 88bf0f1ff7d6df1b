import { createHmac, createSecretKey } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { newVerifyCode, VerificationCaller } from '../../src/verification-call/caller.ts'
import type { VerificationCallError } from '../../src/verification-call/error.ts'
import type { VerificationCall } from '../../src/verification-call/schema.ts'
import { selfSigned } from '../support/certificates.ts'

interface Seen {
  method: string | undefined
  url: string | undefined
  headers: IncomingHttpHeaders
  body: Record<string, unknown>
}

const credentials = { appKey: 'exampleAppKey0123456789', secret: 'not-a-real-secret' }
const request: VerificationCall = {
  displayNbr: '+8653159511234',
  calleeNbr: '+8613800000021',
  preTone: 'test.wav',
  verifyCode: '007345',
}
const success = { resultcode: '0', resultdesc: 'Success', sessionId: '1200_366_0_20161228102743@example.test' }

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A platform that answers as told and keeps what it was sent. */
async function platform(answer: (response: ServerResponse, tries: number) => void) {
  const seen: Seen[] = []
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { method, url, headers } = incoming
    seen.push({ method, url, headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
    answer(response, seen.length)
  })
  closing.push(
    () => void server.close(),
    () => server.closeAllConnections(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const json =
  (body: object, status = 200) =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

async function failure(promise: Promise<unknown>): Promise<VerificationCallError> {
  const error: VerificationCallError = await promise.then(
    () => expect.unreachable('the call was placed'),
    (error) => error,
  )
  expect(error.name).toBe('VerificationCallError')
  // Whatever a log makes of it: no code, no number, no secret.
  const shown = `${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}`
  for (const secret of [request.verifyCode, '13800000021', '53159511234', credentials.secret]) {
    expect(shown).not.toContain(secret)
  }
  return error
}

const attempt = (apiUrl: string, more: object = {}, options: object = {}) =>
  new VerificationCaller({ apiUrl, ...credentials, ...options }).call({ ...request, ...more })

test('places a call as documented, signed', async () => {
  const { apiUrl, seen } = await platform(json(success))
  const before = Date.now()
  const placed = await attempt(apiUrl)
  expect(placed.sessionId).toBe(success.sessionId)
  expect(placed.placedAt.getTime()).toBeGreaterThanOrEqual(before)
  expect(seen).toHaveLength(1)
  const [{ method, url, headers, body }] = seen as [Seen]
  expect([method, url]).toEqual(['POST', '/rest/httpsessions/callVerify/v1.0'])
  expect(headers['content-type']).toBe('application/json;charset=UTF-8')
  expect(headers.connection).toBe('close')
  expect(headers.authorization).toBe('AKSK realm="SDP",profile="UsernameToken",type="Appkey"')
  expect(body).toEqual({ ...request, languageType: 2 })
  const [, username, digest, nonce, created] =
    /^UsernameToken Username="(.*)",PasswordDigest="(.*)",Nonce="([A-Za-z0-9]{16,128})",Created="(.*)"$/.exec(
      String(headers['x-aksk']),
    ) ?? []
  expect(username).toBe(credentials.appKey)
  expect(digest).toBe(createHmac('sha256', credentials.secret).update(`${nonce}${created}`).digest('base64'))
  expect(Math.abs(Date.parse(created ?? '') - before)).toBeLessThan(5_000)
})

test('sends every optional field in the form of the wire', async () => {
  const { apiUrl, seen } = await platform(json({ ...success, idlePort: 12 }))
  const placed = await attempt(
    apiUrl,
    { posTone: 'after.wav', times: 3, returnIdlePort: true, userData: 'customerId123', languageType: 2 },
    { statusUrl: 'https://calls.example.test/rtc/status', feeUrl: 'https://www.huawei.com:9330/fee' },
  )
  expect(placed.idlePort).toBe(12)
  expect(seen[0]?.body).toEqual({
    ...request,
    languageType: 2,
    posTone: 'after.wav',
    times: 3,
    returnIdlePort: 'true',
    userData: 'customerId123',
    statusUrl: Buffer.from('https://calls.example.test/rtc/status').toString('base64'),
    // The page's own example.
    feeUrl: 'aHR0cHM6Ly93d3cuaHVhd2VpLmNvbTo5MzMwL2ZlZQ==',
  })
})

test('a URL of the call goes before the one of the caller, and undefined counts as absent', async () => {
  const { apiUrl, seen } = await platform(json(success))
  await attempt(
    apiUrl,
    { statusUrl: 'https://b.example.test/s', times: undefined },
    { statusUrl: 'https://a.example.test/s' },
  )
  const sent = seen[0]?.body ?? {}
  expect(Buffer.from(String(sent.statusUrl), 'base64').toString()).toBe('https://b.example.test/s')
  expect(sent).not.toHaveProperty('times')
  expect(sent).not.toHaveProperty('feeUrl')
})

test('Created tells Beijing time where it is set so, with the same Z', async () => {
  const { apiUrl, seen } = await platform(json(success))
  await attempt(apiUrl, {}, { createdZone: 'beijing' })
  const [, created = ''] = /Created="(.*)"/.exec(String(seen[0]?.headers['x-aksk'])) ?? []
  expect(created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  expect(Math.abs(Date.parse(created) - Date.now() - 8 * 3_600_000)).toBeLessThan(5_000)
})

test('every try has another nonce', async () => {
  const { apiUrl, seen } = await platform(json(success))
  const caller = new VerificationCaller({ apiUrl, ...credentials })
  for (let i = 0; i < 5; i++) await caller.call(request)
  const nonces = seen.map(({ headers }) => /Nonce="(.*?)"/.exec(String(headers['x-aksk']))?.[1])
  expect(new Set(nonces).size).toBe(5)
})

// The sample that this client takes the place of: `if (languageType === verifyCode || languageType === verifyCode)
// return`, where `verifyCode === undefined || verifyCode === null` was meant, and a bare `return` for every mistake.
test('the code is checked against absence, not against the language', async () => {
  const { apiUrl, seen } = await platform(json(success))
  for (const verifyCode of [undefined, null]) {
    const error = await failure(attempt(apiUrl, { verifyCode }))
    expect(error.message).toMatch(/^verifyCode /)
  }
  expect(seen).toEqual([])
  await attempt(apiUrl, { languageType: 2, verifyCode: '22' })
  expect(seen[0]?.body).toMatchObject({ languageType: 2, verifyCode: '22' })
})

test.each(['displayNbr', 'calleeNbr', 'preTone', 'verifyCode'])(
  'without %s nothing is sent, and nobody is left without an answer',
  async (name) => {
    const { apiUrl, seen } = await platform(json(success))
    const error = await failure(attempt(apiUrl, { [name]: undefined }))
    expect(error).toMatchObject({ kind: 'invalid', tryAgain: 'no', message: `${name} is missing` })
    expect(error.places).toEqual([{ pointer: `/${name}`, message: 'is missing' }])
    expect(seen).toEqual([])
  },
)

test.each<[string, unknown]>([
  ['displayNbr', '053159511234'],
  ['displayNbr', '+12'],
  ['calleeNbr', '+86138 0000 0021'],
  ['calleeNbr', `+${'1'.repeat(31)}`],
  ['calleeNbr', 8613800000021],
  ['languageType', 1],
  ['languageType', '2'],
  ['preTone', ''],
  ['preTone', 'x'.repeat(129)],
  ['posTone', 'x'.repeat(129)],
  ['verifyCode', '1'],
  ['verifyCode', '123456789'],
  ['verifyCode', '12a4'],
  ['verifyCode', '١٢٣٤'],
  ['verifyCode', '1234\n'],
  ['verifyCode', 1234],
  ['times', 10],
  ['times', -1],
  ['times', 1.5],
  ['returnIdlePort', 'yes!'],
  ['userData', ''],
  ['userData', '{"id":1}'],
  ['userData', '客户'],
  ['userData', 'x'.repeat(257)],
  ['statusUrl', 'https://calls.example.test/rtc?status'],
  ['feeUrl', `https://calls.example.test/${'x'.repeat(128)}`],
  ['feeUrl', 'ftp://calls.example.test/fee'],
])('%s that does not fit is named, and nothing is sent', async (name, value) => {
  const { apiUrl, seen } = await platform(json(success))
  const error = await failure(attempt(apiUrl, { [name]: value }))
  expect(error.kind).toBe('invalid')
  expect(error.message).toMatch(new RegExp(`^${name} must`))
  if (String(value).length > 3) expect(error.message).not.toContain(String(value))
  expect(seen).toEqual([])
})

test('all mistakes are told at once; a field the API does not have is not repeated', async () => {
  const { apiUrl } = await platform(json(success))
  const error = await failure(attempt(apiUrl, { verifyCode: 'abc', times: 99, preTone: undefined, '007345': 1 }))
  expect(error.places.map(({ pointer }) => pointer)).toEqual(['/preTone', '/verifyCode', '/times', '/request'])
})

test.each<[string, number, Partial<VerificationCallError>]>([
  ['1010010', 403, { tryAgain: 'later', afterSeconds: 60 }],
  ['1020176', 403, { tryAgain: 'later', afterSeconds: 1800 }],
  ['1020165', 403, { tryAgain: 'later' }],
  ['1010001', 500, { tryAgain: 'later' }],
  ['1010023', 403, { tryAgain: 'no' }],
  ['1023033', 400, { tryAgain: 'no' }],
  ['1013113', 200, { tryAgain: 'unknown' }],
  ['9999999', 403, { tryAgain: 'unknown' }],
])('result code %s with HTTP %i is an error that says what it means', async (resultcode, status, expected) => {
  const { apiUrl, seen } = await platform(json({ resultcode, resultdesc: `no: ${request.calleeNbr}` }, status))
  const error = await failure(attempt(apiUrl))
  expect(error).toMatchObject({ kind: 'refused', resultcode, httpStatus: status, ...expected })
  expect(error.message).toMatch(new RegExp(`^the platform refused the call: ${resultcode}, \\S+ .+`))
  expect(seen).toHaveLength(1) // a refusal is not tried again
})

test.each<[string, (response: ServerResponse) => void, RegExp]>([
  ['is no JSON', (response) => void response.end('<html>'), /HTTP 200\) holds no result code/],
  ['is no object', json([]), /no result code/],
  ['has a result code that is none', json({ resultcode: '+8613800000021' }), /no result code/],
  ['says success without a session', json({ resultcode: '0', sessionId: '' }), /no sessionId/],
  ['is a gateway page', (response) => void response.writeHead(502).end('Bad Gateway'), /HTTP 502\)/],
  ['is huge', (response) => void response.end(' '.repeat(100_000)), /too long/],
  ['is a redirect', (response) => void response.writeHead(307, { location: '/elsewhere' }).end(), /HTTP 307\)/],
  ['breaks off', (response) => void response.socket?.destroy(), /the connection broke/],
])('when the answer %s the call may have been placed, and is not placed again', async (_name, answer, message) => {
  const { apiUrl, seen } = await platform(answer)
  const error = await failure(attempt(apiUrl))
  expect(error).toMatchObject({ kind: 'uncertain', tryAgain: 'unknown' })
  expect(error.message).toMatch(message)
  expect(seen).toHaveLength(1)
  expect(seen[0]?.url).toBe('/rest/httpsessions/callVerify/v1.0')
})

test('when no answer comes in time the call may have been placed', async () => {
  const { apiUrl, seen } = await platform(() => {})
  const error = await failure(attempt(apiUrl, {}, { timeoutMs: 2_000 }))
  expect(error).toMatchObject({ kind: 'uncertain' })
  expect(error.message).toBe('no answer within 2000 ms: the call may have been placed')
  expect(seen).toHaveLength(1)
})

test('tries again only while there is no connection', async () => {
  // A port that was free a moment ago, and that the platform takes before the second try.
  const server = createTcpServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const calling = attempt(`http://127.0.0.1:${port}`)
  let requests = 0
  const late = createServer((_incoming, response) => {
    requests += 1
    json(success)(response)
  })
  closing.push(() => void late.close())
  setTimeout(() => late.listen(port, '127.0.0.1'), 100)
  expect((await calling).sessionId).toBe(success.sessionId)
  expect(requests).toBe(1)
})

test.each([
  ['a refused connection', 'http://127.0.0.1:65531', 'ECONNREFUSED'],
  ['a refused connection at every address', 'http://localhost:65531', 'ECONNREFUSED'],
  ['a name that does not exist', 'https://platform.invalid', /ENOTFOUND|EAI_AGAIN/],
])('after %s the call was surely not placed', async (_name, apiUrl, code) => {
  const error = await failure(attempt(apiUrl, {}, { timeoutMs: 10_000 }))
  expect(error).toMatchObject({ kind: 'unreachable', tryAgain: 'later' })
  expect(error.message).toMatch(code)
  expect(error.message).toMatch(/the call was not placed$/)
})

/** What Node's fetch rejects with, and how often it was asked. */
function failingFetch(cause: unknown) {
  const spy = vi.spyOn(globalThis, 'fetch').mockRejectedValue(Object.assign(new TypeError('fetch failed'), { cause }))
  closing.push(() => spy.mockRestore())
  return spy
}

const withCode = (code: string, syscall?: string) => Object.assign(new Error(code), { code, syscall })
const refusedConnection = withCode('ECONNREFUSED', 'connect')

test('one connection that broke among refused ones makes it uncertain; only refused ones are tried three times', async () => {
  const spy = failingFetch(new AggregateError([refusedConnection, withCode('EHOSTUNREACH', 'connect')]))
  const error = await failure(attempt('https://platform.test'))
  expect(error).toMatchObject({ kind: 'unreachable', tryAgain: 'later' })
  expect(spy).toHaveBeenCalledTimes(3)
  spy.mockClear()
  failingFetch(new AggregateError([refusedConnection, withCode('ECONNRESET', 'read')]))
  expect((await failure(attempt('https://platform.test'))).kind).toBe('uncertain')
  expect(spy).toHaveBeenCalledTimes(1)
})

test.each<[string, unknown, Partial<VerificationCallError>]>([
  ['a connection that took too long', withCode('UND_ERR_CONNECT_TIMEOUT'), { kind: 'unreachable', tryAgain: 'later' }],
  ['a certificate for another name', withCode('ERR_TLS_CERT_ALTNAME_INVALID'), { kind: 'unreachable', tryAgain: 'no' }],
  ['a reset', withCode('ECONNRESET', 'read'), { kind: 'uncertain' }],
  ['a reset that only looks like a refusal', withCode('ECONNREFUSED', 'read'), { kind: 'uncertain' }],
  ['no reason at all', undefined, { kind: 'uncertain' }],
])('%s is not tried again', async (_name, cause, expected) => {
  const spy = failingFetch(cause)
  expect(await failure(attempt('https://platform.test'))).toMatchObject(expected)
  expect(spy).toHaveBeenCalledTimes(1)
})

test('to a platform whose certificate is not trusted nothing is sent', async () => {
  const { cert, key } = await selfSigned('ecdsa')
  let requests = 0
  const server = createSecureServer({ cert, key }, (_incoming, response) => {
    requests += 1
    response.end(JSON.stringify(success))
  })
  closing.push(
    () => void server.close(),
    () => server.closeAllConnections(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const error = await failure(attempt(`https://127.0.0.1:${(server.address() as AddressInfo).port}`))
  expect(error).toMatchObject({ kind: 'unreachable', tryAgain: 'no' })
  expect(error.message).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT/)
  expect(requests).toBe(0)
})

test('an answer without a body says nothing; a mistake of ours stays one', async () => {
  const { apiUrl } = await platform((response) => void response.writeHead(204).end())
  expect((await failure(attempt(apiUrl))).message).toMatch(/HTTP 204\) holds no result code/)
  const spy = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new RangeError('ours'))
  closing.push(() => spy.mockRestore())
  await expect(attempt(apiUrl)).rejects.toThrow(RangeError)
})

test('the secret may be a key object; without a request every field is missing', async () => {
  const { apiUrl, seen } = await platform(json(success))
  const secret = createSecretKey(Buffer.from(credentials.secret))
  await attempt(apiUrl, {}, { secret })
  expect(seen).toHaveLength(1)
  const caller = new VerificationCaller({ apiUrl, ...credentials, secret })
  const error = await failure(caller.call(undefined as unknown as VerificationCall))
  expect(error.places.map(({ pointer }) => pointer)).toEqual(['/displayNbr', '/calleeNbr', '/preTone', '/verifyCode'])
})

test.each([
  'http://rtccall.example.test',
  'http://127.0.0.1.example.test',
  'http://0.0.0.0:8080',
  'ftp://127.0.0.1',
  'https://user:password@example.test',
  'https://example.test/rest/httpsessions/callVerify/v1.0',
  'https://example.test/?a=b',
  'example.test',
  '',
])('takes only https, or http on loopback: not %s', (apiUrl) => {
  expect(() => new VerificationCaller({ apiUrl, ...credentials })).toThrow(/^apiUrl must be https/)
})

test.each([
  'https://rtccall.cn-north-1.myhuaweicloud.cn:443',
  'https://example.test/',
  'http://127.1:80',
  'http://[::1]',
])('takes %s', (apiUrl) => {
  expect(() => new VerificationCaller({ apiUrl, ...credentials })).not.toThrow()
})

test.each<[string, object]>([
  ['appKey', { appKey: 'a"b' }],
  ['appKey', { appKey: '' }],
  ['secret', { secret: '' }],
  ['timeoutMs', { timeoutMs: 0 }],
  ['statusUrl', { statusUrl: 'https://example.test/a_b' }],
])('an option %s that cannot be is told at once', (name, options) => {
  expect(() => new VerificationCaller({ apiUrl: 'https://example.test', ...credentials, ...options })).toThrow(
    new RegExp(`^${name} `),
  )
})

test('a code that is made has digits only, all of them, as many as asked for', () => {
  const codes = Array.from({ length: 200 }, () => newVerifyCode(8))
  for (const code of codes) expect(code).toMatch(/^[0-9]{8}$/)
  expect(new Set(codes.join('')).size).toBe(10)
  expect(newVerifyCode()).toMatch(/^[0-9]{6}$/)
})
