import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { signedHeaders } from '../../src/platform/aksk.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { ACCEPTED, send } from '../support/http.ts'
import { scrape, sum } from '../support/metrics.ts'
import { cli, startProgram } from '../support/program.ts'
import { Random } from '../support/random.ts'
import { countRows, readTables } from '../support/tables.ts'

const appKey = 'a1d1f50cad21415fbe0bc7a2fa9b9d12'
const secretText = 'app-secret:7fd0c5f1'
const secret = createSecretKey(Buffer.from(secretText))
const PUBLIC_URL = 'https://rtc.example.com'
const enforce = { RTC_APPS: `${appKey}:${secretText}`, RTC_AUTH: 'enforce', PUBLIC_URL }
const sign = (path: string, more: object = {}) =>
  signedHeaders({ appKey, secret, url: `${PUBLIC_URL}${path}`, ...more })

test('what is signed is stored with its signer; what is not is refused and leaves nothing', async () => {
  const database = await freshDatabase()
  const { url } = await startProgram({ database, env: enforce })
  const status = `${url}/rtc/status`
  expect(await send(status, event('s-1'), { headers: sign('/rtc/status') })).toMatchObject({
    status: 200,
    body: ACCEPTED,
  })
  const feeHeaders = sign('/rtc/fee', { separator: '' })
  expect((await send(`${url}/rtc/fee`, fee(cdr('s-1'), cdr('s-2')), { headers: feeHeaders })).status).toBe(200)
  for (const headers of [
    {},
    sign('/elsewhere'),
    { 'x-aksk': 'x' },
    sign('/rtc/status', { secret: createSecretKey(Buffer.from('y')) }),
  ])
    expect(await send(status, event('s-3'), { headers })).toMatchObject({
      status: 401,
      headers: { 'content-type': 'application/json; charset=utf-8', connection: 'close' },
    })
  const tables = await readTables(database.pool)
  expect(tables.call_events).toMatchObject([{ session_id: 's-1', signed_by: appKey }])
  expect(tables.cdrs).toMatchObject([
    { session_id: 's-1', signed_by: appKey },
    { session_id: 's-2', signed_by: appKey },
  ])
  expect(tables.quarantine).toEqual([])
})

test('one captured header, forty bodies at once: one of them is stored', async () => {
  const database = await freshDatabase()
  const { url } = await startProgram({ database, env: enforce })
  const headers = sign('/rtc/status')
  const agent = new Agent({ keepAlive: true, maxSockets: 40 })
  const warm = (n: number) => send(`${url}/rtc/status`, event(`warm-${n}`), { agent, headers: sign('/rtc/status') })
  await Promise.all(Array.from({ length: 40 }, (_, n) => warm(n)))
  const forged = (n: number) => send(`${url}/rtc/status`, event(`forged-${n}`), { agent, headers })
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => forged(n)))
  agent.destroy()
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(39)
  const { call_events } = await readTables(database.pool)
  expect(call_events.filter(({ session_id }) => String(session_id).startsWith('forged'))).toHaveLength(1)
})

describe('with a path token', () => {
  const PATH_TOKEN = 'ThePathToken-0123456789'
  const ADMIN_TOKEN = 'the-admin-token-0123456789'

  test('a mixed-up secret costs nothing: what came is in quarantine and can be replayed', async () => {
    const database = await freshDatabase()
    const { url, env } = await startProgram({ database, env: { ...enforce, PATH_TOKEN } })
    const path = `/rtc/${PATH_TOKEN}/status`
    const mixedUp = sign(path, { secret: createSecretKey(Buffer.from('the secret of yesterday')) })
    expect((await send(url + path, event('s-1'), { headers: mixedUp })).status).toBe(401)
    expect(await readTables(database.pool)).toMatchObject({
      call_events: [],
      quarantine: [{ kind: 'unauthenticated', reason: 'wrong_digest', body: JSON.stringify(event('s-1')) }],
    })
    expect(await cli(['quarantine', 'replay', '--reason', 'wrong_digest'], { env })).toMatchObject({ code: 0 })
    const { call_events } = await readTables(database.pool)
    expect(call_events).toMatchObject([{ session_id: 's-1' }])
    expect(call_events[0]).not.toHaveProperty('signed_by')
  })

  test('no secret, token, digest or nonce is written anywhere', async () => {
    const database = await freshDatabase()
    const env = { ...enforce, PATH_TOKEN, ADMIN_TOKEN, LOG_LEVEL: 'trace', ALLOW_FROM: '127.0.0.1/32' }
    const program = await startProgram({ database, env })
    const path = `/rtc/${PATH_TOKEN}/status`
    const used: string[] = [secretText, PATH_TOKEN, ADMIN_TOKEN, '13800000021']
    const post = async (where: string, headers: Record<string, string>, payload: object | string = event('s-1')) => {
      const [, digest = '', nonce = ''] = /PasswordDigest="([^"]+)",Nonce="([^"]+)"/.exec(headers['x-aksk'] ?? '') ?? []
      used.push(...[digest, nonce].filter((text) => text !== ''))
      return (await send(program.url + where, payload, { headers })).status
    }
    const good = sign(path)
    const from2 = new Agent({ localAddress: '127.0.0.2' })
    expect(await post(path, good)).toBe(200)
    expect(await post(path, good, event('s-2'))).toBe(401)
    expect(await post(path, sign('/elsewhere'))).toBe(401)
    expect(await post(path, {})).toBe(401)
    expect(await post(path, sign(path), 'not JSON')).toBe(400)
    expect(await post(`${path}x`, sign(path))).toBe(404)
    expect(await post(path, { ...sign(path), 'content-encoding': 'gzip' })).toBe(415)
    expect((await send(program.url + path, event('s-1'), { agent: from2, headers: sign(path) })).status).toBe(403)
    from2.destroy()
    const admin = { method: 'GET', headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }
    const metrics = await send(`${program.adminUrl}/metrics`, undefined, admin)
    const openapi = await send(`${program.adminUrl}/openapi.json`, undefined, admin)
    expect([metrics.status, openapi.status]).toEqual([200, 200])
    expect(metrics.body).toContain(`rtc_signature_total{app="${appKey}",result="verified",form="lf_status"}`)
    const written = program.output() + metrics.body + openapi.body
    expect(program.lines.length).toBeGreaterThan(5)
    for (const text of used) expect(written).not.toContain(text)

    // Nor is a secret in what ps shows.
    const commandLine = await readFile(`/proc/${program.pid}/cmdline`, 'utf8').catch(() => '')
    for (const text of [secretText, PATH_TOKEN, ADMIN_TOKEN]) expect(commandLine).not.toContain(text)
  })
})

/** Mutated requests to send; 100,000 take some minutes. */
const mutants = Number(process.env.MUTANTS ?? 1_000)

test(
  `${mutants} mutated requests: not one row, no crash, no 5xx, and the platform is served all the while`,
  async () => {
    const database = await freshDatabase()
    const program = await startProgram({ database, env: enforce })
    const { hostname, port } = new URL(program.url)
    const random = new Random(4)

    // What an eavesdropper has: a callback of the platform's, body and all.
    const captured = { headers: sign('/rtc/status'), body: JSON.stringify(event('captured')) }
    expect((await send(`${program.url}/rtc/status`, captured.body, captured)).status).toBe(200)
    const original =
      `POST /rtc/status HTTP/1.1\r\nHost: rtc.example.com\r\nContent-Type: application/json;charset=UTF-8\r\n` +
      `Authorization: ${captured.headers.authorization}\r\nX-AKSK: ${captured.headers['x-aksk']}\r\n` +
      `Content-Length: ${captured.body.length}\r\n\r\n${captured.body}`

    let served = 0
    let slowest = 0
    let done = false
    const platform = (async () => {
      while (!done) {
        const started = performance.now()
        const callback = event(`good-${served}`)
        expect((await send(`${program.url}/rtc/status`, callback, { headers: sign('/rtc/status') })).status).toBe(200)
        served++
        slowest = Math.max(slowest, performance.now() - started)
        await sleep(100)
      }
    })()

    const statuses = new Map<string, number>()
    const memory: number[] = []
    let sent = 0
    const attack = async () => {
      while (sent < mutants) {
        const n = sent++
        if (n % Math.ceil(mutants / 20) === 0) memory.push(await residentBytes(program.pid))
        const socket = connect({ host: hostname, port: Number(port), localAddress: `127.0.1.${1 + (n % 250)}` })
        let answer = ''
        socket.on('error', () => {})
        socket.setEncoding('latin1').on('data', (text) => {
          answer += text
        })
        // What the receiver waits for in vain is not waited for here.
        socket.setTimeout(1_000, () => socket.destroy())
        socket.end(Buffer.from(mutate(original, random), 'latin1'))
        await once(socket, 'close').catch(() => {})
        for (const [, status = ''] of answer.matchAll(/^HTTP\/1\.1 (\d+)/gm))
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: 16 }, attack))
    done = true
    await platform

    expect([...statuses.keys()].filter((status) => status.startsWith('5'))).toEqual([])
    expect(statuses.get('401')).toBeGreaterThan(mutants / 4)
    expect(await countRows(database.pool)).toEqual({ call_events: 1 + served, cdrs: 0, quarantine: 0 })
    expect(slowest).toBeLessThan(10_000)
    // The heap has grown to its working size in the first quarter.
    const [early, late] = [memory.slice(4, 8), memory.slice(-4)].map((part) => Math.max(...part)) as [number, number]
    expect((late - early) / 2 ** 20).toBeLessThan(64)
    const counted = await scrape(program.adminUrl)
    expect(sum(counted, 'rtc_signature_total', { app: appKey, result: 'verified' })).toBeGreaterThan(served)
    if (process.env.MUTANTS) console.log({ statuses: Object.fromEntries(statuses), served, slowest, early, late })
  },
  120_000 + mutants * 20,
)

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
}

/** A request with one to four things wrong. */
function mutate(original: string, random: Random): string {
  let text = original
  for (let left = random.whole(1, 4); left > 0; left--) text = random.pick(mutations)(text, random)
  return text
}

const line = (name: string) => new RegExp(`^${name}: .*\r\n`, 'm')
const junk = (random: Random, length: number) =>
  Array.from({ length }, () => String.fromCharCode(random.whole(0, 255))).join('')
const names = ['Authorization', 'X-AKSK', 'Content-Length', 'Content-Type', 'Host']

const mutations: ((text: string, random: Random) => string)[] = [
  // Bytes changed, put in, left out, anywhere.
  (text, random) => {
    const at = random.whole(0, text.length - 1)
    return text.slice(0, at) + junk(random, random.whole(0, 3)) + text.slice(at + random.whole(0, 3))
  },
  // The body: another one under the captured header.
  (text, random) => {
    const [head = '', ...rest] = text.split('\r\n\r\n')
    const body = `${rest.join('\r\n\r\n').replace('captured', `forged-${random.whole(1, 1e9)}`)} `
    return `${head.replace(/Content-Length: \d+/, `Content-Length: ${body.length}`)}\r\n\r\n${body}`
  },
  (text, random) =>
    text.replace(/Content-Length: \d+/, `Content-Length: ${random.pick([0, 1, 50, 1e9, -1, 'x', '1, 2'])}`),
  (text) => text.replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked'),
  (text, random) => text.replace(line(random.pick(names)), ''),
  (text, random) => {
    const header = line(random.pick(names)).exec(text)?.[0] ?? ''
    return text.replace(header, header + header)
  },
  (text, random) =>
    text.replace(/(Username|PasswordDigest|Nonce|Created)="/, `$1="${random.pick(['', 'x', 'AAAA', ' '])}`),
  (text, random) =>
    text.replace(/PasswordDigest="[^"]*"/, `PasswordDigest="${Buffer.from(junk(random, 32)).toString('base64')}"`),
  (text, random) => text.replace(/Nonce="[^"]*"/, `Nonce="${random.whole(1, 1e15)}"`),
  (text, random) => text.replace(/Created="(\d{4})/, `Created="${random.whole(2000, 2099)}`),
  (text, random) => text.replace(/,(?=[A-Z])/g, random.pick([', ', ',,', ';', ',\t', ' '])),
  (text, random) =>
    text.replace(
      '/rtc/status',
      random.pick([
        '/rtc/fee',
        '/rtc//status',
        '/rtc/status/',
        '/rtc/%73tatus',
        '/rtc/status?x=1',
        '/',
        '*',
        '/rtc/../rtc/status',
        `/${junk(random, 9)}`,
        '/rtc/status;x',
        'http://h/rtc/status',
      ]),
    ),
  (text, random) =>
    text.replace(
      'POST',
      random.pick(['GET', 'PUT', 'OPTIONS', 'HEAD', 'post', 'CONNECT', 'TRACE', 'QUERY', 'PATCH', 'X']),
    ),
  (text, random) =>
    text.replace(
      'HTTP/1.1',
      random.pick([
        'HTTP/1.0',
        'HTTP/2.0',
        'HTTP/0.9',
        'HTTP/1.1\r\nExpect: 100-continue',
        'HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade',
      ]),
    ),
  (text, random) => text.replace('Host:', `X-${random.whole(1, 9)}: ${'x'.repeat(random.whole(1, 20_000))}\r\nHost:`),
  (text, random) => text.slice(0, random.whole(1, text.length)),
  (text) => text.replace('UsernameToken', 'usernametoken').replace('X-AKSK', 'x_aksk'),
]
