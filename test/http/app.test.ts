import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { buildApp } from '../../src/http/app.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { event } from '../support/callbacks.ts'
import { ACCEPTED, RawConnection, send, wire } from '../support/http.ts'
import { TestLog } from '../support/spool.ts'

/** The app as the program has it, in front of a receiver that takes its time or makes a mistake. */
async function start({
  take = async () => {},
  environment = {},
  stopping,
}: {
  take?: () => Promise<void>
  environment?: Record<string, string>
  stopping?: AbortSignal
}) {
  const config = await loadConfig(environment)
  const metrics = new Metrics()
  const log = new TestLog()
  const receiver = { take, keepUnread: async () => {} }
  const app = await buildApp({ config, receiver, metrics, log, ...(stopping ? { stopping } : {}) })
  onTestFinished(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const counted = async () => {
    const metric = await metrics.registry.getSingleMetric('rtc_callbacks_total')?.get()
    return Object.fromEntries(
      metric?.values.map(({ labels, value }) => [`${labels.kind} ${labels.outcome}`, value]) ?? [],
    )
  }
  return { app, log, counted, url: `http://127.0.0.1:${port}` }
}

const callback = JSON.stringify(event('app'))

test('a client that is gone before the answer is counted once', async () => {
  let finish = () => {}
  const taken = new Promise<void>((resolve) => {
    finish = resolve
  })
  let begin = () => {}
  const began = new Promise<void>((resolve) => {
    begin = resolve
  })
  const take = () => {
    begin()
    return taken
  }
  const { app, url, counted, log } = await start({ take })
  const closed = new Promise<void>((resolve) => {
    app.server.once('connection', (socket) => socket.once('close', () => resolve()))
  })
  const connection = new RawConnection(url)
  connection.write(wire('/rtc/status', callback))
  await began
  connection.socket.destroy()
  await closed
  finish()
  await expect.poll(counted).toEqual({ 'status aborted': 1 })
  await sleep(50)
  expect(await counted()).toEqual({ 'status aborted': 1 })
  expect(log.lines).toEqual([
    {
      level: 'info',
      context: { kind: 'status', records: 1 },
      message: 'callback: its sender was gone before the answer',
    },
  ])
})

test('slow headers: 408, counted once', async () => {
  const { app, url, counted } = await start({})
  app.server.headersTimeout = 100
  const connection = new RawConnection(url)
  connection.write('POST /rtc/status HTTP/1.1\r\nhost: x\r\n')
  const [answer] = await connection.answers()
  expect(answer).toMatchObject({
    status: 408,
    headers: { connection: 'close', 'content-type': 'application/json; charset=utf-8' },
    body: '{"resultcode":"408","resultdesc":"the request came too slowly","errors":[]}',
  })
  await connection.closed
  expect(await counted()).toEqual({ 'unknown timeout': 1 })
})

test('a slow body: 408, counted once, and nothing is taken', async () => {
  let taken = 0
  const { app, url, counted } = await start({ take: async () => void taken++ })
  app.server.headersTimeout = 50
  app.server.requestTimeout = 100
  const connection = new RawConnection(url)
  connection.write(wire('/rtc/status', callback).slice(0, -10))
  const [answer] = await connection.answers()
  expect(answer?.status).toBe(408)
  await connection.closed
  await sleep(50)
  expect(await counted()).toEqual({ 'unknown timeout': 1 })
  expect(taken).toBe(0)
})

test('an idle connection is neither slow nor counted', async () => {
  const { app, url, counted } = await start({})
  app.server.requestTimeout = 100
  app.server.headersTimeout = 100
  const connection = new RawConnection(url)
  connection.write(wire('/rtc/status', callback))
  await connection.answers(1)
  await sleep(2_500)
  connection.write(wire('/rtc/status', callback))
  expect(await connection.answers(2)).toHaveLength(2)
  expect(await counted()).toEqual({ 'status accepted': 2 })
})

test('the limits of the server are those that were promised', async () => {
  const { app } = await start({})
  const { requestTimeout, headersTimeout } = app.server
  expect({ requestTimeout, headersTimeout, bodyLimit: app.initialConfig.bodyLimit }).toEqual({
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    bodyLimit: 1_048_576,
  })
})

test('an internal error is answered 500, logged without its message, and the next callback is served', async () => {
  let mistakes = 1
  const take = async () => {
    if (mistakes-- > 0) throw new TypeError('caller +8613800000021 is not a function')
  }
  const { url, log, counted } = await start({ take })
  const answer = await send(`${url}/rtc/status`, callback)
  expect([answer.status, answer.body]).toEqual([500, '{"resultcode":"500","resultdesc":"internal error","errors":[]}'])
  expect((await send(`${url}/rtc/status`, callback)).body).toBe(ACCEPTED)
  expect(await counted()).toEqual({ 'status 500': 1, 'status accepted': 1 })
  expect(log.messages('error')).toEqual(['internal error while a callback was handled: please report'])
  expect(JSON.stringify(log.lines)).not.toContain('8613800000021')
})

test('a path token as long as a URL may be is taken', async () => {
  const token = 'a'.repeat(120)
  const { url } = await start({ environment: { PATH_TOKEN: token } })
  expect((await send(`${url}/rtc/${token}/status`, callback)).status).toBe(200)
})

test('while closing, requests on open connections are served, then the connections end', async () => {
  const stopping = new AbortController()
  const { app, url } = await start({ take: () => sleep(100), stopping: stopping.signal })
  const connections = Array.from({ length: 5 }, () => new RawConnection(url))
  for (const connection of connections) connection.write(wire('/rtc/status', callback))
  const silent = new RawConnection(url)
  const idle = new RawConnection(url)
  idle.write(wire('/rtc/status', callback))
  await idle.answers(1)
  await sleep(20)
  stopping.abort()
  const closed = app.close()
  for (const connection of connections) expect(await connection.answers(1)).toMatchObject([{ status: 200 }])
  await Promise.all([closed, idle.closed, silent.closed])
})
