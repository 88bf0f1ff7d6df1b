import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { withClient } from '../../src/store/pool.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { Consumer } from '../support/consumer.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { foldAll } from '../support/folder.ts'
import { cli, startProgram } from '../support/program.ts'

const script = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const example = fileURLToPath(new URL('../../examples/consumer.mjs', import.meta.url))
const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

let database: TestDatabase

beforeAll(async () => {
  database = await freshDatabase()
  await withClient(database.pool, makeRoles)
})

const stored = async (session: string) => {
  await storeFacts(database.pool, callOf(session, new Date(Date.now() - 120_000)))
  await foldAll(database.pool)
}

/** A program that goes on until it is told to stop. */
function run(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out.stderr += text
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGINT')
    const [code] = await exited
    return code
  }
  return { out, stop, kill: () => child.kill('SIGKILL') }
}

const listen = (args: string[], env: Record<string, string> = {}) =>
  run([script, 'listen', ...args], { DATABASE_URL: database.url, ...env })

test('a line for each, masked, from where it is asked; Ctrl-C ends it', async () => {
  await stored('s1')
  const { out, stop } = listen(['--from', 'start'])
  await expect.poll(() => out.stdout.split('\n').length).toBe(10)
  expect(out.stdout).toMatch(/^\S+ \S+ {2}event {4}callout {2}\S+ → \+86138\*{4}0021 {2}[0-9a-f-]{36}\.\d+$/m)
  expect(out.stdout).toMatch(/ {2}call {5}click2Call {2}answered {2}\+86138\*{4}0021 → \+86139\*{4}0022 {2}/)
  expect(out.stdout).not.toMatch(/\d{11}/)
  await stored('s2')
  await expect.poll(() => out.stdout.split('\n').length).toBe(19)
  expect(await stop()).toBe(0)
})

test('filters, whole numbers and JSON', async () => {
  const lines = async (...args: string[]) => {
    const { out, stop } = listen(['--from', 'start', ...args])
    await expect.poll(() => out.stdout.split('\n').length).toBeGreaterThan(2)
    await stop()
    return out.stdout.trimEnd().split('\n')
  }
  for (const line of await lines('--type', 'alerting')) expect(line).toContain('  event    alerting  ')
  const calls = await lines('--type', 'call', '--app', 'app', '--scenario', 'click2Call', '--outcome', 'answered')
  for (const line of calls) expect(line).toContain('  call     click2Call  answered  ')
  const whole = (await lines('--json', '--whole', '--type', 'cdr')).map((line) => JSON.parse(line))
  expect(whole[0]).toMatchObject({ type: 'call.cdr', data: { cdr: { callee_num: '+8613800000021' } } })
  const masked = (await lines('--json')).map((line) => JSON.parse(line))
  expect(masked[0]).toMatchObject({ type: 'call.changed', data: { call: { a_number: '+86138****0021' } } })
})

test('rtc_ops reads masked calls only, and no whole numbers', async () => {
  const role = `rtc_test_listen_${Date.now()}`
  await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'test' IN ROLE rtc_ops`)
  onTestFinished(() => void database.pool.query(`DROP ROLE ${role}`))
  const url = new URL(database.url)
  url.username = role
  url.password = 'test'
  const { out, stop } = listen(['--from', 'start'], { DATABASE_URL: url.href })
  await expect.poll(() => out.stdout).toMatch(/ {2}call {5}click2Call/)
  expect(out.stdout).not.toContain('  event  ')
  expect(await stop()).toBe(0)
  const { code, stderr } = await cli(['listen', '--whole'], { env: { DATABASE_URL: url.href } })
  expect([code, stderr]).toEqual([1, expect.stringContaining('may not read whole numbers')])
})

test('--forward-to: killed and started again under its name, it goes on, and each comes', async () => {
  const consumer = await Consumer.start()
  const args = ['--forward-to', consumer.url, '--name', 'dev', '--timeout', '1']
  const env = { FORWARD_SECRET: `whsec_${consumer.key.toString('base64')}` }
  const first = listen(args, env)
  const held = async () => (await database.pool.query('SELECT FROM rtc.forwarders WHERE held_until > now()')).rowCount
  await expect.poll(held).toBe(1)
  await stored('f1')
  await expect.poll(() => consumer.taken.length).toBe(9)
  first.kill()
  await stored('f2')
  const second = listen(args, env)
  await expect.poll(() => new Set(consumer.taken.map(({ id }) => id)).size, { timeout: 40_000 }).toBe(18)
  expect(second.out.stdout.split('\n').length).toBeGreaterThan(9)
  expect(await second.stop()).toBe(0)
})

test('the receiver forwards what the platform sends, simulate sends one callback, and the example sends an SMS', async () => {
  const consumer = run([example], { PORT: '0', FORWARD_SECRET: secret })
  await expect.poll(() => consumer.out.stdout).toMatch(/^port \d+\n/)
  const [, port] = /port (\d+)/.exec(consumer.out.stdout) ?? []
  const env = { FORWARD_URL: `http://127.0.0.1:${port}/`, FORWARD_SECRET: secret }
  const own = await freshDatabase()
  await own.pool.query(`INSERT INTO rtc.apps (app_key, scenario) VALUES ('SimulatedVerification', 'callVerify')`)
  const program = await startProgram({ env, database: own })
  const simulate = (...more: string[]) => {
    const args = ['simulate', '--target', program.url, '--scenario', 'callVerify', '--outcome', 'busy', ...more]
    return cli(args, { env: program.env })
  }
  const metric = async () => {
    const text = await (await fetch(`${program.adminUrl}/metrics`)).text()
    return Number(/^rtc_forward_delivered_total (\d+)$/m.exec(text)?.[1])
  }
  expect((await simulate('--event', 'fee')).stdout).toMatch(/\b1\b/)
  await expect
    .poll(() => consumer.out.stdout, { timeout: 30_000 })
    .toMatch(/^SMS to \+861380000\d{4}: your code \(busy; /m)
  await expect.poll(metric).toBe(2)
  expect(await simulate('--event', 'answer')).toMatchObject({ code: 1 })
})
