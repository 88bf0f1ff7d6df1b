import { spawn } from 'node:child_process'
import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { cpuSeconds, residentBytes } from '../../bench/proc.ts'
import { signedHeaders } from '../../src/platform/aksk.ts'
import { event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { send } from '../support/http.ts'
import { type Program, startProgram } from '../support/program.ts'

/*
 * What somebody can do who knows the URL, path token and all, but not the secret; and what signed callbacks feel of it.
 * Each attack lasts as long as this. FIGURES=1 prints what the table of SECURITY.md is made of, with attacks of ten seconds.
 */
const attackMs = process.env.FIGURES ? 10_000 : 1_500

/** How long a signed callback may take before it counts as lost. */
const patienceMs = 100_000
vi.setConfig({ testTimeout: 300_000 })

const MiB = 2 ** 20
const [appKey, secretText, PATH_TOKEN] = ['app', 'tops3cret', 'a-token-of-22-characters']
const PUBLIC_URL = 'https://rtc.example.com'
const path = `/rtc/${PATH_TOKEN}/status`
const ADMIN_TOKEN = 'the-admin-token-0123456789'
const enforce = { RTC_APPS: `${appKey}:${secretText}`, RTC_AUTH: 'enforce', PUBLIC_URL, PATH_TOKEN, ADMIN_TOKEN }
const sign = () =>
  signedHeaders({ appKey, secret: createSecretKey(Buffer.from(secretText)), url: `${PUBLIC_URL}${path}` })

const chunked = `POST ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`
const promised = (bytes: number, more = '') =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\n${more}content-length: ${bytes}\r\n\r\n`

interface Figures {
  attack: string
  grownMiB: number
  slowestMs: number
  /** What the receiver worked while the slowest one waited: what it would take on a machine that does nothing else. */
  slowestCpuMs: number
  served: number
  lost: number
}

interface Attack {
  connections: number
  /** From how many addresses of loopback. */
  addresses: number
  /** Written at once on each connection. */
  text?: string
  /** Written then, again and again, as fast as the receiver reads. */
  pour?: string
}

/** An attacker in a process of its own, from now until stopped. */
function attack(url: string, { text = '', ...more }: Attack): { stop(): Promise<unknown> } {
  const script = fileURLToPath(new URL('../support/attacker.mjs', import.meta.url))
  const argument = JSON.stringify({ port: Number(new URL(url).port), text, ...more })
  const child = spawn(process.execPath, [script, argument], { stdio: 'inherit' })
  const ended = once(child, 'close')
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(async () => void (await stop()))
  return { stop }
}

/** Posts signed callbacks, each over a connection of its own, while an attack goes on. */
async function during(attack: string, { url, pid }: Program, start: () => { stop(): unknown }): Promise<Figures> {
  const agent = new Agent({ keepAlive: false, localAddress: '127.0.0.2' })
  const post = async (n: number) => {
    const options = { agent, headers: sign() }
    return send(`${url}${path}`, event(`${attack} ${n}`), options).catch(() => ({ status: 0 }))
  }
  for (let n = 0; n < 20; n++) await post(-n)
  const before = residentBytes(pid)
  const flood = start()
  const until = performance.now() + attackMs
  let [served, lost, slowest, slowestCpu, most] = [0, 0, 0, 0, before]
  const memory = setInterval(() => {
    most = Math.max(most, residentBytes(pid))
  }, 100)
  while (performance.now() < until) {
    const [started, startedCpu] = [performance.now(), cpuSeconds(pid)]
    const patience = new AbortController()
    const late = sleep(patienceMs, { status: 0 }, { signal: patience.signal }).catch(() => ({ status: 0 }))
    const { status } = await Promise.race([post(served + lost), late])
    patience.abort()
    slowest = Math.max(slowest, performance.now() - started)
    slowestCpu = Math.max(slowestCpu, cpuSeconds(pid) - startedCpu)
    if (status === 200) served++
    else lost++
    await sleep(20)
  }
  await flood.stop()
  clearInterval(memory)
  agent.destroy()
  const grownMiB = Math.round((most - before) / MiB)
  const found = {
    attack,
    grownMiB,
    slowestMs: Math.round(slowest),
    slowestCpuMs: Math.round(slowestCpu * 1000),
    served,
    lost,
  }
  if (process.env.FIGURES) console.log(found)
  return found
}

/** The database keeps up: what is measured is the door. */
async function receiver(env: Record<string, string> = {}): Promise<Program> {
  const program = await startProgram({
    database: await freshDatabase(),
    env: { ...enforce, HOST: '0.0.0.0', ADMIN_HOST: '127.0.0.1', LOG_LEVEL: 'info', ...env },
  })
  return { ...program, url: program.url.replace('0.0.0.0', '127.0.0.1') }
}

/** How long the slowest takes depends on the machine, which the attacker shares: what the receiver worked does not. */
function expectHarmless({ grownMiB, slowestCpuMs, served, lost }: Figures, mostMiB: number): void {
  expect(lost).toBe(0)
  expect(served).toBeGreaterThan(0)
  expect(grownMiB).toBeLessThan(mostMiB)
  expect(slowestCpuMs).toBeLessThan(10_000)
}

test('200 connections, bodies in chunks of one byte', async () => {
  const program = await receiver()
  const flood = { connections: 200, addresses: 4, text: chunked, pour: '1\r\na\r\n'.repeat(2_000) }
  expectHarmless(await during('chunks of one byte', program, () => attack(program.url, flood)), 96)
})

test('1,000 connections, bodies of 64 KiB that do not end', async () => {
  const program = await receiver()
  const flood = { connections: 1_000, addresses: 4, text: promised(65_536) + 'x'.repeat(65_000) }
  expectHarmless(await during('bodies that do not end', program, () => attack(program.url, flood)), 160)
})

test('6,000 connections that say nothing, from 20 addresses', async () => {
  const program = await receiver({ MAX_CONNECTIONS: '2000' })
  const flood = { connections: 6_000, addresses: 20 }
  expectHarmless(await during('silent connections', program, () => attack(program.url, flood)), 160)
})

test('100 connections, 500 requests on each at once', async () => {
  const program = await receiver()
  const flood = { connections: 100, addresses: 4, text: `${promised(2)}{}`.repeat(500) }
  expectHarmless(await during('requests without waiting', program, () => attack(program.url, flood)), 160)
})

test('one address behind our proxy, 2,000 bodies of 60 KiB that do not end', async () => {
  const program = await receiver({ RTC_AUTH: 'report', TRUST_PROXY: '127.0.1.0/24' })
  const text = promised(61_440, 'x-forwarded-for: 192.0.2.7\r\n') + 'x'.repeat(61_000)
  const flood = { connections: 2_000, addresses: 4, text }
  expectHarmless(await during('one address behind our proxy', program, () => attack(program.url, flood)), 160)
})

test('guesses of the admin token', async () => {
  const program = await receiver()
  let [asked, compared, stopped] = [0, 0, false]
  const guess = async () => {
    while (!stopped) {
      const authorization = `Bearer guess-${asked++}-0123456789`
      const options = { method: 'GET', headers: { authorization } }
      const { status } = await send(`${program.adminUrl}/metrics`, undefined, options).catch(() => ({ status: 0 }))
      if (status === 401) compared++
      else await sleep(20)
    }
  }
  const guesses = () => {
    const guessing = Promise.all(Array.from({ length: 20 }, guess))
    return {
      stop: async () => {
        stopped = true
        await guessing
      },
    }
  }
  expectHarmless(await during('guesses of the admin token', program, guesses), 160)
  if (process.env.FIGURES) console.log({ guesses: asked, compared })
  expect(compared).toBeLessThan(50)
  const right = { method: 'GET', headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }
  const { status, body } = await send(`${program.adminUrl}/metrics`, undefined, right)
  expect(status).toBe(200)
  expect(body).toMatch(/^rtc_admin_refusals_total\{reason="wrong_token"\} \d+$/m)
})
