import { expect, test } from 'vitest'
import { CannotStoreError } from '../../src/ingest/receiver.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { hold, TestReceiver, turns, until } from '../support/receiver.ts'
import { FaultyIo } from '../support/spool.ts'
import { countRows } from '../support/tables.ts'

// Neither Postgres nor the spool: the only case in which a callback is refused, and nobody is told that it was taken.

const nobodyThere = 'postgres://nobody@127.0.0.1:1/nothing'

const isTaken = (work: Promise<void>) =>
  work.then(
    () => true,
    (error) => {
      expect(error).toBeInstanceOf(CannotStoreError)
      return false
    },
  )

test('a full spool refuses, says so, and takes callbacks again once it is drained', async () => {
  const it = await TestReceiver.start(nobodyThere, { connected: false, spoolMaxBytes: 64_000 })
  let taken = 0
  const refused = await (async () => {
    for (;;) {
      try {
        await it.take('status', [event(`s${taken}`, { userData: 'x'.repeat(1_000) })])
        taken++
      } catch (error) {
        return error
      }
    }
  })()
  expect(refused).toBeInstanceOf(CannotStoreError)
  expect(taken).toBeGreaterThan(40)
  expect(it.receiver.readiness).toEqual({
    ready: false,
    degraded: [expect.stringMatching(/^Postgres is away/), 'the spool is full'],
  })
  expect(it.log.messages('error')).toContain('the spool cannot take callbacks: answered 503')
  expect(await it.outcomes()).toEqual({ spooled: taken, refused: 1 })
  const { received, accounted, spooled, spoolAccounted } = await it.ledger()
  expect([received, spooled]).toEqual([accounted, spoolAccounted])
})

test('a disk that fails refuses; noticed when it is mended', async () => {
  const io = new FaultyIo()
  const it = await TestReceiver.start(nobodyThere, { connected: false, io })
  io.fail('datasync', 'EIO', { times: 1_000_000 })
  io.fail('open', 'EIO', { times: 1_000_000 })
  await expect(it.take('fee', [cdr('c1'), cdr('c2')])).rejects.toThrow(CannotStoreError)
  expect(it.receiver.readiness).toMatchObject({
    ready: false,
    degraded: [expect.anything(), 'the spool cannot be written'],
  })
  await it.receiver.keepUnread(
    { kind: 'unknown', reason: 'invalid_json', errors: [], holds: 'body', body: Buffer.from('{'), bodySize: 1 },
    '192.0.2.1',
    new Date(),
  )
  expect(await it.outcomes()).toEqual({ refused: 3 })
  io.heal()
  // As maintenance does every two seconds.
  await it.spool.probe()
  expect(it.receiver.readiness.ready).toBe(true)
  await it.take('fee', [cdr('c1'), cdr('c2')])
  expect(await it.outcomes()).toEqual({ refused: 3, spooled: 2 })
})

test('Postgres late and the spool unwritable: refused, although the records may be stored after all', async () => {
  const database = await freshDatabase()
  const io = new FaultyIo()
  const it = await TestReceiver.start(database.url, { io, deadlineMs: 400 })
  await it.take('fee', [cdr('c0')])
  await until('c0 is stored', async () => (await countRows(database.pool)).cdrs === 1)
  const lock = await hold(database.url, 'LOCK TABLE rtc.cdrs IN EXCLUSIVE MODE')
  io.fail('datasync', 'ENOSPC', { times: 1_000_000 })
  io.fail('open', 'ENOSPC', { times: 1_000_000 })
  const taken = [it.take('fee', [cdr('c1')]), it.take('fee', [cdr('c2')])]
  await turns()
  for (const one of taken) await expect(one).rejects.toThrow(CannotStoreError)
  await lock.commit()
  // As the platform does: sent again until it is taken, which may fail once more while Postgres is busy.
  await until('c1 is taken', () => isTaken(it.take('fee', [cdr('c1')])))
  expect((await countRows(database.pool)).cdrs).toBeGreaterThanOrEqual(2)
  const { received, accounted } = await it.ledger()
  expect(received).toBe(accounted)
})

test('the spool unwritable, Postgres there: ready, and nobody is refused', async () => {
  const io = new FaultyIo()
  const it = await TestReceiver.start((await freshDatabase()).url, { io })
  io.fail('datasync', 'EIO', { times: 1_000_000 })
  io.fail('open', 'EIO', { times: 1_000_000 })
  await it.spool.append([{ at: '', kind: 'status', signer: null, record: {} }]).catch(() => {})
  expect(it.receiver.readiness).toEqual({ ready: true, degraded: ['the spool cannot be written'] })
  await it.take('status', [event('s1')])
  expect(await it.outcomes()).toEqual({ stored: 1 })
  io.heal()
})
