import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { OncePerMinute } from '../../src/lib/once-a-minute.ts'
import { signedHeaders } from '../../src/platform/aksk.ts'
import { event } from '../support/callbacks.ts'
import { RawConnection, send, wire } from '../support/http.ts'
import { publicApp } from '../support/public-app.ts'

const enforce = { RTC_APPS: 'app:a:secret', PUBLIC_URL: 'https://rtc.example.com', RTC_AUTH: 'enforce' }
const signed = () => {
  const secret = createSecretKey(Buffer.from('a:secret'))
  return signedHeaders({ appKey: 'app', secret, url: 'https://rtc.example.com/rtc/status' })
}

type App = Awaited<ReturnType<typeof publicApp>>
const refused = ({ log }: App) => log.lines.filter(({ message }) => message === 'callback refused')
const said = (app: App) => refused(app).map(({ context }) => context)

test.each([
  ['a wrong path', 404, {}, '/nothing', {}],
  ['no signature', 401, enforce, '/rtc/status', {}],
  ['encoded bodies', 415, {}, '/rtc/status', { 'content-encoding': 'gzip' }],
  ['no JSON', 400, {}, '/rtc/status', {}],
])('a flood of %s: one line, every one counted', async (_name, status, environment, path, headers) => {
  const app = await publicApp(environment)
  const url = await app.listen()
  for (let i = 0; i < 50; i++) expect((await send(url + path, 'no JSON', { headers })).status).toBe(status)
  const lines = said(app).filter((context) => 'leftOut' in context && context.leftOut === 0)
  expect(new Set(lines.map((context) => JSON.stringify(context)))).toEqual(
    new Set([JSON.stringify({ source: '127.0.0.1', status, leftOut: 0 })]),
  )
  // One, or two where a minute ends meanwhile.
  expect(app.log.lines.length).toBeLessThanOrEqual(2)
  const counted = (await app.registry.metrics()).match(/^rtc_callbacks_total{kind="unknown",outcome="\w+"} 50$/m)
  expect(counted).not.toBeNull()
})

test('a body that cannot be read, under a good signature, has a line each', async () => {
  const app = await publicApp(enforce)
  const url = await app.listen()
  for (let i = 0; i < 3; i++) await send(`${url}/rtc/status`, 'no JSON', { headers: signed() })
  expect(app.log.lines.filter(({ message }) => message === 'callback')).toHaveLength(3)
})

test('the /64 of an IPv6 address is one source, and a source has a line for each status', async () => {
  const app = await publicApp({ ALLOW_FROM: '192.0.2.0/24' })
  const post = (remoteAddress: string, url = '/rtc/status') =>
    app.app.inject({ method: 'POST', url, remoteAddress, payload: '{}' })
  for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1']) await post(address)
  await post('2001:db8::1', '/nothing')
  expect(said(app).filter((context) => 'status' in context && context.status !== 499)).toEqual([
    { source: '2001:db8:0:0::/64', status: 403, leftOut: 0 },
    { source: '2001:db8:0:1::/64', status: 403, leftOut: 0 },
    { source: '2001:db8:0:0::/64', status: 404, leftOut: 0 },
  ])
})

test('a line tells how many were left out before it', () => {
  const lines = new OncePerMinute()
  const ask = (minute: number) => [lines.isDue('a', minute * 60_000), lines.leftOutBefore('a')]
  expect([ask(1), ask(1), ask(1)].map(([due]) => due)).toEqual([true, false, false])
  expect(ask(2)).toEqual([true, 2])
  expect(ask(3)).toEqual([true, 0])
})

test('what no route sees is logged and counted too', async () => {
  const app = await publicApp()
  const url = await app.listen()
  for (let i = 0; i < 3; i++) {
    const connection = new RawConnection(url)
    connection.write('no HTTP\r\n\r\n')
    await connection.closed
    await send(`${url}/%zz`, '{}')
  }
  expect(said(app)).toEqual([
    { source: '127.0.0.1', status: 400, leftOut: 0 },
    { source: '127.0.0.1', status: 404, leftOut: 0 },
  ])
})

test('whoever goes away before a callback has come has one line a minute, also behind a proxy', async () => {
  const app = await publicApp({ TRUST_PROXY: '127.0.0.1/32' })
  const { port } = new URL(await app.listen())
  for (let i = 0; i < 3; i++) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    const begun = once(app.app.server, 'request')
    socket.write(wire('/rtc/status', JSON.stringify(event('cut'))).slice(0, -20))
    await begun
    socket.resetAndDestroy()
  }
  await expect.poll(() => app.metric('rtc_callbacks_total{kind="unknown",outcome="aborted"}')).toBe(3)
  expect(said(app)).toEqual([{ source: '127.0.0.1', status: 499, leftOut: 0 }])
})

test('Expect with anything but 100-continue: 417, counted, and the connection ends', async () => {
  const app = await publicApp()
  const connection = new RawConnection(await app.listen())
  connection.write(wire('/rtc/status', JSON.stringify(event('s')), { expect: 'much' }).repeat(3))
  await connection.closed
  expect(await connection.answers()).toEqual([
    {
      status: 417,
      headers: expect.objectContaining({ connection: 'close', 'content-type': 'application/json; charset=utf-8' }),
      body: '{"resultcode":"417","resultdesc":"of Expect only 100-continue is understood","errors":[]}',
    },
  ])
  expect(await app.metric('rtc_callbacks_total{kind="unknown",outcome="expectation_failed"}')).toBeGreaterThan(0)
  expect(app.taken).toEqual([])
})
