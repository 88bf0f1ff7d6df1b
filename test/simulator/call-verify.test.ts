import { createSecretKey } from 'node:crypto'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { defaults } from '../../src/simulator/options.ts'
import { type Outcome, outcomes } from '../../src/simulator/outcomes.ts'
import { servePlatform } from '../../src/simulator/platform-server.ts'
import { Simulator } from '../../src/simulator/simulator.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { cli, type Program, startProgram } from '../support/program.ts'

const secret = 'not-a-real-secret'
const apps = [{ appKey: 'simulated', secret: createSecretKey(Buffer.from(secret)) }]
const input = '+8613800000021\n90210347\n'
const patience = { timeout: 120_000 }

let database: TestDatabase
let receiver: Program
beforeAll(async () => {
  database = await freshDatabase()
  receiver = await startProgram({ database })
})

/** The environment of an operator, with a platform whose calls end as told. */
async function platform({ outcome, answer, lostCdrs = 0 }: { outcome?: Outcome; answer?: string; lostCdrs?: number }) {
  const urls = { status: `${receiver.url}/rtc/status`, fee: `${receiver.url}/rtc/fee` }
  const simulator = new Simulator({ ...defaults, urls, seed: Date.now() % 2 ** 32, startAt: 0, speed: 200, lostCdrs })
  const server = await servePlatform(simulator, { apps, outcome, answer })
  onTestFinished(async () => {
    await simulator.close()
    await server.close()
  })
  return {
    DATABASE_URL: database.url,
    PUBLIC_URL: receiver.url,
    RTC_API_URL: server.url,
    RTC_APPS: `simulated:${secret}`,
    DISPLAY_NUMBER: '+867550000001',
    PRE_TONE: 'test.wav',
  }
}

async function verify(env: Record<string, string>, args: string[] = [], text = input) {
  const ended = await cli(['call', 'verify', ...args], { env, input: text })
  for (const shown of [ended.stdout, ended.stderr]) {
    expect(shown).not.toContain('90210347')
    expect(shown).not.toContain('13800000021')
    expect(shown).not.toContain(secret)
  }
  return ended
}

const exits: Record<Outcome, number> = {
  answered: 0,
  busy: 10,
  'no answer': 11,
  rejected: 12,
  cancelled: 13,
  unreachable: 14,
  failed: 15,
}

test.each(outcomes)('--wait follows a call to its end: %s', patience, async (outcome) => {
  const { code, stdout, stderr } = await verify(await platform({ outcome }), ['--wait', '30'])
  expect({ code, stderr }).toEqual({ code: exits[outcome], stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d {2}callout$/)
  expect(lines.at(-2)).toMatch(/^\d\d:\d\d:\d\d {2}disconnect /)
  expect(lines.at(-1)?.startsWith(outcome)).toBe(true)
})

test('without a CDR it ends after the time it was given', patience, async () => {
  const env = await platform({ outcome: 'answered', lostCdrs: 1 })
  const { code, stdout } = await verify(env, ['--wait', '2'])
  expect(code).toBe(20)
  expect(stdout).toMatch(/no CDR within 2 s; session 1201_/)
})

test('--json tells the same to a script; placed calls are kept, without the code', patience, async () => {
  const { code, stdout } = await verify(await platform({ outcome: 'busy' }), ['--wait', '30', '--json', '--times', '2'])
  expect(code).toBe(10)
  const told = JSON.parse(stdout)
  expect(told).toMatchObject({ outcome: 'busy', talkSeconds: null, events: [{ event_type: 'callout' }, {}] })
  const { rows } = await database.pool.query('SELECT to_jsonb(p)::text AS row FROM rtc.placed_calls p')
  const kept = rows.map(({ row }) => row).filter((row: string) => row.includes(told.sessionId))
  expect(kept).toHaveLength(1)
  expect(JSON.parse(kept[0])).toMatchObject({ app_key: 'simulated', scenario: 'callVerify', result_code: '0' })
  expect(rows.map(({ row }) => row).join()).not.toContain('90210347')
})

test.each<[string, number, RegExp]>([
  ['1010010', 4, /flow control.*trying again helps after 60 seconds/],
  ['1010023', 3, /display number invalid; trying again does not help/],
])('when the platform answers %s it exits with %i', patience, async (answer, exit, message) => {
  const { code, stderr, stdout } = await verify(await platform({ answer }))
  expect(code).toBe(exit)
  expect(stderr).toMatch(message)
  expect(stdout).toBe('')
})

test('what keeps it from calling is one clear line', patience, async () => {
  const env = await platform({})
  const cases: [Record<string, string>, string, number, RegExp][] = [
    [{ ...env, RTC_API_URL: 'http://127.0.0.1:65531' }, input, 4, /cannot be reached \(ECONNREFUSED\)/],
    [{ ...env, RTC_API_URL: 'http://calls.example.test' }, input, 1, /apiUrl must be https/],
    [{ ...env, RTC_APPS: 'a:b,c:d' }, input, 1, /--app/],
    [env, '', 1, /no number/],
    [env, '+8613800000021\n', 1, /no code: without a terminal/],
    [env, '13800000021\n90210347\n', 1, /calleeNbr must be a number in global format/],
  ]
  for (const [variables, text, exit, message] of cases) {
    const { code, stderr } = await verify(variables, [], text)
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(code).toBe(exit)
  }
})

test('--help lists the exit codes', async () => {
  const { stdout } = await cli(['call', 'verify', '--help'])
  for (const code of [0, 1, 2, 3, 4, 5, ...Object.values(exits), 16, 20, 78])
    expect(stdout).toMatch(new RegExp(`\\b${code} {2}\\w`))
})
