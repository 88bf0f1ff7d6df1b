import { randomBytes } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { cdr, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { concurrently, send } from '../support/http.ts'
import { scrape, sum } from '../support/metrics.ts'
import { eventually, type Program, startProgram } from '../support/program.ts'

interface Kept {
  entries: number
  bytes: number
  longest: number
}

async function kept({ pool }: TestDatabase): Promise<Kept> {
  const { rows } = await pool.query(`SELECT count(*)::int AS entries, coalesce(sum(length(body)), 0)::int AS bytes,
    coalesce(max(length(body)), 0)::int AS longest FROM rtc.quarantine WHERE kind = 'unknown'`)
  return rows[0]
}

/** Bodies that are all different, of about so many bytes each. */
function* rubbish(count: number, bytes: number): Generator<string> {
  for (let n = 0; n < count; n++) yield randomBytes(bytes / 2).toString('hex')
}

async function flood({ url }: Program, bodies: Iterable<string>, localAddress?: string): Promise<void> {
  const agent = localAddress === undefined ? undefined : new Agent({ keepAlive: true, localAddress })
  await concurrently(8, bodies, async (body) => {
    const answer = await send(`${url}/rtc/fee`, body, agent ? { agent } : {})
    expect(answer.status).toBe(400)
  })
  agent?.destroy()
}

/** What is kept is counted by the hour of the clock: where the next one is near, waits for it. */
async function earlyInTheHour(): Promise<void> {
  const left = 3_600_000 - (Date.now() % 3_600_000)
  if (left < 90_000) await sleep(left + 100)
}

test('one source: 60 bodies an hour are kept, 64 KiB of each; memory stays flat; good and bad records are taken as ever', async () => {
  await earlyInTheHour()
  const database = await freshDatabase()
  const program = await startProgram({ database })
  const memory = async () => sum(await scrape(program.adminUrl), 'process_resident_memory_bytes')
  await flood(program, rubbish(100, 500_000))
  expect(await kept(database)).toEqual({ entries: 60, bytes: 60 * 65_536, longest: 65_536 })
  const before = await memory()
  await flood(program, rubbish(400, 500_000))
  expect(await kept(database)).toMatchObject({ entries: 60 })
  expect((await memory()) - before).toBeLessThan(64 * 2 ** 20)
  const counted = await scrape(program.adminUrl)
  expect(sum(counted, 'rtc_quarantine_dropped_bodies_total')).toBe(440)
  expect(sum(counted, 'rtc_callbacks_total', { outcome: 'malformed' })).toBe(500)
  expect(sum(counted, 'rtc_inflight_records')).toBe(0)

  expect((await send(`${program.url}/rtc/fee`, fee(cdr('good'), cdr(undefined)))).status).toBe(200)
  const { rows } = await database.pool.query('SELECT kind, reason, body_size FROM rtc.quarantine WHERE kind = $1', [
    'fee',
  ])
  expect(rows).toMatchObject([{ kind: 'fee', reason: 'missing_session_id' }])
}, 180_000)

// Every address of 127.0.0.0/8 is this machine, on Linux without being told.
test.runIf(process.platform === 'linux')(
  'many sources: 600 bodies an hour are kept of all together',
  async () => {
    await earlyInTheHour()
    const database = await freshDatabase()
    const program = await startProgram({ database })
    for (let host = 2; host < 14; host++) await flood(program, rubbish(61, 100), `127.0.0.${host}`)
    expect(await kept(database)).toMatchObject({ entries: 600 })
  },
  180_000,
)

test('rubbish fills half of QUARANTINE_MAX_BYTES; the other half is for records, and beyond it a callback is 503', async () => {
  await earlyInTheHour()
  const database = await freshDatabase()
  // Of an earlier day, by which it is seen that the table has been measured.
  await database.pool.query(`INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, body)
    VALUES (now(), now(), 1, gen_random_uuid(), 'fee', 'missing_time', '{}')`)
  const program = await startProgram({ database, env: { QUARANTINE_MAX_BYTES: '1 MiB' } })
  await eventually(
    async () => sum(await scrape(program.adminUrl), 'rtc_quarantine_bytes'),
    (bytes) => bytes === 2 + 512,
  )
  const post = (body: object) => send(`${program.url}/rtc/fee`, body)
  await flood(program, rubbish(20, 100_000))
  expect(await kept(database)).toEqual({ entries: 7, bytes: 7 * 65_536, longest: 65_536 })

  const bad = (n: number) => ({ icid: `no session ${n}`, userData: 'x'.repeat(100_000) })
  for (let n = 0; n < 5; n++) expect((await post(fee(bad(n), cdr(`good-${n}`)))).status).toBe(200)
  // There is no room for this one: its sender shall come again, and nothing says that it was taken.
  expect((await post(fee(bad(6), cdr('good-6')))).status).toBe(503)
  expect((await post(fee(cdr('good-7')))).status).toBe(200)
  expect(program.lines).toContainEqual(expect.objectContaining({ level: 'error', msg: expect.stringMatching(/full/) }))
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS n FROM rtc.quarantine WHERE reason = 'missing_session_id'`,
  )
  expect(rows).toEqual([{ n: 5 }])
}, 180_000)
