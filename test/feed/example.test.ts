import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { forwardSecret } from '../support/consumer.ts'
import { freshDatabase } from '../support/database.ts'
import { scrape } from '../support/metrics.ts'
import { cli, startProgram } from '../support/program.ts'
import { until } from '../support/receiver.ts'

const example = fileURLToPath(new URL('../../examples/consumer.mjs', import.meta.url))

test('simulate sends one callback, the receiver forwards it and its call, and the example sends an SMS', async () => {
  const consumer = spawn(process.execPath, [example], {
    env: { PORT: '0', FORWARD_SECRET: forwardSecret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void consumer.kill())
  let said = ''
  consumer.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await until('it listens', () => said.includes('\n'))
  const [, port] = /^port (\d+)\n/.exec(said) ?? []
  const database = await freshDatabase()
  await database.pool.query(`INSERT INTO rtc.apps (app_key, scenario) VALUES ('SimulatedVerification', 'callVerify')`)
  const env = { FORWARD_URL: `http://127.0.0.1:${port}/`, FORWARD_SECRET: forwardSecret }
  const program = await startProgram({ env, database })
  const simulate = (event: string) => {
    const call = ['--scenario', 'callVerify', '--outcome', 'busy', '--event', event]
    return cli(['simulate', '--target', program.url, ...call], { env: program.env })
  }
  expect((await simulate('fee')).code).toBe(0)
  await until('the SMS is sent', () => /^SMS to \+861380000\d{4}: your code \(busy; /m.test(said))
  const delivered = async () => (await scrape(program.adminUrl)).get('rtc_forward_delivered_total') === 2
  await until('both are counted', delivered)
  expect((await database.pool.query('SELECT FROM rtc.cdrs')).rowCount).toBe(1)
  expect((await database.pool.query('SELECT FROM rtc.call_events')).rowCount).toBe(0)
  // No busy call was answered.
  expect(await simulate('answer')).toMatchObject({ code: 1 })
})
