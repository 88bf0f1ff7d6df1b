import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as http, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Finding } from '../../src/commands/check/finding.ts'
import { checkPublicUrls } from '../../src/commands/check/public-url.ts'
import { loadConfig } from '../../src/config/config.ts'
import { refusal } from '../../src/http/refusals.ts'
import { event } from '../support/callbacks.ts'
import { selfSigned } from '../support/certificates.ts'
import { emptyDatabase, freshDatabase, type TestDatabase } from '../support/database.ts'
import { send } from '../support/http.ts'
import { cli, type Program, startProgram, temporaryDataDir } from '../support/program.ts'
import { countRows } from '../support/tables.ts'

const PATH_TOKEN = 'ThePathToken-0123456789'
const locks = { PATH_TOKEN, RTC_APPS: 'app:the-app-secret', RTC_AUTH: 'enforce' }

/** Runs `check` and returns its findings as `state check: what`. */
async function check(env: Record<string, string>) {
  const { code, stdout, stderr } = await cli(['check', '--json'], { env })
  const found: Finding[] = JSON.parse(stdout)
  return { code, stderr, stdout, found, lines: found.map(({ state, check, what }) => `${state} ${check}: ${what}`) }
}

describe('beside a receiver', () => {
  let database: TestDatabase
  let program: Program
  let env: Record<string, string>

  beforeAll(async () => {
    database = await freshDatabase()
    // The public URL leads to the receiver itself, as it does behind a proxy.
    const PUBLIC_URL = 'https://rtc.example.com'
    program = await startProgram({ database, env: { ...locks, PUBLIC_URL } })
    env = { ...program.env, PORT: new URL(program.url).port, ADMIN_PORT: new URL(program.adminUrl).port }
  })

  test('without a callback it says so, and with some how they were answered', async () => {
    const own = await startProgram({
      env: { ...locks, PUBLIC_URL: 'https://rtc.example.com', ADMIN_TOKEN: 'a-token-of-16-chars' },
    })
    const ownEnv = { ...own.env, PORT: new URL(own.url).port, ADMIN_PORT: new URL(own.adminUrl).port }
    const before = await check(ownEnv)
    expect(before.lines).toContainEqual(expect.stringMatching(/^careful callbacks: none came since its start at 2/))
    expect(before.lines).toContain('ok quarantine: nothing is open')
    expect(before.stdout).not.toContain('a-token-of-16-chars')

    await send(`${own.url}/rtc/status`, event('unknown path'))
    for (let n = 0; n < 2; n++) await send(`${own.url}/rtc/${PATH_TOKEN}/status`, event('not signed'))
    const { found, lines } = await check(ownEnv)
    const todo = (what: RegExp) => found.find((finding) => what.test(finding.what))?.todo
    expect(lines).toContainEqual(
      expect.stringMatching(/^ok callbacks: 1 with status events were accepted .*, the last at 2/),
    )
    expect(todo(/^none with CDRs was accepted/)).toBe('docs/nothing-arrives.md, section 1')
    expect(todo(/^1 were answered 404 .*: not_found$/)).toBe('docs/nothing-arrives.md, section 5')
    expect(todo(/^2 were answered 401 .*: unauthenticated \(missing 2\)$/)).toBe('docs/nothing-arrives.md, section 7')
    expect(lines).toContain('careful quarantine: open entries by reason: missing 1')
    const stranger = await check({ ...ownEnv, ADMIN_TOKEN: 'another-of-16-chars' })
    expect(stranger.lines).toContainEqual(expect.stringMatching(/^unknown callbacks: .*it answers 401/))
  })

  test('a signed callback is sent, found and removed', async () => {
    const { lines, stdout } = await check(env)
    expect(lines).toContain('ok self-test: a signed callback was taken and stored')
    expect(lines).toContain('ok database: it is migrated to this release')
    expect(lines).toContain('ok spool: no record waits for Postgres')
    expect(lines).toContain('ok locks: strangers are kept out by RTC_AUTH=enforce, PATH_TOKEN')
    expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 0, quarantine: 0 })
    expect(stdout).not.toMatch(/the-app-secret|ThePathToken/)
  })

  test.each([
    [{ RTC_APPS: 'app:another' }, [/^wrong self-test: the receiver refuses what the secret of RTC_APPS signs/]],
    [{ PATH_TOKEN: `${PATH_TOKEN}x` }, [/^wrong self-test: the receiver does not know the path/]],
    [
      { PORT: '1', PUBLIC_URL: 'http://127.0.0.1:1' },
      [
        /^wrong self-test: nothing takes callbacks on port 1 of this machine \(ECONNREFUSED\)/,
        /^careful URLs: statusUrl is http/,
        /^careful http:\/\/127\.0\.0\.1:1: its name leads to 127\.0\.0\.1, which the Internet/,
        /^unknown http:\/\/127\.0\.0\.1:1: cannot be reached from this machine/,
      ],
    ],
    [
      { DATABASE_URL: 'postgres://127.0.0.1:1/x' },
      [
        /^wrong database: Postgres cannot be used \(ECONNREFUSED\)/,
        /^unknown self-test: a callback was taken, but Postgres cannot be asked/,
      ],
    ],
    [
      { PUBLIC_URL: `https://${'long.'.repeat(19)}invalid` },
      [/^wrong URLs: the platform refuses statusUrl: it must have/, /^wrong https:.*: its name leads to no address/],
    ],
  ])('with %j it says what is wrong, and fails', async (change, expected) => {
    const { lines, found, code, stderr } = await check({ ...env, ...change } as Record<string, string>)
    for (const line of expected) expect(lines).toContainEqual(expect.stringMatching(line))
    expect(found.filter(({ state, todo }) => state === 'wrong' && todo === undefined)).toEqual([])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^rtc-receiver: \d+ of \d+ checks found something wrong\n$/)
  })

  test('a receiver that answers under its public URL is recognised, and is not told the path token over http', async () => {
    const { lines } = await check({ ...env, PUBLIC_URL: program.url })
    expect(lines).toContainEqual(
      expect.stringMatching(/^ok http:.*: a receiver answers there; it was not asked whether it knows PATH_TOKEN/),
    )
  })

  test('prints plain words for people', async () => {
    const { stdout } = await cli(['check'], { env })
    expect(stdout).toMatch(/^careful {2}database: fsync is off.*\n {9}→ a callback answered 200/m)
    expect(stdout).toMatch(/^ok {7}self-test: a signed callback was taken and stored$/m)
  })
})

test('without receiver and database, and with nothing set, everything is said', async () => {
  const DATA_DIR = await temporaryDataDir()
  const { lines, code } = await check({ DATA_DIR, PORT: '1', ADMIN_PORT: '1' })
  expect(code).toBe(1)
  for (const line of [
    /^careful URLs: statusUrl and feeUrl are not known: only programs on this machine/,
    /^careful locks: any program on this machine can post callbacks/,
    /^wrong database: DATABASE_URL is not set, and the embedded Postgres of DATA_DIR does not run/,
    /^wrong self-test: nothing takes callbacks/,
    /^unknown callbacks: what came is not known: the private listener at port 1 cannot be asked \(ECONNREFUSED\)/,
  ])
    expect(lines).toContainEqual(expect.stringMatching(line))
})

test('a receiver as it comes passes, with what matters before the platform reaches it', async () => {
  const program = await startProgram({ database: 'embedded' })
  const env = { ...program.env, PORT: new URL(program.url).port, ADMIN_PORT: new URL(program.adminUrl).port }
  const { code, stderr, found } = await check(env)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(found.filter(({ state }) => state === 'wrong' || state === 'unknown')).toEqual([])
  expect(found.find(({ check }) => check === 'URLs')?.todo).toMatch(/set PUBLIC_URL/)
})

test('a receiver that others reach needs its URLs', async () => {
  const { lines } = await check({ HOST: '0.0.0.0', RTC_AUTH: 'off', DATA_DIR: await temporaryDataDir(), PORT: '1' })
  for (const line of [
    /^wrong URLs: statusUrl is not known/,
    /^wrong URLs: feeUrl is not known/,
    /^careful locks: whoever reaches the public listener can post callbacks/,
  ])
    expect(lines).toContainEqual(expect.stringMatching(line))
})

test('a database that is not migrated is wrong', async () => {
  const database = await emptyDatabase()
  const { lines } = await check({ DATABASE_URL: database.url, DATA_DIR: await temporaryDataDir(), PORT: '1' })
  expect(lines).toContainEqual(expect.stringMatching(/^wrong database: migrations are pending: 0001/))
})

describe('the server of the public URL', () => {
  type Scheme = 'http' | 'https'

  /** One that answers as it is told, and remembers what it was asked. */
  async function server(scheme: Scheme, answer: { status: number; headers?: object; body?: string }, options = {}) {
    const asked: string[] = []
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      asked.push(request.url ?? '')
      response.writeHead(answer.status, { ...answer.headers }).end(answer.body)
    }
    const listening =
      scheme === 'https' ? createServer({ ...(await selfSigned('rsa')), ...options }, listener) : http(listener)
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void listening.close())
    return { url: `${scheme}://localhost:${(listening.address() as AddressInfo).port}`, asked }
  }

  async function found(PUBLIC_URL: string, token?: string) {
    const config = await loadConfig({ PUBLIC_URL, ...(token ? { PATH_TOKEN: token } : {}) })
    return (await checkPublicUrls(config)).map(({ state, what }) => `${state} ${what}`)
  }

  const ours = { status: 404, body: JSON.stringify(refusal(404, 'there is nothing at this path')) }
  test.each([
    [ours, /^ok a receiver answers there; it was not asked/],
    [{ status: 404, body: '<h1>not found</h1>' }, /^wrong answers 404, and not as a receiver does/],
    [{ status: 404, body: 'null' }, /^wrong answers 404, and not as a receiver does/],
    [{ status: 302, headers: { location: 'http://localhost:1/' } }, /^careful answers 302 where/],
    [{ status: 405, headers: { allow: 'POST' } }, /^careful answers 405 where/],
  ])('hears no path token over http or without a trusted certificate: %j', async (answer, line) => {
    for (const scheme of ['http', 'https'] as const) {
      const { url, asked } = await server(scheme, answer)
      expect(await found(url, PATH_TOKEN)).toContainEqual(expect.stringMatching(line))
      expect(asked).toEqual([expect.stringMatching(/^\/rtc\/[-0-9a-f]{36}\/status$/)])
    }
  })

  test('is asked the path itself where nothing is secret in it', async () => {
    for (const scheme of ['http', 'https'] as const) {
      const { url, asked } = await server(scheme, { status: 405, headers: { allow: 'POST' } })
      expect(await found(url)).toContain('ok a receiver answers there')
      expect(asked).toEqual(['/rtc/status'])
    }
  })

  test('with a trusted certificate is asked whether it knows the path token', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rtc-check-test-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const NODE_EXTRA_CA_CERTS = join(directory, 'cert')
    await writeFile(NODE_EXTRA_CA_CERTS, (await selfSigned('rsa')).cert)
    const env = { NODE_EXTRA_CA_CERTS, PATH_TOKEN, DATABASE_URL: 'postgres://127.0.0.1:1/x', PORT: '1' }
    const knows = await server('https', { status: 405, headers: { allow: 'POST' } })
    const { lines } = await check({ ...env, PUBLIC_URL: knows.url })
    expect(lines).toContain(`ok ${knows.url}: a receiver answers there`)
    expect(knows.asked).toEqual([`/rtc/${PATH_TOKEN}/status`])
    const knowsNot = await server('https', ours)
    const other = await check({ ...env, PUBLIC_URL: knowsNot.url })
    expect(other.lines).toContainEqual(expect.stringMatching(/^wrong https.*: answers 404 to the path of statusUrl/))
  })
})

describe('TLS of the public URL', () => {
  async function findingsWith(type: 'rsa' | 'ecdsa', days: number, options: object = {}) {
    const server = createServer({ ...(await selfSigned(type, days)), ...options }, (_request, response) => {
      response.writeHead(405, { allow: 'POST' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const found = await checkPublicUrls(await loadConfig({ PUBLIC_URL: `https://localhost:${port}` }))
    return found.map(({ state, what }) => `${state} ${what}`)
  }

  test('suites, end of the certificate and its trust are seen', async () => {
    const lines = await findingsWith('rsa', 60)
    expect(lines).toContain('ok its certificate is good for 59 days')
    expect(lines).toContainEqual(expect.stringMatching(/^ok speaks TLS 1\.2 with ECDHE-RSA-AES128-GCM-SHA256/))
    expect(lines).toContainEqual(expect.stringMatching(/^careful its certificate is not trusted here/))
    expect(lines).toContain('ok a receiver answers there')
  })

  test('a certificate that ends soon, and suites that the platform does not speak', async () => {
    const lines = await findingsWith('ecdsa', 5, { minVersion: 'TLSv1.3' })
    expect(lines).toContainEqual(expect.stringMatching(/^careful its certificate ends in 4 days/))
    expect(lines).toContainEqual(expect.stringMatching(/^wrong speaks none of the TLS 1\.2 suites/))
  })
})

test('the self-test goes over TLS too', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rtc-check-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const { cert, key } = await selfSigned('rsa')
  await writeFile(join(directory, 'cert'), cert)
  await writeFile(join(directory, 'key'), key)
  const tls = { TLS_CERT: join(directory, 'cert'), TLS_KEY: join(directory, 'key') }
  const program = await startProgram({ env: { ...locks, ...tls, PUBLIC_URL: 'https://localhost' } })
  expect(program.url).toMatch(/^https:/)
  const { lines } = await check({ ...program.env, PORT: new URL(program.url).port })
  expect(lines).toContain('ok self-test: a signed callback was taken and stored')
})
