import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { batchLimits } from '../../src/ingest/batches.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { hold, sumOf, TestReceiver, turns, until } from '../support/receiver.ts'

const locked = (database: TestDatabase) => hold(database.url, 'LOCK TABLE rtc.call_events, rtc.cdrs IN EXCLUSIVE MODE')

/** An event of a time that always has its partition: none is made while the table is locked. */
const old = (session: string) => event(session, { timestamp: '2019-01-24 03:04:24' })

/**
 * The statements the receiver sends from now on: by name, else their first word, COPY for a query string with COPYs in it.
 * To be called before it starts. What a receiver does beside its groups is left out.
 */
function statements(): string[] {
  const sent: string[] = []
  const query = pg.Client.prototype.query
  const spy = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const what = nameOf(args[0] as Sent)
    if (what !== undefined) sent.push(what)
    return Reflect.apply(query, this, args)
  })
  onTestFinished(() => spy.mockRestore())
  return sent
}

type Sent = string | pg.Submittable | { name?: string; text: string; values?: unknown[] }

/** Undefined for what is of no group: the partitions of now (the tests' records are of 2024), and what is asked each minute. */
function nameOf(statement: Sent): string | undefined {
  if (typeof statement === 'string')
    return statement.includes('FROM rtc.quarantine') ? undefined : statement.split(' ')[0]
  if ('submit' in statement) return 'COPY'
  const { name, text, values } = statement
  if (text.includes('rtc.erased_keys')) return undefined
  if (text.includes('rtc.ensure_period') && !String(values?.[1]).startsWith('2024-')) return undefined
  return name ?? text
}

test('an idle receiver sends a callback on at once, in a group of its own', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const lock = await locked(database)
  const taken = it.take('status', [old('s1')])
  await turns(1)
  expect(await it.metric('rtc_queue_rows')).toBe(0)
  expect(await it.metric('rtc_inflight_records')).toBe(1)
  await lock.commit()
  await taken
  expect(await it.metric('rtc_group_rows_count')).toBe(1)
  expect(await it.metric('rtc_inflight_records')).toBe(0)
})

test('callbacks of one turn of the event loop share a group', async () => {
  const it = await TestReceiver.start((await freshDatabase()).url)
  await Promise.all(Array.from({ length: 40 }, (_, i) => it.take('status', [event(`s${i}`)])))
  expect(await it.metric('rtc_group_rows_count')).toBe(1)
  expect(await it.metric('rtc_group_rows_sum')).toBe(40)
})

test('while two groups are in flight the next one gathers; each table has its own batch', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('warm')])
  const lock = await locked(database)
  const taken: Promise<void>[] = []
  for (let i = 0; i < 30; i++) {
    taken.push(it.take('status', [old(`s${i}`)]), it.take('fee', [cdr(`c${i}`), cdr(`d${i}`)]))
    await turns(2)
  }
  const waiting = await it.metrics.registry.metrics()
  expect(sumOf(waiting, 'rtc_queue_rows', { table: 'call_events' })).toBe(28)
  expect(sumOf(waiting, 'rtc_queue_rows', { table: 'cdrs' })).toBe(56)
  await lock.commit()
  await Promise.all(taken)
  const done = await it.metrics.registry.metrics()
  const groups = (table: string) => [
    sumOf(done, 'rtc_group_rows_count', { table }),
    sumOf(done, 'rtc_group_rows_sum', { table }),
  ]
  expect(groups('call_events')).toEqual([3, 30])
  expect(groups('cdrs')).toEqual([3 + 1, 60 + 1])
  expect(sumOf(done, 'rtc_group_rows_bucket', { table: 'call_events', le: '1' })).toBe(2)
})

test('busy while most callbacks have to wait for a group: the fold then stands back', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const { receiver } = it
  await it.take('status', [old('one at a time')])
  expect(receiver.isBusy).toBe(false)
  const lock = await locked(database)
  const taken: Promise<void>[] = []
  for (let i = 0; i < 100; i++) {
    taken.push(it.take('status', [old(`s${i}`)]))
    if (i < 3) await turns(2)
    // One that waits behind two groups in flight is no load.
    if (i === 2) expect([await it.metric('rtc_queue_rows'), receiver.isBusy]).toEqual([1, false])
  }
  expect(receiver.isBusy).toBe(true)
  await lock.commit()
  await Promise.all(taken)
  // However many waited, it is over once nothing is under way.
  await until('nothing is under way', () => !receiver.isBusy)
})

test('a group has its bounds in rows', async () => {
  const it = await TestReceiver.start((await freshDatabase()).url)
  const count = 2 * batchLimits.groupRows + 1
  await it.take(
    'fee',
    Array.from({ length: count }, (_, i) => cdr(`c${i}`)),
  )
  const metrics = await it.metrics.registry.metrics()
  expect(sumOf(metrics, 'rtc_group_rows_count')).toBe(3)
  expect(sumOf(metrics, 'rtc_group_rows_bucket', { le: '500' })).toBe(3)
})

test('and in bytes, but one record always goes', async () => {
  const it = await TestReceiver.start((await freshDatabase()).url)
  const body = Buffer.alloc(3 * batchLimits.groupBytes)
  await it.take('fee', [cdr('c1'), cdr('c2')], { body })
  expect(await it.metric('rtc_group_rows_bucket', { le: '1' })).toBe(2)
})

test('new records cost one query string; a look comes after the first that is not new, and first after that', async () => {
  const sent = statements()
  const it = await TestReceiver.start((await freshDatabase()).url)
  await it.take('status', [event('warm')])
  sent.length = 0
  await it.take('status', [event('s1'), event('s2')])
  expect(sent.splice(0)).toEqual(['COPY'])
  await it.take('status', [event('s2'), event('s3')])
  expect(sent.splice(0)).toEqual(['COPY', 'stored_events', 'COPY'])
  await it.take('status', [event('s3')])
  expect(sent.splice(0)).toEqual(['stored_events'])
  await it.take('status', [event('s4')])
  await it.take('status', [event('s5')])
  expect(sent.splice(0)).toEqual(['stored_events', 'COPY', 'COPY'])
  // The month is made for the first CDR.
  await it.take('fee', [cdr('c1'), cdr('c2')])
  expect(sent.splice(0)).toEqual(['ensure_period', 'COPY'])
  await it.take('fee', [cdr('c2', { userData: 'another' }), cdr('c3')])
  expect(sent.splice(0)).toEqual(['COPY', 'stored_cdrs', 'BEGIN', 'COPY', 'insert_quarantine', 'COMMIT'])
  await it.take('status', [event(null)])
  expect(sent.splice(0)).toEqual(['insert_quarantine'])
  expect(await it.outcomes()).toEqual({ stored: 9, duplicate: 2, conflict: 1, quarantined: 1 })
})

test('behind a transaction pooler no statement has a name', async () => {
  const sent = statements()
  const it = await TestReceiver.start((await freshDatabase()).url, { pooler: 'transaction' })
  await it.take('status', [event('s1')])
  await it.take('fee', [cdr('c1')])
  await it.take('fee', [cdr('c1')])
  expect(sent).toContain('COPY')
  expect(sent.filter((what) => /^[a-z_]+$/.test(what))).toEqual([])
  expect(await it.outcomes()).toEqual({ stored: 2, duplicate: 1 })
})

test('what comes beyond the rows that may wait goes to the spool', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('c')])
  const lock = await locked(database)
  const taken = [it.take('fee', [cdr('a')]), it.take('status', [old('s')])]
  await turns(2)
  taken.push(it.take('fee', [cdr('b')]))
  await turns(2)
  const many = Array.from({ length: batchLimits.queueRows }, (_, i) => cdr(`c${i}`))
  for (let i = 0; i < many.length; i += 1_000) taken.push(it.take('fee', many.slice(i, i + 1_000)))
  await turns(2)
  expect(await it.outcomes()).toEqual({ stored: 1 })
  await it.take('fee', [cdr('one more')])
  expect(await it.outcomes()).toEqual({ stored: 1, spooled: 1 })
  expect(it.log.messages('warn')).toContain('too much waits for Postgres: callbacks go to the spool')
  // The other table's has room.
  taken.push(it.take('status', [old('s2')]))
  await turns(2)
  expect(await it.outcomes()).toEqual({ stored: 1, spooled: 1 })
  await lock.commit()
  await Promise.all(taken)
  await until('the spool is drained', () => it.spool.records === 0)
  const { rows } = await database.pool.query('SELECT count(*)::int AS n FROM rtc.cdrs')
  expect(rows[0].n).toBe(many.length + 4)
})

test('what comes beyond the bytes that may wait goes to the spool', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  await it.take('fee', [cdr('c0')])
  const lock = await locked(database)
  const body = Buffer.alloc(batchLimits.queueBytes / 2)
  const taken: Promise<void>[] = []
  for (let n = 1; n <= 4; n++) {
    taken.push(it.take('fee', [cdr(`c${n}`)], { body }))
    await turns(2)
  }
  await it.take('fee', [cdr('c5')])
  expect(await it.outcomes()).toEqual({ spooled: 1, stored: 1 })
  await lock.commit()
  await Promise.all(taken)
  await until('the spool is drained', () => it.spool.records === 0)
  expect(await it.outcomes()).toEqual({ spooled: 1, stored: 5 })
  expect(await it.outcomes('spool')).toEqual({ stored: 1 })
})
