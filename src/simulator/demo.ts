import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { noteLines, printLines, table } from '../commands/output.ts'
import { bar, progressLine } from '../commands/progress.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { startEmbeddedPostgres } from '../embedded-postgres/embedded.ts'
import { createLogger } from '../lib/logger.ts'
import { callbackUrls } from '../platform/urls.ts'
import { type Service, startService } from '../service.ts'
import { demoFailures, demoMissingCdrs, demoStats, nameApps, type Period, receiveInTime } from '../store/demo.ts'
import { readFreshness } from '../store/freshness.ts'
import { migrate } from '../store/migrate.ts'
import { defaults, type SimulatorOptions } from './options.ts'
import { inventedApps, Simulator } from './simulator.ts'
import type { Summary } from './tally.ts'

/** The calls are spread over this time before now. */
const overS = 3 * 3600
const lostCdrs = 0.002

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '3000' }, keep: { type: 'boolean', default: false } },
})
const calls = Number(values.calls)

const interrupted = new Promise<'interrupted'>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'))
})

/** A receiver with a Postgres of its own, a simulated platform, and what ops see of its calls. Leaves nothing behind. */
async function demo(): Promise<void> {
  if (!Number.isInteger(calls) || calls < 1) throw new Error('--calls should be a whole number above 0')
  const dataDir = await mkdtemp(join(tmpdir(), 'rtc-receiver-demo-'))
  await chmod(dataDir, 0o755) // as root Postgres runs as another user
  const line = progressLine()
  try {
    line.show('starting the receiver and its Postgres …')
    const config = await loadConfig(environmentOf(dataDir))
    // Ahead of the receiver, which on a slow machine would go on without it.
    const silent = { info: () => {}, warn: () => {} }
    const postgres = await startEmbeddedPostgres({ directory: join(dataDir, 'postgres'), log: silent })
    try {
      await migrate({ databaseUrl: postgres.url })
      const service = await startService(config, await createLogger('silent'))
      line.end()
      const database = new pg.Pool({ connectionString: postgres.url, max: 1 })
      try {
        await run(config, service, database)
      } finally {
        await database.end()
        await service.stop()
      }
    } finally {
      await postgres.stop()
    }
  } finally {
    line.end()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Only signed callbacks get in. Nothing of the caller's own environment is used. */
function environmentOf(DATA_DIR: string): NodeJS.ProcessEnv {
  const secret = randomBytes(16).toString('hex')
  return {
    DATA_DIR,
    PORT: '0',
    ADMIN_PORT: '0',
    PUBLIC_URL: 'http://receiver.example.test',
    RTC_AUTH: 'enforce',
    RTC_APPS: Object.values(inventedApps)
      .map((appKey) => `${appKey}:${secret}`)
      .join(),
  }
}

async function run(config: Config, service: Service, database: pg.Pool): Promise<void> {
  await nameApps(database, inventedApps)
  printLines(`receiver   ${service.url}, X-AKSK enforced, Postgres in a temporary directory`)
  const startAt = Math.floor(Date.now() / 1000) - overS
  const simulator = new Simulator(optionsOf(config, service, { calls, startAt, overS, lostCdrs }))
  const stopWatching = watch(simulator)
  const result = await Promise.race([simulator.run(), interrupted])
  stopWatching()
  await simulator.close()
  if (result === 'interrupted') return
  printLines(`simulator  ${told(result)}`)
  if ((await Promise.race([settled(service, database), interrupted])) === 'interrupted') return
  await report(database, {
    from: new Date(startAt * 1000).toISOString(),
    to: new Date(Date.now() + 3_600_000).toISOString(),
  })
  if (values.keep) await keepOn(config, service)
  else printLines('', 'npm run demo -- --keep leaves it running, with calls going on and the page to look at')
}

function optionsOf(config: Config, { url }: Service, more: Partial<SimulatorOptions>): SimulatorOptions {
  const { status, fee } = callbackUrls({ ...config, tokens: config.pathTokens })
  return {
    ...defaults,
    urls: { status: `${url}/rtc/status`, fee: `${url}/rtc/fee` },
    signedUrls: { status: status[0] ?? '', fee: fee[0] ?? '' },
    apps: config.apps,
    signature: 'any',
    seed: 1,
    startAt: 0,
    concurrency: 32,
    keepAlive: true,
    ...more,
  }
}

function watch(simulator: Simulator): () => void {
  const line = progressLine()
  const timer = setInterval(() => {
    const { tally } = simulator
    line.show(`simulator  ${bar(tally.calls / calls)} ${tally.calls.toLocaleString('en')} calls`)
  }, 100)
  return () => {
    clearInterval(timer)
    line.end()
  }
}

function told({ calls, callbacks, seconds, latencyMs }: Summary): string {
  const { sent, acknowledged, perSecond } = callbacks
  const n = (value: number) => value.toLocaleString('en')
  const all = sent === acknowledged ? 'all acknowledged' : `${n(sent - acknowledged)} not acknowledged`
  return `${n(calls)} calls, ${n(sent)} callbacks in ${seconds} s (${n(perSecond)} a second, p95 ${latencyMs.status.p95} ms), ${all}`
}

/** Waits until the calls are there, with the delays that callbacks usually have. */
async function settled(service: Service, database: pg.Pool): Promise<void> {
  await caughtUp(service, database)
  await receiveInTime(database)
  await caughtUp(service, database)
}

/** Waits until all that was taken is stored, and counted with its call. */
async function caughtUp({ adminUrl }: Service, database: pg.Pool): Promise<void> {
  for (;;) {
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
    const freshness = await readFreshness(database)
    if (/^rtc_spool_records 0$/m.test(metrics) && freshness?.waiting_sessions === 0) return
    await sleep(100)
  }
}

async function report(database: pg.Pool, period: Period): Promise<void> {
  const stats = [
    'scenario',
    'calls',
    'answered',
    'busy',
    'no answer',
    'rejected',
    'unreach.',
    'cancelled',
    'failed',
    'ASR',
    'ACD',
  ]
  show('How the calls of the last three hours ended (ops.call_stats)', table(stats, await demoStats(database, period)))
  const failures = table(['outcome', 'reason', 'calls', 'share'], await demoFailures(database, period))
  show('Why calls were not answered (ops.failures)', failures)
  const missing = await demoMissingCdrs(database, period)
  const lines = missing.count > 0 ? table(['call_ref', 'scenario', 'ended', 're-sends left'], missing.rows) : ''
  show(`Calls whose CDR has not come: ${missing.count} (ops.missing_cdrs)`, lines)
}

/** Calls go on as on a quiet day, each in its own time, until somebody has seen enough. */
async function keepOn(config: Config, service: Service): Promise<void> {
  const live = { seed: 2, calls: 1_000_000, rate: 1, speed: 1 }
  const simulator = new Simulator(optionsOf(config, service, live))
  const running = simulator.run()
  printLines('', `page       ${service.adminUrl}/`, `psql       ${service.embedded?.psql}`)
  printLines('Ctrl-C ends it and removes everything')
  await interrupted
  await simulator.close()
  await running
}

function show(title: string, lines: string): void {
  printLines(
    '',
    title,
    '',
    ...lines
      .split('\n')
      .filter(Boolean)
      .map((line) => `  ${line}`),
  )
}

demo().catch((error: Error) => {
  noteLines(`demo: ${error.message}`)
  process.exitCode = 1
})
