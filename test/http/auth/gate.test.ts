import { createSecretKey } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { signedHeaders } from '../../../src/platform/aksk.ts'
import { cdr, event, fee } from '../../support/callbacks.ts'
import { publicApp } from '../../support/public-app.ts'

const token = 'abcdefghij-0123456789-Z'
const secret = createSecretKey(Buffer.from('a:secret'))
const signed = (path = 'status', more: object = {}) =>
  signedHeaders({ appKey: 'app', secret, url: `https://rtc.example.com/rtc/${path}`, ...more })
const lockedBy = { RTC_APPS: 'app:a:secret', PUBLIC_URL: 'https://rtc.example.com' }
const enforce = { ...lockedBy, RTC_AUTH: 'enforce' }
const json = { 'content-type': 'application/json' }
const body = event('s-1')

/** POSTs a callback to the status path. */
async function post(app: Awaited<ReturnType<typeof publicApp>>, headers: object = {}, payload: object | string = body) {
  const answer = await app.app.inject({ method: 'POST', url: '/rtc/status', headers: { ...json, ...headers }, payload })
  return { status: answer.statusCode, headers: answer.headers, ...answer.json() }
}

describe('the order of the answers', () => {
  const environment = { ...enforce, PATH_TOKEN: token, ALLOW_FROM: '192.0.2.0/24', BODY_LIMIT: '1 KiB' }
  const ok = {
    method: 'POST',
    url: `/rtc/${token}/status`,
    remoteAddress: '192.0.2.7',
    headers: signed(`${token}/status`),
  }
  const small = JSON.stringify({ eventType: 'answer', statusInfo: {} })
  test.each([
    [404, { url: '/rtc/status', method: 'GET', remoteAddress: '198.51.100.1', headers: {} }],
    [404, { url: `/rtc/${token}x/status`, method: 'GET', remoteAddress: '198.51.100.1', headers: {} }],
    [405, { method: 'GET', remoteAddress: '198.51.100.1', headers: {} }],
    [403, { remoteAddress: '198.51.100.1', headers: {} }],
    [401, { headers: { 'content-encoding': 'gzip' } }],
    [415, { headers: { ...ok.headers, 'content-encoding': 'gzip' }, payload: 'x'.repeat(1_025) }],
    [413, { headers: { ...ok.headers, ...json }, payload: 'x'.repeat(1_025) }],
    [400, { headers: { ...ok.headers, ...json }, payload: 'x' }],
    [200, { headers: { ...ok.headers, ...json }, payload: small }],
  ])('%i', async (status, change) => {
    const { app } = await publicApp(environment)
    const answer = await app.inject({ ...ok, payload: 'x'.repeat(1_025), ...change } as object)
    expect(answer.statusCode).toBe(status)
    if (status === 200) return
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.json()).toEqual({
      resultcode: String(status),
      resultdesc: expect.any(String),
      errors: expect.any(Array),
    })
    expect(answer.headers.connection).toBe('close')
    expect(answer.headers.allow).toBe(status === 405 ? 'POST' : undefined)
  })
})

describe('JSON is taken', () => {
  test.each([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/octet-stream' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'text/plain;charset=GBK' },
    { 'content-type': 'no media type' },
    { 'content-type': '' },
    { 'content-type': 'text/plain', origin: undefined },
    { 'content-type': 'application/json; charset=utf-8', origin: 'http://localhost' },
    { 'content-encoding': 'UTF-8' },
    { 'content-encoding': 'utf8' },
    { 'content-encoding': 'identity' },
    { 'content-encoding': 'Identity, UTF-8' },
    { 'content-encoding': '' },
  ])('with %j', async (headers) => {
    const app = await publicApp(enforce)
    const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
    const answer = await post(app, { ...signed(), ...sent }, JSON.stringify(body))
    expect(answer.status).toBe(200)
    expect(app.taken.map((callback) => callback.records)).toEqual([[body]])
  })

  test('but not from a web page that has not asked: its text would get to loopback unasked', async () => {
    const app = await publicApp()
    const headers = { origin: 'https://evil.example.com', 'content-type': 'text/plain' }
    expect((await post(app, headers, JSON.stringify(body))).status).toBe(403)
    expect(app.taken).toEqual([])
  })
})

describe('415', () => {
  test.each(['gzip', 'deflate', 'br', 'zstd', 'identity, gzip', 'aes128gcm', 'something'])(
    'a body under Content-Encoding %s is kept as it came',
    async (encoding) => {
      const app = await publicApp()
      const payload = gzipSync(JSON.stringify(body))
      const headers = { ...json, 'content-encoding': encoding }
      const answer = await app.app.inject({ method: 'POST', url: '/rtc/status', headers, payload })
      const message = 'the body has a Content-Encoding, which is not undone here'
      expect([answer.statusCode, answer.json().resultdesc, answer.headers.connection]).toEqual([415, message, 'close'])
      expect(app.taken).toEqual([])
      expect(app.kept).toEqual([
        {
          kind: 'unknown',
          reason: 'content_encoding',
          errors: [{ pointer: '', message }],
          holds: 'body',
          body: payload,
          bodySize: payload.length,
        },
      ])
    },
  )

  test('of a large one the beginning is', async () => {
    const app = await publicApp()
    const headers = { 'content-encoding': 'gzip' }
    const payload = Buffer.alloc(100_000, 'x')
    const answer = await app.app.inject({ method: 'POST', url: '/rtc/status', headers, payload })
    expect(answer.statusCode).toBe(415)
    expect(app.kept).toMatchObject([{ body: payload.subarray(0, 65_536), bodySize: 100_000 }])
  })
})

describe('enforce', () => {
  test('takes what is signed, in every form, and says who signed', async () => {
    const app = await publicApp(enforce)
    for (const path of ['status', 'fee'])
      for (const separator of ['\n', '']) expect((await post(app, signed(path, { separator }))).status).toBe(200)
    expect(app.taken.map(({ signer }) => signer)).toEqual(['app', 'app', 'app', 'app'])
    for (const form of ['lf_status', 'plain_status', 'lf_fee', 'plain_fee'])
      expect(await app.metric(`rtc_signature_total{app="app",result="verified",form="${form}"}`)).toBe(1)
    expect(await app.metric('rtc_signature_age_seconds_count')).toBe(4)
  })

  test.each([
    ['missing', {}, 'unknown'],
    ['malformed', { 'x-aksk': 'UsernameToken' }, 'unknown'],
    ['unknown_app', signed('status', { appKey: 'who"},evil="1' }), 'unknown'],
    ['unknown_app', signed('status', { appKey: 'somebody' }), 'unknown'],
    ['wrong_digest', signed('other'), 'app'],
    ['wrong_digest', signed('status', { secret: createSecretKey(Buffer.from('another')) }), 'app'],
  ])('refuses without reading the body: %s', async (result, headers, label) => {
    const app = await publicApp(enforce)
    const { status, resultcode } = await post(app, headers)
    expect([status, resultcode]).toEqual([401, '401'])
    expect([app.taken, app.kept]).toEqual([[], []])
    const counted = String('x-aksk' in headers ? headers['x-aksk'] : '').includes('evil') ? 'malformed' : result
    expect(await app.metric(`rtc_signature_total{app="${label}",result="${counted}",form="none"}`)).toBe(1)
  })

  test('both secrets of an app count while they are changed', async () => {
    const app = await publicApp({ ...enforce, RTC_APPS: 'app:old,app:a:secret,other:x' })
    expect((await post(app, signed())).status).toBe(200)
    expect((await post(app, signed('status', { secret: createSecretKey(Buffer.from('old')) }))).status).toBe(200)
    expect((await post(app, signed('status', { secret: createSecretKey(Buffer.from('x')) }))).status).toBe(401)
  })

  test('an old header is refused only with RTC_MAX_AGE_S, whether it is in UTC or in Beijing time', async () => {
    const at = (secondsAgo: number) => `${new Date(Date.now() - secondsAgo * 1000).toISOString().slice(0, 19)}Z`
    const young = [signed('status', { created: at(5) }), signed('status', { created: at(5 - 8 * 3600) })]
    const old = [signed('status', { created: at(400) }), signed('status', { created: at(400 - 8 * 3600) })]
    const lenient = await publicApp(enforce)
    for (const headers of [...young, ...old]) expect((await post(lenient, headers)).status).toBe(200)
    const strict = await publicApp({ ...enforce, RTC_MAX_AGE_S: '300' })
    for (const headers of young) expect((await post(strict, headers)).status).toBe(200)
    for (const headers of old) expect((await post(strict, headers)).status).toBe(401)
    expect(await strict.metric('rtc_signature_total{app="app",result="too_old",form="lf_status"}')).toBe(2)
  })
})

describe('a header that comes again in enforce', () => {
  test('passes with the same body, is refused with another', async () => {
    const app = await publicApp(enforce)
    const headers = signed()
    expect((await post(app, headers)).status).toBe(200)
    expect((await post(app, headers)).status).toBe(200)
    expect((await post(app, headers, event('s-2'))).status).toBe(401)
    expect((await post(app, headers, 'not JSON')).status).toBe(401)
    expect((await post(app, headers)).status).toBe(200)
    expect(app.taken).toHaveLength(3)
    expect(await app.metric('rtc_signature_total{app="app",result="replayed_nonce",form="none"}')).toBe(2)
  })

  test('its nonce signed on its own does not make it another', async () => {
    const app = await publicApp(enforce)
    expect((await post(app, signed('status', { nonce: 'n1', created: '2026-11-22T09:30:00Z' }))).status).toBe(200)
    const again = signed('status', { nonce: 'n1', created: '2026-11-22T09:30:09Z' })
    expect((await post(app, again, event('s-2'))).status).toBe(401)
    expect((await post(app, again)).status).toBe(200)
  })

  test('is remembered only once its callback was taken', async () => {
    const app = await publicApp(enforce)
    const headers = signed()
    expect((await post(app, headers, 'not JSON')).status).toBe(400)
    expect((await post(app, { ...headers, 'content-encoding': 'gzip' }, 'x')).status).toBe(415)
    expect((await post(app, headers)).status).toBe(200)
  })

  test('may pass in report, where nothing is refused', async () => {
    const app = await publicApp(lockedBy)
    const headers = signed()
    expect((await post(app, headers)).status).toBe(200)
    expect((await post(app, headers, event('s-2'))).status).toBe(200)
  })
})

describe('an app of the private-number product', () => {
  const environment = { ...enforce, RTC_APPS: 'app:a:secret:privateNumber,voice:a:secret' }
  const unbound = (appKey: string) => signedHeaders({ appKey, secret })

  test('its digest is taken without URL, and counted as such', async () => {
    const app = await publicApp(environment)
    expect((await post(app, unbound('app'))).status).toBe(200)
    expect((await post(app, unbound('voice'))).status).toBe(401)
    expect(app.taken.map(({ signer }) => signer)).toEqual(['app'])
    expect(await app.metric('rtc_signature_total{app="app",result="verified",form="no_url"}')).toBe(1)
    expect(await app.metric('rtc_signature_total{app="voice",result="wrong_digest",form="none"}')).toBe(1)
  })

  test('a header that was used on one path is refused with another body on the other', async () => {
    const { app } = await publicApp(environment)
    const headers = { ...json, ...unbound('app') }
    const to = async (path: string, payload: object) =>
      (await app.inject({ method: 'POST', url: `/rtc/${path}`, headers, payload })).statusCode
    expect(await to('status', body)).toBe(200)
    expect(await to('fee', fee(cdr('forged')))).toBe(401)
    expect(await to('fee', body)).toBe(200)
  })
})

describe('report, the default with RTC_APPS', () => {
  test('accepts whatever comes, counts it, and says who signed where that is certain', async () => {
    const app = await publicApp(lockedBy)
    expect(app.config.auth).toBe('report')
    for (const headers of [signed(), signed('other'), {}]) expect((await post(app, headers)).status).toBe(200)
    expect(app.taken.map(({ signer }) => signer)).toEqual(['app', null, null])
    expect(await app.metric('rtc_signature_total{app="app",result="wrong_digest",form="none"}')).toBe(1)
    expect(await app.metric('rtc_signature_total{app="unknown",result="missing",form="none"}')).toBe(1)
  })

  test('tells once when the last 1,000 were signed, and in which form', async () => {
    const app = await publicApp(lockedBy)
    const hints = () => app.log.lines.filter(({ message }) => message.includes('RTC_AUTH=enforce may be set'))
    for (let i = 0; i < 600; i++) await post(app, signed())
    await post(app, {})
    for (let i = 0; i < 999; i++) await post(app, signed('fee', { separator: '' }))
    expect(hints()).toEqual([])
    for (let i = 0; i < 1001; i++) await post(app, signed('fee', { separator: '' }))
    expect(hints().map(({ context }) => context)).toEqual([{ verified: 1000, forms: ['plain_fee'] }])
  })
})

test('off checks nothing', async () => {
  const app = await publicApp({ ...lockedBy, RTC_AUTH: 'off' })
  expect((await post(app, { 'x-aksk': 'nonsense' })).status).toBe(200)
  expect(app.taken.map(({ signer }) => signer)).toEqual([null])
  expect(await app.registry.metrics()).not.toContain('rtc_signature_total{')
})

describe('a wrong digest with a right path token', () => {
  const environment = { ...enforce, PATH_TOKEN: `${token},${token}2` }
  const url = `/rtc/${token}/status`

  test('is refused, and its body kept', async () => {
    const { app, kept, taken } = await publicApp(environment)
    const payload = JSON.stringify(body)
    const answer = await app.inject({ method: 'POST', url, headers: { ...json, ...signed('other') }, payload })
    expect(answer.statusCode).toBe(401)
    expect(taken).toEqual([])
    expect(kept).toEqual([
      {
        kind: 'unauthenticated',
        reason: 'wrong_digest',
        errors: [{ pointer: '', message: 'the X-AKSK header has a wrong PasswordDigest' }],
        holds: 'body',
        body: Buffer.from(payload),
        bodySize: payload.length,
      },
    ])
  })

  test('a body that is read no further still tells its size', async () => {
    const { app, kept } = await publicApp({ ...environment, BODY_LIMIT: '1 KiB' })
    const answer = await app.inject({ method: 'POST', url, headers: json, payload: 'x'.repeat(1_000_000) })
    expect(answer.statusCode).toBe(401)
    expect(kept).toMatchObject([{ reason: 'missing', bodySize: 1_000_000 }])
  })

  test('either token is signed with its own URL', async () => {
    const { app } = await publicApp(environment)
    for (const path of [token, `${token}2`]) {
      const headers = { ...json, ...signed(`${path}/status`) }
      const answer = await app.inject({ method: 'POST', url: `/rtc/${path}/status`, headers, payload: body })
      expect(answer.statusCode).toBe(200)
    }
  })

  test('a replayed header: its body is kept too', async () => {
    const { app, kept } = await publicApp(environment)
    const headers = { ...json, ...signed(`${token}/status`) }
    for (const n of [1, 2]) await app.inject({ method: 'POST', url, headers, payload: event(`s-${n}`) })
    expect(kept).toMatchObject([{ kind: 'unauthenticated', reason: 'replayed_nonce' }])
  })
})
