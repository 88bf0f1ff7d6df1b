import { EventEmitter, once } from 'node:events'
import { Agent, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Budget } from '../../../src/http/limits/budget.ts'
import { limitConnections, mostPerSource } from '../../../src/http/limits/connections.ts'
import { OncePerMinute } from '../../../src/lib/once-a-minute.ts'
import { Metrics } from '../../../src/metrics/metrics.ts'
import { event } from '../../support/callbacks.ts'
import { send, wire } from '../../support/http.ts'
import { publicApp } from '../../support/public-app.ts'
import { TestLog } from '../../support/spool.ts'

/** Lines are counted by the minute of the clock, which shall not turn meanwhile. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('ALLOW_FROM', () => {
  const ask = async (
    environment: Record<string, string>,
    remoteAddress: string,
    headers: Record<string, string> = {},
  ) => {
    const built = await publicApp(environment)
    const answer = await built.app.inject({
      method: 'POST',
      url: '/rtc/status',
      remoteAddress,
      headers,
      payload: event('s-1'),
    })
    return { ...built, status: answer.statusCode }
  }
  const allow = { ALLOW_FROM: '192.0.2.0/24,2001:db8::/32' }
  const proxied = { ...allow, TRUST_PROXY: '10.0.0.0/8' }

  test.each([
    ['192.0.2.7', 200],
    ['::ffff:192.0.2.7', 200],
    ['2001:db8::7', 200],
    ['198.51.100.7', 403],
    ['::1', 403],
  ])('%s: %i', async (address, status) => {
    expect((await ask(allow, address)).status).toBe(status)
  })

  test.each([
    ['10.0.0.1', '192.0.2.7', 200],
    ['::ffff:10.0.0.1', '192.0.2.7', 200],
    ['10.0.0.1', '192.0.2.7, 10.2.3.4', 200],
    ['10.0.0.1', '198.51.100.7', 403],
    ['10.0.0.1', '192.0.2.7, 198.51.100.7', 403], // what a stranger wrote stands left of what the proxy saw
    ['10.0.0.1', 'unknown', 403],
    ['10.0.0.1', '', 403],
    ['198.51.100.7', '192.0.2.7', 403],
    ['192.0.2.7', '198.51.100.7', 200],
  ])('from %s with X-Forwarded-For %j: %i', async (address, forwardedFor, status) => {
    expect((await ask(proxied, address, { 'x-forwarded-for': forwardedFor })).status).toBe(status)
  })

  test('a forwarded header is not believed without TRUST_PROXY, and that is said once', async () => {
    const { app, log, status } = await ask(allow, '198.51.100.7', { 'x-forwarded-for': '192.0.2.7' })
    expect(status).toBe(403)
    const again = { forwarded: 'for=192.0.2.7' }
    await app.inject({
      method: 'POST',
      url: '/rtc/status',
      remoteAddress: '198.51.100.8',
      headers: again,
      payload: '{}',
    })
    expect(log.messages('warn').filter((message) => message.includes('TRUST_PROXY'))).toHaveLength(1)
  })

  test('with it nothing is said', async () => {
    const { log } = await ask(proxied, '10.0.0.1', { 'x-forwarded-for': '192.0.2.7' })
    expect(log.messages('warn')).toEqual([])
  })

  test('a refused source is logged once a minute', async () => {
    stopTheClock()
    const { app, log } = await ask(allow, '198.51.100.7')
    for (const remoteAddress of ['198.51.100.7', '198.51.100.7', '198.51.100.8'])
      await app.inject({ method: 'POST', url: '/rtc/status', remoteAddress, payload: '{}' })
    const refused = log.lines.filter(({ message }) => message === 'callback refused').map(({ context }) => context)
    const sources = refused.filter((context) => (context as { status: number }).status === 403)
    expect(sources).toEqual([
      { source: '198.51.100.7', status: 403, leftOut: 0 },
      { source: '198.51.100.8', status: 403, leftOut: 0 },
    ])
  })
})

describe('connections', () => {
  /** A listener to which connections come by name of their source, and how many of each are open. */
  function listener(most: number, perSource: number) {
    const server = new EventEmitter()
    const log = new TestLog()
    const open: { source: string; socket: EventEmitter }[] = []
    const { connections: metrics } = new Metrics()
    const isProxy = (address: string | undefined) => address === '10.0.0.1'
    const share = new Budget(perSource, Number.POSITIVE_INFINITY)
    limitConnections(server as Server, { most, perSource: share, isProxy, metrics, log })
    return {
      log,
      open: () => open.map(({ source }) => source),
      /** Whether it stays open. */
      dial(remoteAddress: string): boolean {
        const socket = Object.assign(new EventEmitter(), {
          remoteAddress,
          destroy() {
            const at = open.findIndex((entry) => entry.socket === socket)
            open.splice(at, 1)
            setImmediate(() => socket.emit('close'))
          },
        })
        open.push({ source: remoteAddress, socket })
        server.emit('connection', socket)
        return open.some((entry) => entry.socket === socket)
      },
      hangUp: () => open.shift()?.socket.emit('close'),
    }
  }

  test('of an IPv6 network count together', () => {
    const { dial, log } = listener(100, 3)
    const network = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4', '2001:db8::5']
    expect(network.map(dial)).toEqual([true, true, true, false, false])
    expect(dial('2001:db8:0:1::1')).toBe(true)
    expect(log.lines.map(({ context }) => context)).toEqual([{ source: '2001:db8:0:0::/64', connections: 3 }])
  })

  test('where all are too many, the oldest of the source with the most makes room', async () => {
    const { dial, open, log } = listener(5, 4)
    for (const source of ['192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.2', '192.0.2.1'])
      expect(dial(source)).toBe(true)
    for (const source of ['192.0.2.3', '192.0.2.4']) expect(dial(source)).toBe(true)
    expect(open()).toEqual(['192.0.2.2', '192.0.2.2', '192.0.2.1', '192.0.2.3', '192.0.2.4'])
    const message = 'closed: there are too many connections'
    expect(log.lines).toEqual(
      ['192.0.2.2', '192.0.2.1'].map((source) => ({ level: 'warn', context: { source, connections: 5 }, message })),
    )
  })

  test('our own proxy is closed for nobody, and nobody else gets in where it holds all', () => {
    const { dial, open, hangUp } = listener(3, 2)
    for (let n = 0; n < 3; n++) expect(dial('10.0.0.1')).toBe(true)
    expect([dial('192.0.2.1'), dial('10.0.0.1')]).toEqual([false, false])
    hangUp()
    expect(dial('192.0.2.1')).toBe(true)
    expect(dial('10.0.0.1')).toBe(true)
    expect(open()).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1'])
  })
})

describe('requests under way', () => {
  const proxied = { TRUST_PROXY: '10.0.0.0/8', MAX_CONNECTIONS: '600' }
  /** Requests of which none ends before all have begun; the statuses of their answers. */
  async function atOnce(environment: Record<string, string>, requests: { from: string; for?: string }[]) {
    let finish = () => {}
    const all = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { app, metric } = await publicApp(environment, () => all)
    const answers = requests.map(async (request) => {
      const headers = request.for === undefined ? {} : { 'x-forwarded-for': request.for }
      const options = { method: 'POST', url: '/rtc/status', remoteAddress: request.from, headers } as const
      return (await app.inject({ ...options, payload: event('s-1') })).statusCode
    })
    await sleep(200)
    finish()
    const statuses = await Promise.all(answers)
    const count = (status: number) => statuses.filter((found) => found === status).length
    expect(await metric('rtc_callbacks_total{kind="unknown",outcome="too_many"}')).toBe(count(429))
    // Room comes back.
    const later = await app.inject({
      method: 'POST',
      url: '/rtc/status',
      remoteAddress: '10.0.0.1',
      payload: event('s-2'),
    })
    expect(later.statusCode).toBe(200)
    return { taken: count(200), tooMany: count(429), unavailable: count(503) }
  }
  const many = (count: number, from: string, forWhom?: string) =>
    Array.from({ length: count }, () => (forWhom === undefined ? { from } : { from, for: forWhom }))

  test('behind our proxy one address may have no more than it may without', async () => {
    const requests = [...many(mostPerSource + 20, '10.0.0.1', '192.0.2.7'), ...many(5, '10.0.0.1', '192.0.2.8')]
    expect(await atOnce(proxied, requests)).toEqual({ taken: mostPerSource + 5, tooMany: 20, unavailable: 0 })
  })

  test('where the proxy does not say for whom, what all may have holds', async () => {
    expect(await atOnce(proxied, many(620, '10.0.0.1'))).toEqual({ taken: 600, tooMany: 0, unavailable: 20 })
  })
})

test('lines are bounded whatever the number of sources', () => {
  const lines = new OncePerMinute()
  const due = (minute: number) =>
    Array.from({ length: 5000 }, (_, i) => lines.isDue(`s${i}`, minute * 60_000)).filter(Boolean)
  expect([due(1).length, due(1).length, due(2).length]).toEqual([1000, 0, 1000])
})

describe('one source misbehaves, another is served', () => {
  /** A connection from an address of loopback. */
  function dial(url: string, localAddress: string): Socket {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress }).resume()
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    return socket
  }

  /** Sends good callbacks from 127.0.0.2 until stopped; resolves to the slowest answer in ms. */
  function serveMeanwhile(url: string): () => Promise<{ served: number; slowest: number }> {
    const agent = new Agent({ keepAlive: false, localAddress: '127.0.0.2' })
    let [served, slowest, stop] = [0, 0, false]
    const loop = (async () => {
      while (!stop) {
        const started = performance.now()
        const options = { agent }
        const { status } = await send(`${url}/rtc/status`, event(`s-${served}`), options)
        expect(status).toBe(200)
        served++
        slowest = Math.max(slowest, performance.now() - started)
        await sleep(20)
      }
    })()
    return async () => {
      stop = true
      await loop
      return { served, slowest }
    }
  }

  test('a flood of connections: no more than the cap stays open, and that is logged once', async () => {
    stopTheClock()
    const app = await publicApp()
    const url = await app.listen()
    const stop = serveMeanwhile(url)
    const sockets = Array.from({ length: mostPerSource + 100 }, () => dial(url, '127.0.0.1'))
    const closed = () => sockets.filter((socket) => socket.closed).length
    await expect.poll(closed, { timeout: 30_000 }).toBe(100)
    await sleep(100)
    expect(closed()).toBe(100)
    expect(app.log.lines).toContainEqual({
      level: 'warn',
      context: { source: '127.0.0.1', connections: mostPerSource },
      message: 'closed: the source has too many connections',
    })
    expect(app.log.messages('warn')).toHaveLength(1)
    const { served, slowest } = await stop()
    expect(served).toBeGreaterThan(0)
    expect(slowest).toBeLessThan(10_000)
    // Room comes back with every connection that closes.
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await send(`${url}/rtc/status`, event('s'))).status).toBe(200)
  })

  test('our own proxy may hold as many as it needs', async () => {
    const app = await publicApp({ TRUST_PROXY: '127.0.0.1/32' })
    const url = await app.listen()
    const sockets = Array.from({ length: mostPerSource + 50 }, () => dial(url, '127.0.0.1'))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    await sleep(100)
    expect(sockets.filter((socket) => socket.closed)).toEqual([])
  })

  test('headers that come by the byte are cut off in time', async () => {
    const app = await publicApp()
    const url = await app.listen()
    // Node looks every two seconds; shortened here so that the test need not wait for the ten that clients get.
    app.app.server.headersTimeout = 500
    const stop = serveMeanwhile(url)
    const slow = Array.from({ length: 50 }, () => dial(url, '127.0.0.1'))
    for (const socket of slow) socket.write('POST /rtc/status HTTP/1.1\r\nhost: a\r\n')
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('x: y\r\n')
    }, 100)
    onTestFinished(() => clearInterval(drip))
    await Promise.all(slow.map((socket) => once(socket, 'close')))
    expect((await stop()).slowest).toBeLessThan(10_000)
  })

  test('a flood of headers is refused', async () => {
    const app = await publicApp()
    const url = await app.listen()
    const stop = serveMeanwhile(url)
    const headers = Array.from({ length: 100_000 }, (_, i) => `x-${i}: y\r\n`).join('')
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = dial(url, '127.0.0.1')
        socket.write(`POST /rtc/status HTTP/1.1\r\nhost: a\r\n${headers}\r\n`)
        const chunks: Buffer[] = []
        socket.on('data', (chunk) => chunks.push(chunk))
        await once(socket, 'close')
        return Buffer.concat(chunks).toString().split('\r\n')[0] ?? ''
      }),
    )
    // A connection that is cut while it still sends may lose its answer.
    for (const line of answers) expect(line).toMatch(/^(HTTP\/1\.1 431 .*)?$/)
    expect(app.taken.every(({ body }) => body.length > 0)).toBe(true)
    expect((await stop()).slowest).toBeLessThan(10_000)
  })

  test('thousands of pipelined requests are answered in turn, refused ones end the connection', async () => {
    const app = await publicApp()
    const url = await app.listen()
    const stop = serveMeanwhile(url)
    const good = dial(url, '127.0.0.1')
    let text = ''
    good.on('data', (chunk) => {
      text += chunk
    })
    good.write(wire('/rtc/status', JSON.stringify(event('p'))).repeat(5_000))
    await expect.poll(() => text.split('HTTP/1.1 200').length - 1, { timeout: 30_000 }).toBe(5_000)
    const bad = dial(url, '127.0.0.1')
    bad.write(wire('/nowhere', '{}').repeat(5_000))
    await once(bad, 'close')
    expect((await stop()).slowest).toBeLessThan(10_000)
  })
})

test('a connection that is given up is closed, though the other side never closes', async () => {
  const { app, listen } = await publicApp()
  const { port } = new URL(await listen())
  const socket = connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.resume().write('rubbish\r\n\r\n')
  await once(socket, 'end')
  const open = () => new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count)))
  // Node itself would see to it after ten seconds.
  await expect.poll(open, { timeout: 7_000 }).toBe(0)
})
