import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CdrFact } from '../../src/calls/types.ts'
import { checkApps } from '../../src/commands/check/apps.ts'
import { callback, event, notification } from '../calls/facts.ts'
import { foldSessions, type Session } from '../store/folded.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { cli, type Exit } from '../support/program.ts'

let database: TestDatabase
let client: pg.Client

/** A notification, or who knows, that ended an hour ago. */
function recent(fields: Partial<CdrFact> = {}): CdrFact {
  const start = Math.floor(Date.now() / 1000) * 1000 - 3_600_000
  const times = {
    call_out_start_time: start,
    call_out_alerting_time: null,
    call_out_answer_time: start,
    call_end_time: start + 60_000,
    cdr_time: start + 60_000,
  }
  return { ...notification(), ...times, ...fields }
}

const sessions: Session[] = [
  { id: 'one', cdrs: [recent()] },
  { id: 'two', cdrs: [recent()] },
  {
    id: 'digits',
    cdrs: [recent()],
    events: [{ ...event('collectInfo', '10:00:00', { digit_info: '1' }), occurred_at: recent().cdr_time - 1000 }],
  },
  {
    id: 'last year',
    cdrs: [
      notification({
        app_key: 'app-old',
        call_end_time: '2025-03-01 10:00:00',
        call_out_start_time: '2025-03-01 09:59:00',
      }),
    ],
  },
  {
    id: 'callback',
    cdrs: [
      {
        ...callback(),
        cdr_time: recent().cdr_time,
        call_end_time: recent().call_end_time,
        call_out_start_time: recent().call_out_start_time,
      },
    ],
  },
]

beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await foldSessions(client, sessions)
})
afterAll(() => client.end())

function apps(...args: string[]): Promise<Exit> {
  return cli(['apps', ...args], { env: { DATABASE_URL: database.url } })
}

describe('of calls that are notifications or verification calls nobody knows which', () => {
  test('check names the application, list counts them', async () => {
    expect(await checkApps(client)).toEqual([
      {
        check: 'APPS',
        state: 'careful',
        what: '2 calls of app-note in 7 days are notifications or verification calls, nobody knows which',
        todo: 'rtc-receiver apps set app-note --scenario callnotify (or callVerify)',
      },
    ])
    expect((await apps('list')).stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['app', 'name', 'scenario', 'calls (7 days)', 'without a scenario'],
      expect.anything(),
      ['app-callback', '1'],
      ['app-note', '3', '2'],
      [''],
    ])
  })

  test('set declares it, and says how stored calls follow', async () => {
    const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short' }).format(
      recent().call_out_start_time ?? 0,
    )
    expect(await apps('set', 'app-note', '--scenario', 'callVerify', '--name', 'One-time codes')).toMatchObject({
      code: 0,
      stdout: `app-note: callVerify, One-time codes\n2 stored calls were computed without knowing that: rtc-receiver refold --from ${day} computes them again\n`,
    })
    await foldSessions(client, sessions)
    expect(await checkApps(client)).toEqual([
      { check: 'APPS', state: 'ok', what: 'of every call of the last 7 days the scenario is known' },
    ])
    // Keys are asked for by notifications alone.
    expect(
      (await client.query(`SELECT scenario FROM ops.calls WHERE session_id IN ('one', 'digits') ORDER BY 1`)).rows,
    ).toEqual([{ scenario: 'callVerify' }, { scenario: 'callnotify' }])
    expect((await apps('set', 'app-note', '--name', 'Codes')).stdout).toBe('app-note: callVerify, Codes\n')
    expect(JSON.parse((await apps('list', '--json')).stdout)).toMatchObject([
      { app_key: 'app-callback', registered: false },
      {
        app_key: 'app-note',
        name: 'Codes',
        scenario: 'callVerify',
        registered: true,
        calls: 3,
        calls_without_scenario: 0,
      },
    ])
  })

  test('remove forgets it', async () => {
    await apps('set', 'app-old', '--name', 'Of last year')
    expect((await apps('list')).stdout).toContain('app-old')
    expect(await apps('remove', 'app-old')).toMatchObject({ code: 0, stdout: 'app-old is forgotten\n' })
    expect(await apps('remove', 'app-old')).toMatchObject({
      code: 1,
      stderr: 'rtc-receiver: app-old was not declared\n',
    })
  })
})

test.each([
  [['set', 'app'], /say --name, --scenario or both/],
  [['set', 'app', '--scenario', 'playback'], /Allowed choices are click2Call, callnotify, callVerify, privateNumber/],
  [['set', ' ', '--name', 'x'], /1 to 256 characters/],
])('apps %j is refused', async (args, says) => {
  const { code, stdout, stderr } = await apps(...args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(says)
})
