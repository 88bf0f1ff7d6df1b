import { randomInt } from 'node:crypto'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { asWriter } from '../support/as-writer.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACCEPTED, send } from '../support/http.ts'
import { scrape, sum } from '../support/metrics.ts'
import { type Program, startProgram } from '../support/program.ts'
import { countRows, emptyTables, readTables } from '../support/tables.ts'

asWriter()

let database: TestDatabase
let program: Program

beforeAll(async () => {
  database = await freshDatabase()
  program = await startProgram({ database })
})

beforeEach(() => emptyTables(database.pool))

async function post(body: object): Promise<void> {
  const answer = await send(`${program.url}/rtc/fee`, body)
  expect([answer.status, answer.body]).toEqual([200, ACCEPTED])
}

/** Too long for an index of Postgres, which no check of ours foresees: it does not compress. */
function hugeName(): string {
  return Array.from({ length: 1_024 }, () => String.fromCodePoint(0x1f300 + randomInt(0x300))).join('')
}

test('of 50 records each is judged alone, and the quarantine says which and why', async () => {
  const bad = new Map<number, [unknown, string, string]>([
    [0, [cdr(undefined), 'missing_session_id', '/sessionId']],
    [7, [cdr('no time', { callEndTime: undefined }), 'missing_time', '']],
    [8, [cdr('bad time', { callEndTime: '2024-02-30 00:00:00' }), 'malformed_time', '/callEndTime']],
    [20, [cdr('old', { callEndTime: '1970-01-01 00:00:00' }), 'malformed_time', '/callEndTime']],
    [21, [cdr('nul', { userData: '\0' }), 'nul_character', '/userData']],
    [22, [cdr('future', { callEndTime: '2099-01-01 00:00:00' }), 'time_out_of_range', '/callEndTime']],
    [33, ['not an object', 'not_an_object', '']],
    [48, [cdr(1.5), 'malformed_session_id', '/sessionId']],
    [49, [cdr('half', { 'a/b~c': '\ud83d' }), 'lone_surrogate', '/a~1b~0c']],
  ])
  await post(fee(...Array.from({ length: 50 }, (_, n) => bad.get(n)?.[0] ?? cdr(`good-${n}`))))
  const { cdrs, quarantine } = await readTables(database.pool)
  expect(cdrs).toHaveLength(41)
  const found = quarantine.map(({ record_index, reason, errors }) => {
    const [{ pointer } = { pointer: '' }, ...others] = errors as { pointer: string }[]
    expect(others).toEqual([])
    return [record_index, reason, pointer]
  })
  expect(found.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual(
    [...bad].map(([n, [, reason, pointer]]) => [n, reason, pointer]),
  )
})

test('what Postgres refuses is found by halves, also among the callbacks of others', async () => {
  const huge = [hugeName(), hugeName(), hugeName()]
  const batch = Array.from({ length: 50 }, (_, n) => cdr(`batch-${n}`))
  for (const [i, at] of [0, 24, 49].entries()) batch[at] = cdr(huge[i], { icid: '1' })
  await Promise.all([
    post(fee(...batch)),
    ...Array.from({ length: 40 }, (_, n) => post(fee(cdr(`other-${n}-a`), cdr(`other-${n}-b`)))),
  ])
  const { cdrs, quarantine } = await readTables(database.pool)
  expect(cdrs).toHaveLength(47 + 80)
  expect(quarantine.map(({ reason, record_index, errors }) => ({ reason, record_index, errors }))).toEqual(
    [0, 24, 49].map((record_index) => ({
      reason: 'refused_by_postgres',
      record_index,
      errors: [{ pointer: '', message: 'Postgres refused the record with SQLSTATE 54000' }],
    })),
  )
  expect(quarantine.map(({ body }) => body)).toHaveLength(3)
})

test('an event that Postgres refuses is kept, too', async () => {
  await Promise.all([post(event(hugeName())), ...Array.from({ length: 20 }, (_, n) => post(event(`event-${n}`)))])
  expect(await countRows(database.pool)).toEqual({ call_events: 20, cdrs: 0, quarantine: 1 })
})

test('a field that does not fit spoils no record: it goes to extra as sent, and is counted', async () => {
  const before = await scrape(program.adminUrl)
  await post(fee(cdr('misfit', { ulFailReason: 'none', failTime: 'never', callerNum: ['+8613800000021'] })))
  const { cdrs } = await readTables(database.pool)
  expect(cdrs).toMatchObject([
    {
      session_id: 'misfit',
      extra: { ulFailReason: 'none', failTime: 'never', callerNum: ['+8613800000021'] },
    },
  ])
  expect(cdrs[0]).not.toHaveProperty('caller_num')
  const now = await scrape(program.adminUrl)
  for (const field of ['ulFailReason', 'failTime', 'callerNum'])
    expect(sum(now, 'rtc_field_misfits_total', { field }) - sum(before, 'rtc_field_misfits_total', { field })).toBe(1)
})

test('what the platform may add is kept: events, fields, siblings', async () => {
  await post({ ...event('new', { roomId: 5, nested: { a: [1] } }, 'transferred'), traceId: 'x' })
  await post(fee(cdr('new', { mptyId: 'y', costs: { total: 1.5 } })))
  const { call_events, cdrs, quarantine } = await readTables(database.pool)
  expect(call_events).toMatchObject([
    { event_type: 'transferred', extra: { roomId: 5, nested: { a: [1] }, '/traceId': 'x' } },
  ])
  expect(cdrs).toMatchObject([{ extra: { mptyId: 'y', costs: { total: 1.5 } } }])
  expect(quarantine).toEqual([])
})

test('the same bad record again is counted where it is', async () => {
  await post(fee(cdr(undefined), cdr('good')))
  await post(fee(cdr('good'), cdr('better'), cdr(undefined)))
  const { cdrs, quarantine } = await readTables(database.pool)
  expect(cdrs).toHaveLength(2)
  expect(quarantine).toMatchObject([{ reason: 'missing_session_id', record_index: 0, seen_count: 2 }])
})
