import { createHmac, createSecretKey } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { type PlatformOptions, servePlatform } from '../../src/simulator/platform-server.ts'
import { Simulator } from '../../src/simulator/simulator.ts'
import { VerificationCaller } from '../../src/verification-call/caller.ts'
import { optionsFor, stub } from './stub.ts'

const secret = 'not-a-real-secret'
const apps = [{ appKey: 'simulated', secret: createSecretKey(Buffer.from(secret)) }]
const body = {
  displayNbr: '+867550000001',
  calleeNbr: '+8613800000021',
  languageType: 2,
  preTone: 'test.wav',
  // In no time or number of a callback: no month, hour or minute has these digits.
  verifyCode: '009903',
}
const path = '/rest/httpsessions/callVerify/v1.0'

async function platform(more: Partial<PlatformOptions> = {}) {
  const receiver = await stub()
  const simulator = new Simulator(optionsFor(receiver.urls, { speed: 10_000 }))
  const server = await servePlatform(simulator, { apps, ...more })
  onTestFinished(async () => {
    await simulator.close()
    await server.close()
  })
  return { ...receiver, simulator, apiUrl: server.url }
}

/** Headers as documented (protocol.md: authentication), made here by hand. */
function headers({ created = new Date().toISOString().replace(/\.\d+/, ''), key = secret, app = 'simulated' } = {}) {
  const nonce = 'abcdef0123456789'
  const digest = createHmac('sha256', key)
    .update(nonce + created)
    .digest('base64')
  return {
    'content-type': 'application/json;charset=UTF-8',
    authorization: 'AKSK realm="SDP",profile="UsernameToken",type="Appkey"',
    'x-aksk': `UsernameToken Username="${app}", PasswordDigest="${digest}", Nonce="${nonce}", Created="${created}"`,
  }
}

async function post(url: string, sent: object | string, sentHeaders: object = headers(), method = 'POST') {
  const response = await fetch(url, {
    method,
    headers: { ...sentHeaders },
    ...(method === 'GET' ? {} : { body: typeof sent === 'string' ? sent : JSON.stringify(sent) }),
  })
  return { status: response.status, ...((await response.json()) as { resultcode: string; sessionId: string }) }
}

test('a right request is answered with a session, whose callbacks come', async () => {
  const { apiUrl, simulator, received } = await platform({ outcome: 'answered' })
  const answer = await post(apiUrl + path, { ...body, userData: 'customerId123' })
  expect(answer).toMatchObject({ status: 200, resultcode: '0', sessionId: expect.stringMatching(/^1201_.*@/) })
  await simulator.settled()
  const bodies = received.map(({ body }) => JSON.parse(body))
  expect(bodies.map(({ eventType }) => eventType)).toEqual(['callout', 'alerting', 'answer', 'disconnect', 'fee'])
  expect(bodies[0].statusInfo).toMatchObject({
    sessionId: answer.sessionId,
    caller: body.displayNbr,
    called: body.calleeNbr,
    userData: 'customerId123',
  })
  expect(bodies[4].feeLst[0]).toMatchObject({ sessionId: answer.sessionId, appKey: 'simulated', serviceType: '001' })
  expect(received.map(({ body }) => body).join()).not.toContain('009903') // the code comes back nowhere
})

test('the client and the server understand each other, URLs of the request included', async () => {
  const { apiUrl, simulator, received } = await platform()
  const other = await stub()
  const options = { apiUrl, appKey: 'simulated', secret, statusUrl: other.urls.status, feeUrl: other.urls.fee }
  for (const createdZone of ['utc', 'beijing'] as const) {
    const caller = new VerificationCaller({ ...options, createdZone })
    const placed = await caller.call({ ...body, languageType: 2, returnIdlePort: true, times: 3, posTone: 'after.wav' })
    expect(placed).toMatchObject({ sessionId: expect.stringMatching(/^1201_/), idlePort: 100 })
  }
  await simulator.settled()
  expect(received).toEqual([])
  expect(other.received.length).toBeGreaterThan(3)
})

const full = headers()
test.each<[string, string, number, object]>([
  ['no Authorization', '1023006', 400, { ...full, authorization: '' }],
  [
    'another scheme',
    '1023006',
    400,
    { ...full, authorization: 'WSSE realm="SDP",profile="UsernameToken",type="Appkey"' },
  ],
  ['no realm', '1023007', 400, { ...full, authorization: 'AKSK profile="UsernameToken",type="Appkey"' }],
  ['no profile', '1023008', 400, { ...full, authorization: 'AKSK realm="SDP",type="Appkey"' }],
  ['another realm', '1023009', 400, { ...full, authorization: 'AKSK realm="X",profile="UsernameToken",type="Appkey"' }],
  ['another profile', '1023010', 400, { ...full, authorization: 'AKSK realm="SDP",profile="X",type="Appkey"' }],
  ['another type', '1023011', 400, { ...full, authorization: 'AKSK realm="SDP",profile="UsernameToken",type="X"' }],
  ['no type', '1023012', 400, { ...full, authorization: 'AKSK realm="SDP",profile="UsernameToken"' }],
  ['no X-AKSK', '1023033', 400, { authorization: full.authorization }],
  ['no Username', '1023034', 400, { ...full, 'x-aksk': full['x-aksk'].replace('Username=', 'X=') }],
  ['no Nonce', '1023035', 400, { ...full, 'x-aksk': full['x-aksk'].replace('Nonce', 'X') }],
  ['no Created', '1023036', 400, { ...full, 'x-aksk': full['x-aksk'].replace('Created', 'X') }],
  ['no PasswordDigest', '1023037', 400, { ...full, 'x-aksk': full['x-aksk'].replace('PasswordDigest', 'X') }],
  ['an unknown app', '1020150', 403, headers({ app: 'stranger' })],
  ['another secret', '1020176', 403, headers({ key: 'another' })],
  ['a wrong clock', '1010013', 403, headers({ created: '2020-01-01T00:00:00Z' })],
])('with %s the answer is %s', async (_name, resultcode, status, sent) => {
  const { apiUrl, received } = await platform()
  expect(await post(apiUrl + path, body, sent)).toMatchObject({ status, resultcode, sessionId: '' })
  expect(received).toEqual([])
})

test.each<[string, object | string]>([
  ['a code of letters', { ...body, verifyCode: 'abcd' }],
  ['no language', { ...body, languageType: undefined }],
  ['a URL that is not in Base64', { ...body, statusUrl: 'https://calls.example.test/rtc/status' }],
])('%s is a parameter error', async (_name, sent) => {
  const { apiUrl } = await platform()
  expect((await post(apiUrl + path, sent)).resultcode).toBe('1020001')
})

test('another path or method, or a body that is no JSON, is refused', async () => {
  const { apiUrl } = await platform()
  expect((await post(`${apiUrl}/rest/x`, body)).resultcode).toBe('1010006')
  expect((await post(apiUrl + path, '', headers(), 'GET')).resultcode).toBe('1010006')
  expect((await post(apiUrl + path, '{')).resultcode).toBe('1010002')
})

test('it can be told to refuse', async () => {
  const { apiUrl } = await platform({ answer: '1010010' })
  const caller = new VerificationCaller({ apiUrl, appKey: 'simulated', secret })
  const { languageType: _, ...request } = body
  await expect(caller.call(request)).rejects.toMatchObject({
    kind: 'refused',
    resultcode: '1010010',
    tryAgain: 'later',
  })
})
