import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACCEPTED, RawConnection, send, wire } from '../support/http.ts'
import { scrape, sum } from '../support/metrics.ts'
import { eventually, type Program, startProgram } from '../support/program.ts'
import { countRows, readTables } from '../support/tables.ts'

let database: TestDatabase
let program: Program

beforeAll(async () => {
  database = await freshDatabase()
  program = await startProgram({ database })
})

const body = (sessionId: string) => JSON.stringify(event(sessionId))

async function storedSessions(prefix: string): Promise<unknown[]> {
  const { call_events } = await readTables(database.pool)
  return call_events.map(({ session_id }) => session_id).filter((id) => String(id).startsWith(prefix))
}

function accepted(count: number): object[] {
  return Array.from({ length: count }, () => expect.objectContaining({ status: 200, body: ACCEPTED }))
}

const notHttp = { status: 400, body: '{"resultcode":"400","resultdesc":"the request is not HTTP","errors":[]}' }

/** What was counted while something happened, once it has been. */
async function countedDuring(happening: () => Promise<unknown>, callbacks: number): Promise<Record<string, number>> {
  const before = await scrape(program.adminUrl)
  await happening()
  const counted = async () => {
    const now = await scrape(program.adminUrl)
    const found: Record<string, number> = {}
    for (const [name, value] of now) {
      const more = value - (before.get(name) ?? 0)
      const outcome = /^rtc_callbacks_total{.*outcome="(\w+)"/.exec(name)?.[1]
      if (outcome !== undefined && more > 0) found[outcome] = more
    }
    return found
  }
  await eventually(counted, (found) => Object.values(found).reduce((a, b) => a + b, 0) >= callbacks)
  // Long enough for a second count of the same.
  await sleep(50)
  return counted()
}

test('several requests in one piece are answered in order and stored', async () => {
  const connection = new RawConnection(program.url)
  const names = Array.from({ length: 20 }, (_, n) => `pipelined ${String(n).padStart(2, '0')}`)
  connection.write(names.map((name) => wire('/rtc/status', body(name))).join(''))
  expect(await connection.answers(20)).toEqual(accepted(20))
  expect(await storedSessions('pipelined')).toEqual(names)
})

test('a request in pieces of one byte is a request', async () => {
  const connection = new RawConnection(program.url)
  connection.socket.setNoDelay(true)
  for (const byte of Buffer.from(wire('/rtc/status', body('bytewise')))) {
    connection.write(Buffer.of(byte))
    await new Promise(setImmediate)
  }
  expect(await connection.answers(1)).toEqual(accepted(1))
  expect(await storedSessions('bytewise')).toHaveLength(1)
})

test('after a refusal the connection is closed, and what stands before it is stored', async () => {
  const connection = new RawConnection(program.url)
  connection.write(wire('/rtc/status', body('before')) + wire('/rtc/status', '{}') + wire('/rtc/nowhere', '{}'))
  await connection.closed
  expect((await connection.answers()).map(({ status }) => status)).toEqual([200, 400])
  expect(await storedSessions('before')).toHaveLength(1)
})

test('chunks of any size make one body', async () => {
  const connection = new RawConnection(program.url)
  const chunks = [...body('chunked')].map((character) => `1\r\n${character}\r\n`).join('')
  const head = 'POST /rtc/status HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n'
  connection.write(`${head}${chunks}0\r\ntrailer: ignored\r\n\r\n`)
  expect(await connection.answers(1)).toEqual(accepted(1))
  expect(await storedSessions('chunked')).toHaveLength(1)
})

test('Expect: 100-continue gets its 100, then the answer', async () => {
  const connection = new RawConnection(program.url)
  const [head = '', payload = ''] = wire('/rtc/status', body('expected'), { expect: '100-continue' }).split(
    /(?<=\r\n\r\n)/,
  )
  connection.write(head)
  expect((await connection.answers(1)).map(({ status }) => status)).toEqual([100])
  connection.write(payload)
  expect((await connection.answers(2))[1]).toMatchObject({ status: 200, body: ACCEPTED })
})

test('HTTP/1.0 and an absolute URL, as old proxies write', async () => {
  for (const [target, version] of [
    ['/rtc/status', '1.0'],
    [`http://receiver.example.com/rtc/status`, '1.1'],
  ]) {
    const connection = new RawConnection(program.url)
    connection.write(wire('/rtc/status', body('old')).replace('/rtc/status HTTP/1.1', `${target} HTTP/${version}`))
    expect(await connection.answers(1)).toEqual(accepted(1))
    connection.socket.destroy()
  }
})

test.each([
  ['reset', 'aborted', (connection: RawConnection) => connection.socket.resetAndDestroy()],
  ['closed', 'malformed', (connection: RawConnection) => connection.socket.end()],
])('a body cut off half-way, connection %s: nothing is stored, and it is counted once', async (_name, outcome, cut) => {
  const rows = await countRows(database.pool)
  const counted = await countedDuring(async () => {
    const connection = new RawConnection(program.url)
    const whole = wire('/rtc/status', body('cut'))
    connection.write(whole.slice(0, -20))
    await sleep(50)
    cut(connection)
    await connection.closed
  }, 1)
  expect(counted).toEqual({ [outcome]: 1 })
  expect(await countRows(database.pool)).toEqual(rows)
})

test('a Content-Length that is too small cuts the body, and nothing of the rest is a request', async () => {
  const connection = new RawConnection(program.url)
  const smuggled = wire('/rtc/status', body('smuggled'))
  connection.write(wire('/rtc/status', `{"eventType":12345678}${smuggled}`, { 'content-length': '22' }))
  await connection.closed
  const [first, ...others] = await connection.answers()
  expect(first).toMatchObject({ status: 400, body: expect.stringContaining('/eventType must be') })
  expect(others).toEqual([])
})

test.each([
  ['both lengths', 'content-length: 2\r\ntransfer-encoding: chunked', '0\r\n\r\n'],
  ['two lengths', 'content-length: 2\r\ncontent-length: 3', '{}'],
  ['a length that is no number', 'content-length: two', '{}'],
  ['a negative length', 'content-length: -1', '{}'],
  ['a chunk size that is no number', 'transfer-encoding: chunked', 'zz\r\n{}\r\n0\r\n\r\n'],
  ['a line feed alone in a header', 'x: a\nb: c\x01', '{}'],
])('a request that is not HTTP: %s', async (_name, headers, payload) => {
  const counted = await countedDuring(async () => {
    const connection = new RawConnection(program.url)
    connection.write(`POST /rtc/status HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n${payload}`)
    await connection.closed
    expect(await connection.answers()).toEqual([expect.objectContaining(notHttp)])
  }, 1)
  expect(counted).toEqual({ malformed: 1 })
})

test('no Host header: refused, told and counted', async () => {
  const counted = await countedDuring(async () => {
    const connection = new RawConnection(program.url)
    connection.write(wire('/rtc/status', body('no host')).replace('host: localhost\r\n', ''))
    await connection.closed
    expect(await connection.answers()).toEqual([
      expect.objectContaining({
        status: 400,
        body: '{"resultcode":"400","resultdesc":"the request has no Host header","errors":[]}',
      }),
    ])
  }, 1)
  expect(counted).toEqual({ malformed: 1 })
  expect(await storedSessions('no host')).toEqual([])
})

test('CONNECT: refused, told and counted', async () => {
  const counted = await countedDuring(async () => {
    const connection = new RawConnection(program.url)
    connection.write('CONNECT www.example.com:443 HTTP/1.1\r\nhost: www.example.com:443\r\n\r\n')
    await connection.closed
    expect(await connection.answers()).toEqual([
      expect.objectContaining({
        status: 405,
        headers: expect.objectContaining({ allow: 'POST', connection: 'close' }),
        body: '{"resultcode":"405","resultdesc":"only POST is allowed here","errors":[]}',
      }),
    ])
  }, 1)
  expect(counted).toEqual({ method_not_allowed: 1 })
})

test.each(['h2c', 'websocket'])('an offer to speak %s is not taken up, the callback is', async (protocol) => {
  const counted = await countedDuring(async () => {
    const connection = new RawConnection(program.url)
    const headers = { connection: 'Upgrade', upgrade: protocol }
    connection.write(wire('/rtc/status', body(`upgrade to ${protocol}`), headers))
    expect(await connection.answers()).toEqual(accepted(1))
    connection.socket.destroy()
  }, 1)
  expect(counted).toEqual({ accepted: 1 })
})

test.each([
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['Redis', '*1\r\n$4\r\nPING\r\n'],
])('another protocol: %s', async (_name, bytes) => {
  const connection = new RawConnection(program.url)
  connection.write(Buffer.from(bytes, 'latin1'))
  await connection.closed
  expect(await connection.answers()).toEqual([expect.objectContaining(notHttp)])
})

test('headers beyond 16 KiB: 431', async () => {
  const counted = await countedDuring(async () => {
    const connection = new RawConnection(program.url)
    connection.write(wire('/rtc/status', body('headers'), { 'x-much': 'x'.repeat(20_000) }))
    await connection.closed
    expect(await connection.answers()).toEqual([
      expect.objectContaining({
        status: 431,
        body: '{"resultcode":"431","resultdesc":"the headers are too large","errors":[]}',
      }),
    ])
  }, 1)
  expect(counted).toEqual({ headers_too_large: 1 })
})

test('connections that say nothing or vanish cost nobody else anything', async () => {
  const silent = Array.from({ length: 100 }, () => new RawConnection(program.url))
  await Promise.all(silent.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))))
  expect((await send(`${program.url}/rtc/status`, event('while others are silent'))).status).toBe(200)
  for (const { socket } of silent) socket.resetAndDestroy()
  expect((await send(`${program.url}/rtc/status`, event('after they vanished'))).status).toBe(200)
})

test('senders that reset their connection in the midst of a body harm nobody, wherever they may come from', async () => {
  const locked = await startProgram({ database, env: { ALLOW_FROM: '127.0.0.0/8' } })
  const head = 'POST /rtc/status HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
  // In so many pieces it counts as large, and somebody has to be named for it.
  const pieces = `${head}Transfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(400)}`
  const rubbish = `${head}Content-Length: 3\r\n\r\nabc`
  for (const { url } of [program, locked]) {
    const reset = (data: string) => {
      const { socket } = new RawConnection(url)
      socket.write(data, () => socket.resetAndDestroy())
      return new Promise((resolve) => socket.once('close', resolve))
    }
    for (let round = 0; round < 15; round++)
      await Promise.all([pieces, rubbish, pieces, rubbish, pieces, rubbish, pieces, pieces].map(reset))
    expect((await send(`${url}/rtc/status`, event('after the resets'))).body).toBe(ACCEPTED)
  }
  expect(locked.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
})

test('none of this was an internal error', async () => {
  expect(program.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  expect(sum(await scrape(program.adminUrl), 'rtc_callbacks_total', { outcome: '500' })).toBe(0)
})
