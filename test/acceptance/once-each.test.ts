import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { feeFixture, feeFixtures, statusFixture, statusFixtures } from '../fixtures/load.ts'
import { asWriter } from '../support/as-writer.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACCEPTED, concurrently, send } from '../support/http.ts'
import { type Scrape, scrape, sum } from '../support/metrics.ts'
import { type Program, startProgram } from '../support/program.ts'
import { countRows, emptyTables, readTables } from '../support/tables.ts'

asWriter()

let database: TestDatabase
let one: Program
let other: Program

beforeAll(async () => {
  database = await freshDatabase()
  const both = await Promise.all([startProgram({ database }), startProgram({ database })])
  one = both[0]
  other = both[1]
})

beforeEach(() => emptyTables(database.pool))

async function post(body: object | string, { url } = one): Promise<void> {
  const answer = await send(`${url}/rtc/status`, body)
  expect([answer.status, answer.body]).toEqual([200, ACCEPTED])
}

/** How many records came to each outcome at both receivers meanwhile. */
async function outcomesOf(work: () => Promise<void>): Promise<Record<string, number>> {
  const all = async () => {
    const scrapes = await Promise.all([scrape(one.adminUrl), scrape(other.adminUrl)])
    const count = (outcome: string) => scrapes.reduce((n, s: Scrape) => n + sum(s, 'rtc_records_total', { outcome }), 0)
    return { stored: count('stored'), duplicate: count('duplicate'), conflict: count('conflict') }
  }
  const before = await all()
  await work()
  const now = await all()
  return {
    stored: now.stored - before.stored,
    duplicate: now.duplicate - before.duplicate,
    conflict: now.conflict - before.conflict,
  }
}

describe('the same again adds no row', () => {
  test.each([...statusFixtures.map(statusFixture), ...feeFixtures.map(feeFixture)])(
    'documented callback %#, to either receiver',
    async (body) => {
      await post(body)
      const first = await readTables(database.pool)
      await post(body)
      await post(body, other)
      expect(await readTables(database.pool)).toEqual(first)
      expect(first.call_events.length + first.cdrs.length).toBe(1)
    },
  )

  test('in a body that is written otherwise: order of keys, blanks, escapes, empty members, case of eventType', async () => {
    await post(event('same', { caller: '+8613800000022', userData: 'order "1"', stateCode: 7 }))
    await post(`{ "statusInfo" :\r\n{"stateCode":7.0, "userData":"\\u006frder \\"1\\"","called":"+8613800000021",
      "timestamp":"2024-03-05  07:15:00","caller":"+8613800000022","digitInfo":"","partyType":null,"sessionId":"same"},
      "eventType":"ANSWER"}`)
    const record = cdr('same', { ttsPlayTimes: 0, more: [1, { b: 2, a: '' }] })
    await post(fee(record))
    const turned = Object.fromEntries(Object.entries(record).reverse())
    await post(fee({ ...turned, failTime: '', recordFlag: null, more: [1, { a: null, b: 2 }] }))
    expect(await countRows(database.pool)).toEqual({ call_events: 1, cdrs: 1, quarantine: 0 })
  })

  test('in one body', async () => {
    await post(fee(cdr('a'), cdr('b'), cdr('a'), cdr('a'), cdr('b')))
    expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 2, quarantine: 0 })
  })

  test('in batches of other composition', async () => {
    const records = Array.from({ length: 60 }, (_, n) => cdr(`batch-${n}`))
    const outcomes = await outcomesOf(async () => {
      for (const size of [50, 7, 1, 60, 33])
        for (let from = 0; from < records.length; from += size) await post(fee(...records.slice(from, from + size)))
    })
    expect(outcomes).toEqual({ stored: 60, duplicate: 240, conflict: 0 })
    expect((await countRows(database.pool)).cdrs).toBe(60)
  })

  test('at two receivers at the same time, in opposite order', async () => {
    const records = Array.from({ length: 200 }, (_, n) => cdr(`race-${n}`))
    const events = Array.from({ length: 200 }, (_, n) => event(`race-${n}`))
    const batches = Array.from({ length: 20 }, (_, n) => fee(...records.slice(n * 10, n * 10 + 10)))
    // Who makes the month's partitions is not the subject: the other would wait for a second, and spool.
    await post(event('first'))
    await post(fee(cdr('first')))
    await emptyTables(database.pool)
    const outcomes = await outcomesOf(async () => {
      await Promise.all([
        concurrently(8, [...batches, ...events], (body) => post(body)),
        concurrently(8, [...batches, ...events].reverse(), (body) => post(body, other)),
        post(fee(...records)),
        post(fee(...records.toReversed()), other),
      ])
    })
    // Each event came twice, each CDR four times.
    expect(outcomes).toEqual({ stored: 400, duplicate: 200 + 600, conflict: 0 })
    expect(await countRows(database.pool)).toEqual({ call_events: 200, cdrs: 200, quarantine: 0 })
  })
})

describe('what differs is not the same', () => {
  test('events of one call that differ in anything are rows of their own', async () => {
    await post(event('call'))
    await post(event('call', {}, 'disconnect'))
    await post(event('call', { timestamp: '2024-03-05 07:15:01' }))
    await post(event('call', { called: '+8613800000023' }))
    await post(event('call', { unheardOf: 1 }))
    expect(await countRows(database.pool)).toEqual({ call_events: 5, cdrs: 0, quarantine: 0 })
  })

  test('CDRs of one call that differ in icid or time are rows of their own', async () => {
    await post(fee(cdr('call'), cdr('call', { icid: '2' }), cdr('call', { callEndTime: '2024-03-05 07:16:03' })))
    await post(fee(cdr('call', { icid: '' })))
    expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 4, quarantine: 0 })
  })

  test('the same key with other content is a conflict: in quarantine, counted there, never merged', async () => {
    await post(fee(cdr('call', { userData: 'first' })))
    const rival = cdr('call', { userData: 'second' })
    const outcomes = await outcomesOf(async () => {
      await post(fee(cdr('neighbour'), rival))
      await post(fee(rival), other)
      await post(fee(cdr('call', { userData: 'first' })))
    })
    expect(outcomes).toEqual({ stored: 1, duplicate: 1, conflict: 2 })
    const { cdrs, quarantine } = await readTables(database.pool)
    expect(cdrs).toMatchObject([{ session_id: 'call', user_data: 'first' }, { session_id: 'neighbour' }])
    expect(quarantine).toEqual([
      {
        kind: 'fee',
        reason: 'conflict',
        errors: [{ pointer: '', message: 'another record is stored under the same sessionId, icid and time' }],
        differing: ['userData'],
        record_index: 1,
        seen_count: 2,
        body: JSON.stringify(rival),
        body_size: JSON.stringify(rival).length,
      },
    ])
  })

  test('two rivals in one body, and one twice: a row, a conflict, a duplicate', async () => {
    const outcomes = await outcomesOf(() =>
      post(fee(cdr('call', { userData: 'a' }), cdr('call', { userData: 'b' }), cdr('call', { userData: 'a' }))),
    )
    expect(outcomes).toEqual({ stored: 1, duplicate: 1, conflict: 1 })
    expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 1, quarantine: 1 })
  })

  test('of rivals at two receivers at the same time one wins each time, and the other is kept', async () => {
    await concurrently(8, Array.from({ length: 100 }).keys(), (n) =>
      Promise.all([
        post(fee(cdr(`duel-${n}`, { userData: 'a' }))),
        post(fee(cdr(`duel-${n}`, { userData: 'b' })), other),
      ]),
    )
    expect(await countRows(database.pool)).toEqual({ call_events: 0, cdrs: 100, quarantine: 100 })
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS n FROM rtc.cdrs c JOIN rtc.quarantine q
        ON convert_from(q.body, 'UTF8')::jsonb ->> 'sessionId' = c.session_id
        WHERE convert_from(q.body, 'UTF8')::jsonb ->> 'userData' <> c.user_data`,
    )
    expect(rows).toEqual([{ n: 100 }])
  })
})

test('200 callbacks of 50 CDRs over 32 connections, and again in another composition: 10,000 rows', async () => {
  const records = Array.from({ length: 10_000 }, (_, n) =>
    cdr(`many-${n}`, { icid: String(n), userData: `order-${n}` }),
  )
  const rows = async () => (await countRows(database.pool)).cdrs
  const batches = (order: (n: number) => number) =>
    Array.from({ length: 200 }, (_, b) => fee(...Array.from({ length: 50 }, (_, i) => records[order(b * 50 + i)])))
  const all = async (bodies: object[]) => {
    const urls = [one, other]
    let n = 0
    await concurrently(32, bodies, (body) => post(body, urls[n++ % 2]))
  }
  const first = await outcomesOf(() => all(batches((n) => n)))
  expect([first, await rows()]).toEqual([{ stored: 10_000, duplicate: 0, conflict: 0 }, 10_000])
  // 7,919 and 10,000 have no divisor in common, so every record comes once more, among others.
  const second = await outcomesOf(() => all(batches((n) => (n * 7_919) % 10_000)))
  expect([second, await rows()]).toEqual([{ stored: 0, duplicate: 10_000, conflict: 0 }, 10_000])
  expect((await countRows(database.pool)).quarantine).toBe(0)
})
