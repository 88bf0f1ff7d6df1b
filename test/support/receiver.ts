import pg from 'pg'
import { onTestFinished } from 'vitest'
import { Receiver } from '../../src/ingest/receiver.ts'
import { Maintenance } from '../../src/maintenance/maintenance.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import type { CallbackKind } from '../../src/platform/record.ts'
import { Spool, type SpoolIo } from '../../src/spool/spool.ts'
import { Postgres } from '../../src/store/postgres.ts'
import { type Way, wayTo } from './route.ts'
import { TestLog, temporaryDirectory } from './spool.ts'

interface Options {
  /** Milliseconds; long by default, so that only tests about it meet it. */
  deadlineMs?: number
  poolSize?: number
  directory?: string
  spoolMaxBytes?: number
  quarantineMaxBytes?: number
  /** Runs the maintenance beside the receiver, which removes what is older. */
  retentionDays?: number
  io?: SpoolIo
  onStored?: () => void
  pooler?: 'transaction'
  /** Whether the receiver waits for Postgres before the test goes on. */
  connected?: boolean
}

interface Sent {
  body?: Buffer
  signer?: string
  receivedAt?: Date
}

/** A receiver on a real Postgres and a real spool, without HTTP before it; stopped after the test. */
export class TestReceiver {
  readonly receiver: Receiver
  readonly spool: Spool
  readonly postgres: Postgres
  readonly metrics = new Metrics()
  readonly log: TestLog
  readonly pooler: 'transaction' | undefined
  #maintenance: Maintenance | undefined
  #stopped: Promise<void> | undefined

  static async start(databaseUrl: string, options: Options = {}): Promise<TestReceiver> {
    const directory = options.directory ?? (await temporaryDirectory())
    const log = new TestLog()
    const { spoolMaxBytes = 64 * 1024 * 1024, io, connected = true } = options
    const spool = await Spool.open({ directory, maxBytes: spoolMaxBytes, log, ...(io ? { io } : {}) })
    const it = new TestReceiver(await wayTo(databaseUrl), spool, log, options)
    onTestFinished(() => it.stop(500))
    it.receiver.start()
    if (options.retentionDays !== undefined) it.#maintain(options.retentionDays)
    if (!connected) return it
    if (!(await it.receiver.whenConnected(30_000))) throw new Error('Postgres was not reached')
    // What the server of the tests is told about its own settings is not their subject.
    log.lines.splice(
      0,
      Infinity,
      ...log.lines.filter(({ message }) => !/^(fsync|full_page_writes) is off/.test(message)),
    )
    return it
  }

  private constructor(way: Way, spool: Spool, log: TestLog, options: Options) {
    const { deadlineMs = 30_000, poolSize = 6, pooler = way.pooler, quarantineMaxBytes = 1024 * 1024 } = options
    this.spool = spool
    this.log = log
    this.pooler = pooler
    this.postgres = new Postgres({
      databaseUrl: way.databaseUrl,
      migrateDatabaseUrl: way.migrateDatabaseUrl ?? way.databaseUrl,
      migrate: 'auto',
      poolSize,
      pooler,
      statementTimeoutMs: deadlineMs,
      partitionBy: 'month',
      log,
    })
    this.receiver = new Receiver({
      postgres: this.postgres,
      spool,
      metrics: this.metrics,
      log,
      commitDeadlineMs: deadlineMs,
      quarantineMaxBytes,
      ...(options.onStored ? { onStored: options.onStored } : {}),
    })
  }

  #maintain(retentionDays: number): void {
    const { postgres, spool, log, receiver } = this
    const options = { postgres, spool, log, receiver, quarantineRetentionDays: 90, retention: { retentionDays } }
    this.#maintenance = new Maintenance(options)
    this.#maintenance.start()
  }

  /** Sends one callback with these records. */
  take(kind: CallbackKind, records: readonly unknown[], { body, signer, receivedAt = new Date() }: Sent = {}) {
    return this.receiver.take({
      kind,
      records,
      oddities: [],
      body: body ?? Buffer.from(JSON.stringify(records)),
      signer: signer ?? null,
      receivedAt,
    })
  }

  stop(timeoutMs: number): Promise<void> {
    this.#stopped ??= this.#stop(timeoutMs)
    return this.#stopped
  }

  async #stop(timeoutMs: number): Promise<void> {
    await this.#maintenance?.stop(timeoutMs)
    await this.receiver.stop(timeoutMs)
  }

  /** The sum of a metric's samples that carry these labels. */
  async metric(name: string, labels: Record<string, string> = {}): Promise<number> {
    return sumOf(await this.metrics.registry.metrics(), name, labels)
  }

  /** How many live records had each outcome. */
  async outcomes(via: 'live' | 'spool' = 'live'): Promise<Record<string, number>> {
    const text = await this.metrics.registry.metrics()
    const names = ['stored', 'duplicate', 'conflict', 'quarantined', 'spooled', 'refused']
    const counts = names.map((outcome) => [outcome, sumOf(text, 'rtc_records_total', { via, outcome })] as const)
    return Object.fromEntries(counts.filter(([, count]) => count > 0))
  }

  /** Both sides of the two sums that hold at every scrape. */
  async ledger(): Promise<{ received: number; accounted: number; spooled: number; spoolAccounted: number }> {
    const text = await this.metrics.registry.metrics()
    const sum = (name: string, labels: Record<string, string> = {}) => sumOf(text, name, labels)
    return {
      received: sum('rtc_records_received_total'),
      accounted: sum('rtc_records_total', { via: 'live' }) + sum('rtc_inflight_records'),
      spooled: sum('rtc_spool_start_records') + sum('rtc_records_total', { outcome: 'spooled' }),
      spoolAccounted:
        sum('rtc_records_total', { via: 'spool' }) + sum('rtc_spool_set_aside_total') + sum('rtc_spool_records'),
    }
  }
}

export function sumOf(metrics: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  let total = 0
  for (const line of metrics.split('\n')) {
    const [, metric, carried = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (metric === name && wanted.every((label) => carried.split(',').includes(label))) total += Number(value)
  }
  return total
}

/** Somebody else's transaction: it has done this, and keeps its locks until it ends. */
export interface Held {
  commit(): Promise<void>
  rollback(): Promise<void>
}

export async function hold(url: string, sql: string, values: unknown[] = []): Promise<Held> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  await client.query('BEGIN')
  if (sql.startsWith('LOCK TABLE')) await lockTables(client, sql)
  else await client.query(sql, values)
  const end = (how: string) => async () => {
    await client.query(how)
    await client.end()
  }
  return { commit: end('COMMIT'), rollback: end('ROLLBACK') }
}

/**
 * Never waits while it has some of the locks, for the receiver works on its tables from the start: it may have what we
 * still want, and want what we have.
 */
async function lockTables(client: pg.Client, sql: string): Promise<void> {
  await client.query('SAVEPOINT unlocked')
  await until(sql, async () => {
    try {
      await client.query(`${sql} NOWAIT`)
      return true
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error
      await client.query('ROLLBACK TO unlocked')
      return false
    }
  })
}

/** Waits until something is so; fails after some seconds. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not so after ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A few turns of the event loop: what was taken in is on its way to Postgres. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}
