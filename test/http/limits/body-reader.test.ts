import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BodyReader } from '../../../src/http/limits/body-reader.ts'
import { Budget } from '../../../src/http/limits/budget.ts'
import { event } from '../../support/callbacks.ts'
import { RawConnection, send } from '../../support/http.ts'
import { publicApp } from '../../support/public-app.ts'

const MiB = 2 ** 20

describe('bodies that never end', () => {
  function begin(url: string, localAddress: string): { socket: Socket; text: () => string } {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress })
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    socket.write(`POST /rtc/status HTTP/1.1\r\nhost: a\r\ncontent-length: ${MiB}\r\n\r\n`)
    socket.write(Buffer.alloc(MiB - 10, ' '))
    return { socket, text: () => text }
  }

  test('take no more than a share: what goes beyond is refused, others are served, and room comes back', async () => {
    const app = await publicApp()
    const url = await app.listen()
    const flood = Array.from({ length: 24 }, () => begin(url, '127.0.0.1'))
    await expect.poll(() => flood.filter(({ socket }) => socket.closed).length, { timeout: 10_000 }).toBe(8)
    expect(await app.metric('rtc_callbacks_total{kind="unknown",outcome="too_many"}')).toBe(8)
    const answered = flood.map(({ text }) => text()).filter((text) => text !== '')
    for (const text of answered) {
      expect(text).toMatch(/^HTTP\/1\.1 429 /)
      expect(text).toMatch(/\r\nretry-after: 60\r\n/)
      expect(text).toMatch(/\r\nconnection: close\r\n/)
    }
    expect(app.log.lines.filter(({ context }) => 'status' in context && context.status === 429)).toEqual([
      { level: 'warn', context: { source: '127.0.0.1', status: 429, leftOut: 0 }, message: 'callback refused' },
    ])

    // The very source is served as long as its bodies are small; another one is served whatever their size.
    const large = event('large', { note: 'x'.repeat(500_000) })
    const agent = new Agent({ localAddress: '127.0.0.2' })
    onTestFinished(() => agent.destroy())
    expect((await send(`${url}/rtc/status`, event('small'))).status).toBe(200)
    expect((await send(`${url}/rtc/status`, large, { agent })).status).toBe(200)

    for (const { socket } of flood) socket.destroy()
    await expect.poll(async () => (await send(`${url}/rtc/status`, large)).status).toBe(200)
  })

  test('our own proxy may begin as many as there is room for', async () => {
    const app = await publicApp({ TRUST_PROXY: '127.0.0.1/32' })
    const url = await app.listen()
    const flood = Array.from({ length: 24 }, () => begin(url, '127.0.0.1'))
    await Promise.all(flood.map(({ socket }) => once(socket, 'drain')))
    expect((await send(`${url}/rtc/status`, event('meanwhile'))).status).toBe(200)
    expect(flood.filter(({ socket }) => socket.closed)).toEqual([])
  })

  test('in pieces of one byte they are read no further than a few thousand, and answered late or at the end', async () => {
    const app = await publicApp()
    const connection = new RawConnection(await app.listen())
    connection.write('POST /rtc/status HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n')
    connection.write('1\r\n \r\n'.repeat(100_000))
    await sleep(500)
    expect(connection.received).toBe('')
    void app.app.close()
    expect(await connection.answers()).toMatchObject([
      { status: 413, body: expect.stringContaining('the body comes in too many pieces') },
    ])
    await connection.closed
  })
})

test('a source that sends in too many pieces may open few connections until it is answered', async () => {
  const app = await publicApp()
  const url = await app.listen()
  for (let n = 0; n < 20; n++) {
    const connection = new RawConnection(url)
    connection.write('POST /rtc/status HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n')
    connection.write('1\r\n \r\n'.repeat(6_000))
  }
  const isServed = (localAddress: string) => {
    const agent = new Agent({ localAddress, keepAlive: false })
    onTestFinished(() => agent.destroy())
    return send(`${url}/rtc/status`, event('one more'), { agent }).then(
      ({ status }) => status === 200,
      () => false,
    )
  }
  await expect.poll(() => isServed('127.0.0.1')).toBe(false)
  expect(await isServed('127.0.0.2')).toBe(true)
})

test('a body in pieces of any size is put together, also one as large as BODY_LIMIT', async () => {
  const app = await publicApp()
  const url = await app.listen()
  for (const [size, length] of [
    [7, 500],
    [100, 30_000],
    [1_500, MiB],
    [65_536, MiB],
  ] as const) {
    const empty = JSON.stringify(event('put together', { note: '' }))
    const whole = empty.replace('"note":""', `"note":"${'0123456789'.repeat(length).slice(0, length - empty.length)}"`)
    const connection = new RawConnection(url)
    connection.write('POST /rtc/status HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n')
    for (let at = 0; at < whole.length; at += size) {
      const chunk = whole.slice(at, at + size)
      connection.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
    }
    connection.write('0\r\n\r\n')
    expect(await connection.answers()).toMatchObject([{ status: 200 }])
    expect(app.taken.at(-1)?.body.toString()).toBe(whole)
    connection.socket.destroy()
  }
})

describe('a body that is refused whatever it says', () => {
  const token = 'abcdefghij-0123456789-Z'
  const enforce = {
    RTC_APPS: 'app:secret',
    RTC_AUTH: 'enforce',
    PUBLIC_URL: 'https://rtc.example.com',
    PATH_TOKEN: token,
  }
  const head = (more: string) => `POST /rtc/${token}/status HTTP/1.1\r\nhost: a\r\n${more}\r\n\r\n`

  test('is kept as far as it came in time', async () => {
    const app = await publicApp(enforce)
    const url = await app.listen()
    const started = performance.now()
    const slow = new RawConnection(url)
    slow.write(`${head('content-length: 100')}half of it`)
    const whole = new RawConnection(url)
    whole.write(`${head('content-length: 3')}all`)
    expect(await whole.answers()).toMatchObject([{ status: 401 }])
    expect(await slow.answers()).toMatchObject([{ status: 401 }])
    // Node itself would wait for 30 s.
    expect(performance.now() - started).toBeLessThan(25_000)
    expect(app.kept.map(({ body }) => body.toString())).toEqual(['all'])
  })

  test('in pieces of one byte, only the first of them are kept', async () => {
    const app = await publicApp(enforce)
    const connection = new RawConnection(await app.listen())
    connection.write(head('transfer-encoding: chunked'))
    connection.write('1\r\na\r\n'.repeat(30_000))
    await sleep(500)
    void app.app.close()
    expect(await connection.answers()).toMatchObject([{ status: 401 }])
    expect(app.kept[0]?.body.toString()).toMatch(/^a{4000,5000}$/)
  })

  test('all together they take 4 MiB of a source, until nobody holds them any more', async () => {
    const connections = new Budget(512, 512)
    const reader = new BodyReader({ limit: MiB, keptBytes: 65_536, connections, sourceOf: ({ ip }) => ip })
    /** Whether a body of 64 KiB is handed on; if so it is held until released. */
    const releases: (() => void)[] = []
    const offer = async (ip: string): Promise<boolean> => {
      const raw = new PassThrough()
      raw.end(Buffer.alloc(65_536))
      const request = { raw, ip, headers: { 'content-length': '65536' } } as unknown as FastifyRequest
      return new Promise((resolve) => {
        const hold = () => {
          resolve(true)
          return new Promise<void>((release) => releases.push(release))
        }
        void reader.beginning(request, hold).then(() => resolve(false))
      })
    }
    const handedOn = async (ip: string, count: number) =>
      (await Promise.all(Array.from({ length: count }, () => offer(ip)))).filter(Boolean).length
    expect(await handedOn('192.0.2.1', 100)).toBe(64)
    expect(await handedOn('192.0.2.2', 1)).toBe(1)
    for (const release of releases.splice(0)) release()
    await new Promise(setImmediate)
    expect(await handedOn('192.0.2.1', 1)).toBe(1)
  })
})
