import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { withClient } from '../../src/store/pool.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { Consumer, forwardSecret } from '../support/consumer.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { foldAll } from '../support/folder.ts'
import { cli } from '../support/program.ts'
import { until } from '../support/receiver.ts'

const script = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

let database: TestDatabase

beforeAll(async () => {
  database = await freshDatabase()
  await withClient(database.pool, makeRoles)
})

const stored = async (session: string) => {
  await storeFacts(database.pool, callOf(session, new Date(Date.now() - 120_000)))
  await foldAll(database.pool)
}

/** The command, which goes on until it is told to stop, and the lines that it has written. */
function listen(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [script, 'listen', ...args], {
    env: { DATABASE_URL: database.url, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGINT')
    return (await exited)[0]
  }
  return { lines: () => text.split('\n').slice(0, -1), stop }
}

test('a line for each, masked, from where it is asked; Ctrl-C ends it', async () => {
  await stored('s1')
  const { lines, stop } = listen(['--from', 'start'])
  await until('all are there', () => lines().length === 9)
  expect(lines()[0]).toMatch(/^\S+ \S+ {2}event {4}callout {2}\S+ → \+86138\*{4}0021 {2}[0-9a-f-]{36}\.1$/)
  expect(lines()[8]).toContain('  call     click2Call  answered  +86138****0021 → +86139****0022  ')
  expect(lines().join()).not.toMatch(/\d{11}/)
  await stored('s2')
  await until('the new ones came', () => lines().length === 18)
  expect(await stop()).toBe(0)
})

test('rtc_ops gets masked calls only, and no whole numbers', async () => {
  const role = `rtc_test_listen_${Date.now()}`
  await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'test' IN ROLE rtc_ops`)
  onTestFinished(() => void database.pool.query(`DROP ROLE ${role}`))
  const url = new URL(database.url)
  url.username = role
  url.password = 'test'
  await stored('s3')
  const { lines, stop } = listen(['--from', 'start', '--json'], { DATABASE_URL: url.href })
  await until('it is there', () => lines().length > 0)
  for (const line of lines())
    expect(JSON.parse(line)).toMatchObject({ type: 'call.changed', data: { call: { a_number: '+86138****0021' } } })
  expect(await stop()).toBe(0)
  const { code, stderr } = await cli(['listen', '--whole'], { env: { DATABASE_URL: url.href } })
  expect([code, stderr]).toEqual([1, expect.stringContaining('may not read whole numbers')])
})

test('--forward-to posts what is asked for, and keeps how far it came under its name', async () => {
  const consumer = await Consumer.start()
  const args = ['--forward-to', consumer.url, '--name', 'dev', '--type', 'call', '--from', 'start']
  const { lines, stop } = listen(args, { FORWARD_SECRET: forwardSecret })
  await stored('f1')
  await until('it came', () => consumer.taken.some(({ data }) => JSON.stringify(data).includes('"f1"')))
  await until('it was told', () => lines().length === consumer.taken.length)
  expect(consumer.taken[0]).toMatchObject({ type: 'call.changed', data: { call: { a_number: '+8613800000021' } } })
  expect(await stop()).toBe(0)
  const { rows } = await database.pool.query(
    'SELECT name, position = head AS "isAtHead", is_running FROM ops.forwarders',
  )
  expect(rows).toEqual([{ name: 'dev', isAtHead: true, is_running: false }])
})
