import { createSecretKey } from 'node:crypto'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { defaults } from '../../../src/simulator/options.ts'
import { servePlatform } from '../../../src/simulator/platform-server.ts'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { cdr, fee } from '../../support/callbacks.ts'
import { emptyDatabase, freshDatabase } from '../../support/database.ts'
import { ACCEPTED, send } from '../../support/http.ts'
import { cli, eventually, startProgram } from '../../support/program.ts'
import { variablesFor } from '../../support/route.ts'
import { throughPgbouncer } from './through-pgbouncer.ts'

const through = (name: string) => `${name}, through pgbouncer`

throughPgbouncer()

test(through('an empty database is migrated past it, and commands work twice over the same connections'), async () => {
  const { url, pool } = await emptyDatabase()
  const program = await startProgram({ database: { url } })
  expect((await send(`${program.url}/rtc/fee`, fee(cdr(undefined), cdr(undefined, { icid: 'b' })))).body).toBe(ACCEPTED)
  await eventually(
    async () => (await pool.query('SELECT id, body FROM rtc.quarantine')).rowCount,
    (rows) => rows === 2,
  )
  // As an older release may have left them: good by now.
  await pool.query(`UPDATE rtc.quarantine SET reason = 'missing_time', body = convert_to(
    jsonb_set(convert_from(body, 'UTF8')::jsonb, '{sessionId}', to_jsonb('replayed-' || id))::text, 'UTF8')`)
  const replayed = await cli(['quarantine', 'replay', '--reason', 'missing_time'], { env: program.env })
  expect(replayed).toMatchObject({ code: 0, stderr: '' })
  expect(replayed.stdout.match(/stored 1, there already 0/g)).toHaveLength(2)
  for (const args of [
    ['partitions', '--create'],
    ['partitions', '--create'],
    ['quarantine', 'list', '--all'],
    ['roles'],
    ['sql', 'SELECT count(*) FROM ops.calls'],
    ['erase', '-'],
  ])
    expect(await cli(args, { env: program.env, input: '+8613800000021\n' })).toMatchObject({ code: 0, stderr: '' })
  // They leave connections as deploy/pgbouncer/pgbouncer.ini makes them.
  const client = new pg.Client({ connectionString: program.env.DATABASE_URL })
  await client.connect()
  onTestFinished(() => client.end())
  expect((await client.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '10s' }])
  expect((await client.query('SHOW search_path')).rows).toEqual([{ search_path: '"$user", public' }])
})

test(through('a call is placed, kept and followed to its end'), { timeout: 120_000 }, async () => {
  const database = await freshDatabase()
  const receiver = await startProgram({ database })
  const secret = 'not-a-real-secret'
  const urls = { status: `${receiver.url}/rtc/status`, fee: `${receiver.url}/rtc/fee` }
  const simulator = new Simulator({ ...defaults, urls, seed: 3, startAt: 0, speed: 200 })
  const apps = [{ appKey: 'simulated', secret: createSecretKey(Buffer.from(secret)) }]
  const platform = await servePlatform(simulator, { apps, outcome: 'answered' })
  onTestFinished(async () => {
    await simulator.close()
    await platform.close()
  })
  const env = {
    ...(await variablesFor(database.url)),
    PUBLIC_URL: receiver.url,
    RTC_API_URL: platform.url,
    RTC_APPS: `simulated:${secret}`,
    DISPLAY_NUMBER: '+867550000001',
    PRE_TONE: 'test.wav',
  }
  const { code, stderr } = await cli(['call', 'verify', '--wait', '30'], { env, input: '+8613800000021\n90210347\n' })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { rows } = await database.pool.query('SELECT app_key, result_code FROM rtc.placed_calls')
  expect(rows).toEqual([{ app_key: 'simulated', result_code: '0' }])
})

test('what needs a session of its own asks for MIGRATE_DATABASE_URL rather than go through pgbouncer', async () => {
  const { DATABASE_URL = '' } = await variablesFor((await freshDatabase()).url)
  const env = { DATABASE_URL, DATABASE_POOLER: 'transaction' }
  const says = expect.stringMatching(/^rtc-receiver: .*MIGRATE_DATABASE_URL/)
  expect(await cli(['migrate'], { env })).toMatchObject({ code: 78, stderr: says })
  for (const command of ['migrate', 'roles'])
    expect(await cli([command], { env: { ...env, MIGRATE: 'manual' } })).toMatchObject({ code: 1, stderr: says })
})
