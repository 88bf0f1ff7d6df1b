import type pg from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { storedCalls, TestFolder } from '../support/folder.ts'
import { cli } from '../support/program.ts'

const HOUR = 3_600_000

/** Calls of the CDRs' service type 001, an hour apart, that nobody has said the scenario of; the oldest is call4. */
async function database() {
  const { url, pool } = await freshDatabase()
  const it = await TestFolder.on(url)
  // On the hour in Asia/Shanghai too.
  const begin = Math.floor(Date.now() / HOUR) * HOUR
  for (let i = 0; i < 5; i++) {
    const { cdr, events } = callOf(`call${i}`, new Date(begin - i * HOUR))
    await storeFacts(pool, {
      events: events.slice(0, 3),
      cdrs: [{ ...cdr, service_type: '001', fwd_dst_num: null, fwd_start_time: null, fwd_answer_time: null }],
    })
  }
  await it.foldAll()
  await pool.query(`INSERT INTO rtc.apps VALUES ('app', 'App', 'callnotify')`)
  const run = (args: string[], input = '') =>
    cli(['refold', ...args], { env: { DATABASE_URL: url, TIME_ZONE: 'Asia/Shanghai' }, input })
  return { pool, it, begin, run }
}

async function scenarios(pool: pg.Pool): Promise<unknown[]> {
  const calls = await storedCalls(pool)
  return [0, 1, 2, 3, 4].map((i) => calls.get(`call${i}`)?.scenario)
}

const [before, after] = ['playback', 'callnotify']

test('all calls, by the receiver that runs', async () => {
  const { pool, it, run } = await database()
  expect(await scenarios(pool)).toEqual([before, before, before, before, before])
  it.folder.start()
  expect(await run(['--all'])).toEqual({
    code: 0,
    signal: null,
    stdout: '5 sessions were computed again\n',
    stderr: '',
  })
  expect(await scenarios(pool)).toEqual([after, after, after, after, after])
  expect(it.folder.progress.folded).toBe(5)
})

test('those of a range, in the zone of people, by the command where no receiver runs', async () => {
  const { pool, begin, run } = await database()
  const shanghai = (hoursAgo: number) =>
    new Date(begin - hoursAgo * HOUR + 8 * HOUR).toISOString().slice(0, 16).replace('T', ' ')
  const { code, stdout } = await run(['--from', shanghai(3), '--to', shanghai(1), '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ sessions: 2, failed: 0, large: 0 })
  expect(await scenarios(pool)).toEqual([before, before, after, after, before])
})

test('sessions by their ids, which standard input may tell', async () => {
  const { pool, it, run } = await database()
  it.folder.start()
  expect((await run(['--session', 'call0', '-'], 'call4\n\n')).stdout).toBe('2 sessions were computed again\n')
  expect(await scenarios(pool)).toEqual([after, before, before, before, after])
})

test('where a call cannot be computed the command fails and says where to look; the next one tries it again', async () => {
  const { pool, it, run } = await database()
  await pool.query(`ALTER TABLE ops.calls ADD CONSTRAINT refused CHECK (scenario <> 'callnotify') NOT VALID`)
  it.folder.start()
  const { code, stderr } = await run(['--session', 'call0'])
  expect(code).toBe(1)
  expect(stderr).toBe('rtc-receiver: 1 calls could not be computed: the log of who folded says why\n')
  await pool.query('ALTER TABLE ops.calls DROP CONSTRAINT refused')
  expect(await run(['--session', 'call0'])).toMatchObject({ code: 0, stderr: '' })
  expect(await scenarios(pool)).toEqual([after, before, before, before, before])
})

test.each([
  ['nothing that says which', [], /say which calls/],
  ['two ways at once', ['--all', '--from', '2026-11-12'], /say which calls/],
  ['a time that is none', ['--from', 'yesterday'], /it should be yyyy-MM-dd/],
  ['no id', ['--session', '-'], /no session id on standard input/],
])('%s is told', async (what, args, says) => {
  const { code, stderr } = await cli(['refold', ...args], {
    env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
  })
  expect(code).toBe(what === 'no id' ? 1 : 2)
  expect(stderr).toMatch(says)
})
