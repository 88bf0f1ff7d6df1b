import type pg from 'pg'
import { Registry } from 'prom-client'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { foldLimits } from '../../src/maintenance/fold-batch.ts'
import { watchFold } from '../../src/metrics/fold.ts'
import { connect } from '../store/connect.ts'
import { asWriter } from '../support/as-writer.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, waitingForLocks } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { storedCalls, TestFolder, waitingRows } from '../support/folder.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { hold, TestReceiver, until } from '../support/receiver.ts'
import { spooled } from '../support/spool.ts'

asWriter()

const MINUTE = 60_000

const start = () => new Date(Math.floor(Date.now() / 1000) * 1000 - 2 * MINUTE)

async function storeCalls(pool: pg.Pool, name: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => `${name}${i}`)
  const facts = ids.map((id) => callOf(id, start()))
  await storeFacts(pool, { events: facts.flatMap(({ events }) => events), cdrs: facts.flatMap(({ cdrs }) => cdrs) })
  return ids
}

const allFolded = (pool: pg.Pool, ids: readonly string[], ms?: number) =>
  until(
    'all are folded',
    async () => {
      const calls = await storedCalls(pool)
      return ids.every((id) => calls.get(id)?.cdr_count === 1) && (await waitingRows(pool)) === 0
    },
    ms,
  )

describe('calls follow the facts', () => {
  test('a commit of this process wakes it; without one it looks by itself', async () => {
    const { url, pool } = await freshDatabase()
    const { folder } = await TestFolder.on(url)
    folder.start()
    await until('it has looked', () => folder.progress.lookedAt !== undefined)
    await allFolded(pool, await storeCalls(pool, 'unheard', 3))
    await until('it has seen that nothing is left', () => folder.progress.waiting === 0)
    const heard = await storeCalls(pool, 'heard', 3)
    folder.wake()
    await allFolded(pool, heard)
  })

  test('of a receiver: live, sent again, and through the spool', async () => {
    const { url, pool } = await freshDatabase()
    const { folder } = await TestFolder.on(url)
    folder.start()
    const it = await TestReceiver.start(url, { onStored: folder.wake })
    await it.take('status', [event('s1', { called: '+8613800000021' }, 'callout')])
    await it.take('fee', [cdr('s1'), cdr('s2'), cdr('s1')])
    await it.take('status', [event('s1', { called: '+8613800000021' }, 'callout')])
    const entry = { at: new Date().toISOString(), kind: 'fee', signer: null, record: cdr('s3') } as const
    await TestReceiver.start(url, { directory: await spooled([entry]) })
    await allFolded(pool, ['s1', 's2', 's3'])
    expect((await storedCalls(pool)).get('s1')).toMatchObject({ event_count: 1, cdr_count: 1 })
  })

  test('several at once: each call is computed, by one of them at a time', async () => {
    const { url, pool } = await freshDatabase()
    const folders = [await TestFolder.on(url), await TestFolder.on(url), await TestFolder.on(url)]
    for (const { folder } of folders) folder.start()
    const ids: string[] = []
    for (let i = 0; i < 5; i++) {
      ids.push(...(await storeCalls(pool, `n${i}-`, 40)))
      for (const { folder } of folders) folder.wake()
    }
    await allFolded(pool, ids)
    expect(folders.flatMap(({ log }) => log.lines)).toEqual([])
    expect((await storedCalls(pool)).size).toBe(200)
  })

  test('another takes over from one that hangs with the lock, as soon as that is gone', async () => {
    const { url, pool } = await freshDatabase()
    const { folder, log } = await TestFolder.on(url)
    const hung = await connect(url)
    await hung.query(`BEGIN; SELECT FROM rtc.maintenance WHERE task = 'fold' FOR UPDATE`)
    folder.start()
    const ids = await storeCalls(pool, 's', 5)
    folder.wake()
    await until('it sees that they wait', () => folder.progress.waiting > 0)
    expect((await storedCalls(pool)).size).toBe(0)
    await pool.query('SELECT pg_terminate_backend($1::int)', [Reflect.get(hung, 'processID')])
    await allFolded(pool, ids)
    expect(log.lines).toEqual([])
  })
})

describe('nothing is stale for ever', () => {
  test('facts that commit late, behind others that were folded long since', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { url, pool } = await freshDatabase()
    const it = await TestFolder.on(url)
    const first = await storeCalls(pool, 'first', 1)
    const late = await connect(url)
    await late.query('BEGIN')
    await storeFacts(late, callOf('late', start()))
    const later = await connect(url)
    await later.query('BEGIN')
    await storeFacts(later, callOf('much later', start()))

    await storeCalls(pool, 'in time', 3)
    await it.foldAll()
    await late.query('COMMIT')
    await it.foldAll()
    expect((await storedCalls(pool)).has('late')).toBe(true)
    // Looks begin by now behind the ids of the one that is still open.
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(11_000)
      await storeCalls(pool, `then${i}-`, 3)
      await it.foldAll()
    }
    await later.query('COMMIT')
    vi.advanceTimersByTime(6_000)
    await it.foldAll()
    expect([...(await storedCalls(pool)).keys()]).toEqual(expect.arrayContaining([...first, 'late', 'much later']))
    expect(await waitingRows(pool)).toBe(0)
  })

  test.each(['before commit', 'after commit'] as const)('the connection is cut %s, time after time', async (where) => {
    const { url, pool } = await freshDatabase()
    const { hostname, port } = new URL(url)
    const relay = await PostgresRelay.start({ host: hostname, port: Number(port) })
    onTestFinished(() => relay.stop())
    const relayed = new URL(url)
    relayed.port = String(relay.port)
    const { folder, log } = await TestFolder.on(relayed.href)
    folder.start()
    for (let i = 0; i < 3; i++) {
      relay.cut(where)
      const ids = await storeCalls(pool, `s${i}-`, 10)
      folder.wake()
      await allFolded(pool, ids)
    }
    await until('all were cut', () => relay.cuts === 3)
    // Each once, whatever was done twice.
    const { rows } = await pool.query(
      'SELECT kind, count(*)::int AS n, sum(cardinality(fact_times))::int AS facts FROM rtc.feed GROUP BY 1',
    )
    expect(rows).toEqual([{ kind: 'call', n: 30, facts: 240 }])
    expect(log.lines.every(({ level }) => level === 'warn')).toBe(true)
  })

  test('its connection is ended in the midst of a batch', async () => {
    const { url, pool } = await freshDatabase()
    const { folder } = await TestFolder.on(url)
    const ids = await storeCalls(pool, 's', 10)
    const locked = await hold(url, 'LOCK TABLE rtc.calls_private IN ACCESS EXCLUSIVE MODE')
    folder.start()
    const waits = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    await until('it waits', async () => ((await pool.query(`SELECT ${waits}`)).rowCount ?? 0) > 0)
    await pool.query(`SELECT pg_terminate_backend(pid) ${waits}`)
    await locked.rollback()
    await allFolded(pool, ids)
  })

  test('what came while there was no folder, and what a spool held back for a day', async () => {
    const { url, pool } = await freshDatabase()
    const yesterday = new Date(Date.now() - 86_400_000)
    const { events, cdrs } = callOf('drained', yesterday)
    const received = (row: object) => ({ ...row, received_at: yesterday.toISOString() })
    await storeFacts(pool, { events: events.map(received) })
    await storeFacts(pool, { cdrs: cdrs.map(received) })
    const { folder } = await TestFolder.on(url)
    folder.start()
    await allFolded(pool, ['drained'])
    expect((await storedCalls(pool)).get('drained')).toMatchObject({ first_received_at: yesterday, event_count: 7 })
  })
})

test('a login that keeps a transaction open for long delays nothing', async () => {
  const { url, pool } = await freshDatabase()
  const { folder, log } = await TestFolder.on(url)
  await hold(
    url,
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id(), count(*) FROM ops.calls',
  )
  folder.start()
  for (let i = 0; i < 3; i++) {
    const ids = await storeCalls(pool, `n${i}-`, 20)
    folder.wake()
    await allFolded(pool, ids)
  }
  expect(log.lines).toEqual([])
})

test('Postgres is away: it is said once and nothing breaks; when it is back all is folded', async () => {
  const { url, pool } = await freshDatabase()
  const { hostname, port } = new URL(url)
  const relay = await PostgresRelay.start({ host: hostname, port: Number(port) })
  onTestFinished(() => relay.stop())
  const relayed = new URL(url)
  relayed.port = String(relay.port)
  const { folder, log } = await TestFolder.on(relayed.href)
  folder.start()
  await until('it has looked', () => folder.progress.lookedAt !== undefined)
  relay.target = { host: '127.0.0.1', port: 1 }
  relay.reset()
  const ids = await storeCalls(pool, 's', 5)
  folder.wake()
  await until('it was said', () => log.lines.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect(log.lines).toMatchObject([{ level: 'warn', message: 'calls could not be computed, it will be tried again' }])
  relay.target = { host: hostname, port: Number(port) }
  await allFolded(pool, ids, 60_000)
})

test('a table that is not as it should be: loud, and folded when that is mended', async () => {
  const { url, pool } = await freshDatabase()
  const { folder, log } = await TestFolder.on(url)
  await pool.query('ALTER TABLE ops.calls RENAME digits TO keys')
  const ids = await storeCalls(pool, 's', 2)
  folder.start()
  await until('it was said', () => log.lines.length > 0)
  expect(log.lines).toMatchObject([{ level: 'error', context: { err: { code: '42703' } } }])
  expect(await waitingRows(pool)).toBe(16)
  await pool.query('ALTER TABLE ops.calls RENAME keys TO digits')
  await allFolded(pool, ids)
})

test('callbacks go first: while they wait there is a batch now and then, and afterwards it catches up', async () => {
  const { url, pool } = await freshDatabase()
  let busy = true
  const { folder } = await TestFolder.on(url, { busy: () => busy, limits: { ...foldLimits, batchSessions: 50 } })
  const ids = await storeCalls(pool, 's', 120)
  const began = performance.now()
  folder.start()
  await until('a batch was folded', () => folder.progress.folded > 0)
  expect(performance.now() - began).toBeGreaterThan(1_900)
  expect(folder.progress.folded).toBeLessThanOrEqual(50)
  busy = false
  await allFolded(pool, ids)
})

describe('it stops', () => {
  test('after the batch under way', async () => {
    const { url, pool } = await freshDatabase()
    const { folder, log } = await TestFolder.on(url, { limits: { ...foldLimits, batchSessions: 20 } })
    const ids = await storeCalls(pool, 's', 200)
    folder.start()
    await until('it is at it', () => folder.progress.folded > 0)
    await folder.stop(20_000)
    const folded = (await storedCalls(pool)).size
    expect(folded).toBe(folder.progress.folded)
    expect(log.lines).toEqual([])
    const next = await TestFolder.on(url)
    await next.foldAll()
    expect((await storedCalls(pool)).size).toBe(ids.length)
  })

  test('in time, whatever it waits for', async () => {
    const { url, pool } = await freshDatabase()
    const { folder, log } = await TestFolder.on(url)
    const ids = await storeCalls(pool, 's', 5)
    const locked = await hold(url, 'LOCK TABLE ops.calls IN ACCESS EXCLUSIVE MODE')
    folder.start()
    await until('it waits', async () => (await waitingForLocks(pool)) > 0)
    const began = performance.now()
    await folder.stop(300)
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(log.lines).toEqual([])
    await locked.rollback()
    const next = await TestFolder.on(url)
    next.folder.start()
    await allFolded(pool, ids)
  })
})

test('metrics, readiness and ops.freshness tell how far behind it is', async () => {
  const { url, pool } = await freshDatabase()
  const { folder } = await TestFolder.on(url)
  const registry = new Registry()
  watchFold(registry, folder)
  const metric = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value
  const freshness = async () => (await pool.query('SELECT * FROM ops.freshness')).rows[0]
  expect(await freshness()).toEqual({
    newest_fact_at: null,
    newest_folded_at: null,
    lag_seconds: 0,
    waiting_sessions: 0,
    large_sessions: 0,
    failed_sessions: 0,
  })

  await storeCalls(pool, 's', 4)
  await pool.query(`UPDATE rtc.unfolded SET stored_at = now() - interval '2 minutes'`)
  const other = await connect(url)
  await other.query(`BEGIN; SELECT FROM rtc.maintenance WHERE task = 'fold' FOR UPDATE`)
  folder.start()
  await until('they were seen', () => folder.progress.waiting > 0)
  expect(await metric('rtc_fold_waiting_sessions')).toBe(4)
  expect(await metric('rtc_fold_lag_seconds')).toBeGreaterThan(119)
  expect(folder.degraded).toEqual([expect.stringMatching(/^calls are 12\d s behind what is stored$/)])
  expect(await freshness()).toMatchObject({ waiting_sessions: 4, newest_folded_at: null })
  expect((await freshness()).lag_seconds).toBeGreaterThan(119)
  await other.query('COMMIT')

  await until('they are folded', async () => (await metric('rtc_fold_waiting_sessions')) === 0)
  expect(await metric('rtc_folded_calls_total')).toBe(4)
  expect(await metric('rtc_fold_lag_seconds')).toBe(0)
  expect(await metric('rtc_fold_failed_sessions')).toBe(0)
  expect(folder.degraded).toEqual([])
  await until('it is noted', async () => (await freshness()).newest_folded_at !== null)
  const { newest_fact_at, newest_folded_at, ...rest } = await freshness()
  expect(newest_fact_at).toEqual(newest_folded_at)
  expect(rest).toMatchObject({ lag_seconds: 0, waiting_sessions: 0 })
})
