import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyRequest } from 'fastify'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { BodyBudget } from '../../src/routes/body-budget.ts'
import { bodyReader } from '../../src/routes/body-reader.ts'
import { event } from '../support/callbacks.ts'
import { RawConnection, send } from '../support/http.ts'
import { publicApp } from '../support/public-app.ts'

const MiB = 2 ** 20

describe('the budget', () => {
  test('a source has its share, all have four of them, and room comes back', () => {
    const budget = new BodyBudget(MiB)
    expect(budget.share).toBe(16 * MiB)
    for (const source of ['a', 'b', 'c']) expect(budget.hold(source, 16 * MiB)).toBeUndefined()
    expect(budget.hold('a', 1)).toBe(429)
    expect(budget.hold('d', 15 * MiB)).toBeUndefined()
    expect(budget.hold('e', MiB + 1)).toBe(503)
    expect(budget.hold('e', MiB)).toBeUndefined()
    budget.release('a', 16 * MiB)
    expect(budget.hold('a', 16 * MiB)).toBeUndefined()
    for (const [source, bytes] of Object.entries({ a: 16, b: 16, c: 16, d: 15, e: 1 }))
      budget.release(source, bytes * MiB)
    expect(budget.held).toBe(0)
  })

  test('our own proxy has no share, but the sum holds for it', () => {
    const budget = new BodyBudget(MiB)
    expect(budget.hold(undefined, 60 * MiB)).toBeUndefined()
    expect(budget.hold(undefined, 5 * MiB)).toBe(503)
    budget.release(undefined, 60 * MiB)
    expect(budget.held).toBe(0)
  })

  test('one body as large as BODY_LIMIT always fits in a share', () => {
    expect(new BodyBudget(100 * MiB).share).toBeGreaterThan(100 * MiB)
  })
})

describe('a body over the limit is refused once it has been read: closing before could take the answer with it', () => {
  function read(headers: IncomingHttpHeaders) {
    const payload = new PassThrough()
    const reader = bodyReader({ limit: 10, budget: new BodyBudget(10), shareOf: () => 'a' })
    const done = vi.fn()
    reader({ headers } as FastifyRequest, payload as unknown as IncomingMessage, done)
    payload.write('more than ten bytes')
    return { payload, done }
  }
  const refused = expect.objectContaining({ status: 413 })

  test.each([{ 'content-length': '30' }, { 'transfer-encoding': 'chunked' }])('%j', async (headers) => {
    const { payload, done } = read(headers)
    await new Promise(setImmediate)
    expect(done).not.toHaveBeenCalled()
    payload.end('and the rest')
    await finished(payload)
    expect(done).toHaveBeenCalledExactlyOnceWith(refused)
  })

  test('and where the rest does not come, soon', () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { done } = read({ 'content-length': '30' })
    vi.advanceTimersByTime(1_000)
    expect(done).toHaveBeenCalledExactlyOnceWith(refused)
  })
})

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
    await expect.poll(() => flood.filter(({ socket }) => socket.closed).length, { timeout: 10_000 }).toBe(9)
    expect(await app.metric('rtc_callbacks_total{kind="unknown",outcome="too_many_bytes"}')).toBe(9)
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

  test('in pieces of one byte they cost what they really take', async () => {
    const app = await publicApp()
    const connection = new RawConnection(await app.listen())
    connection.write('POST /rtc/status HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n')
    connection.write('1\r\n \r\n'.repeat(100_000))
    expect(await connection.answers()).toMatchObject([{ status: 429 }])
    await connection.closed
  })
})
