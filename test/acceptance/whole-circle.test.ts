import { createSecretKey } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { Ledger } from '../../src/simulator/ledger.ts'
import { defaults, type SimulatorOptions } from '../../src/simulator/options.ts'
import { servePlatform } from '../../src/simulator/platform-server.ts'
import { reportOf } from '../../src/simulator/report.ts'
import { Simulator } from '../../src/simulator/simulator.ts'
import { VerificationCaller } from '../../src/verification-call/caller.ts'
import { auditLedger } from '../simulator/ledger-audit.ts'
import { freshDatabase } from '../support/database.ts'
import { scrape, sum } from '../support/metrics.ts'
import { eventually, temporaryDataDir } from '../support/program.ts'
import { ReceiverProcess } from '../support/receiver-process.ts'

/** How many calls to place at full speed; takes minutes. */
const manyCalls = Number(process.env.WHOLE_CIRCLE ?? 0)

const secret = 'not-a-real-secret'
const appKeys = ['SimulatedVerification', 'SimulatedOthers']
const apps = appKeys.map((appKey) => ({ appKey, secret: createSecretKey(Buffer.from(secret)) }))

const running = new Set<ReceiverProcess>()
afterAll(async () => {
  for (const receiver of running) await receiver.end('SIGKILL')
})

/** The built receiver that lets only signed callbacks in, and a simulator that signs in every documented form. */
async function circle(more: Partial<SimulatorOptions>) {
  const database = await freshDatabase()
  const receiver = await ReceiverProcess.create({
    dataDir: await temporaryDataDir(),
    databaseUrl: database.url,
    env: { RTC_AUTH: 'enforce', RTC_APPS: appKeys.map((appKey) => `${appKey}:${secret}`).join() },
  })
  running.add(receiver)
  const start = () => receiver.start({ PUBLIC_URL: receiver.url })
  await start()
  const ledger = new Ledger()
  const urls = { status: `${receiver.url}/rtc/status`, fee: `${receiver.url}/rtc/fee` }
  const simulator = new Simulator({
    ...defaults,
    urls,
    apps,
    signature: 'any',
    keepAlive: true,
    seed: 11,
    startAt: Math.floor(Date.now() / 1000) - 7_200,
    ledger,
    ...more,
  })
  onTestFinished(() => simulator.close())
  /** Once nothing waits in the spool. */
  const audit = async () => {
    await eventually(
      async () => sum(await scrape(receiver.adminUrl), 'rtc_spool_records'),
      (records) => records === 0,
      60_000,
    )
    return auditLedger(database.pool, ledger, { signed: true })
  }
  return { database, receiver, start, simulator, urls, audit }
}

// A few seconds; more where other things run at the same time.
const patience = { timeout: 120_000 }

test(
  'what is acknowledged is in the tables, column by column and once, through a restart of the receiver',
  patience,
  async () => {
    const { database, receiver, start, simulator, audit } = await circle({
      calls: 250,
      rate: 100,
      resendMs: 4_000,
      duplicates: 0.1,
      reorder: 0.1,
      malformed: 0.05,
      unknownFields: 0.1,
    })
    const run = simulator.run()
    while (simulator.tally.calls < 100) await sleep(20)
    expect((await receiver.end('SIGTERM')).code).toBe(0)
    await start()
    const summary = await run

    const found = await audit()
    expect(found).toMatchObject({ lost: [], strange: [], twice: [] })
    expect(found.acknowledged).toBeGreaterThan(500)
    // Events that met the restart are gone, as on the real platform; CDRs come again until they are taken.
    expect(summary.givenUp).toBe(0)
    expect(summary.failures).not.toHaveProperty('HTTP 401')
    const { rows } = await database.pool.query('SELECT count(*)::int AS cdrs FROM rtc.cdrs')
    expect(rows[0]).toEqual({ cdrs: 250 })
    const { rows: kept } = await database.pool.query<{ reason: string }>('SELECT DISTINCT reason FROM rtc.quarantine')
    const reasons = kept.map(({ reason }) => reason)
    expect(['missing_session_id', 'missing_time', 'invalid_json']).toEqual(expect.arrayContaining(reasons))
    expect(reasons).not.toEqual([])
  },
)

test(
  'client, platform, receiver, Postgres: a verification call comes back as its events and its CDR',
  patience,
  async () => {
    const { database, simulator, urls, audit } = await circle({ speed: 100 })
    const platform = await servePlatform(simulator, { apps })
    onTestFinished(() => platform.close())
    const options = { apiUrl: platform.url, appKey: appKeys[0] ?? '', secret, statusUrl: urls.status, feeUrl: urls.fee }
    const caller = new VerificationCaller(options)
    const placed = await Promise.all(
      Array.from({ length: 10 }, () =>
        caller.call({
          displayNbr: '+867550000001',
          calleeNbr: '+8613800000021',
          preTone: 'test.wav',
          verifyCode: '90210347',
          userData: 'whole-circle',
        }),
      ),
    )
    await simulator.settled()
    expect(await audit()).toMatchObject({ lost: [], strange: [], twice: [] })
    const textsOf = async (table: string) =>
      (
        await database.pool.query<{ session_id: string; user_data: string; signed_by: string; text: string }>(
          `SELECT session_id, user_data, signed_by, to_jsonb(t)::text AS text FROM rtc.${table} t`,
        )
      ).rows
    const [cdrs, events] = [await textsOf('cdrs'), await textsOf('call_events')]
    const ids = placed.map(({ sessionId }) => sessionId).sort()
    const ours = cdrs.filter(({ user_data, signed_by }) => user_data === 'whole-circle' && signed_by === appKeys[0])
    expect(ours.map(({ session_id }) => session_id).sort()).toEqual(ids)
    for (const id of ids) expect(events.filter(({ session_id }) => session_id === id).length).toBeGreaterThanOrEqual(2)
    expect([...cdrs, ...events].filter(({ text }) => text.includes('90210347'))).toEqual([])
  },
)

if (manyCalls > 0)
  test('many calls at full speed: sent = acknowledged = stored, and nothing else', { timeout: 1_800_000 }, async () => {
    const { database, simulator, audit } = await circle({ calls: manyCalls, concurrency: 32, timeoutMs: 60_000 })
    const summary = await simulator.run()
    console.log(reportOf(summary))
    const { callbacks, records } = summary
    expect(callbacks.acknowledged).toBe(callbacks.sent)
    const found = await audit()
    console.log(`${found.rows} rows, ${found.acknowledged} records acknowledged`)
    expect(found).toMatchObject({ lost: [], strange: [], twice: [] })
    expect(found.rows).toBe(records.status.sent + records.fee.sent)
    expect((await database.pool.query('SELECT FROM rtc.quarantine')).rows).toEqual([])
  })
