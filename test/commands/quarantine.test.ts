import { randomInt, randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { send } from '../support/http.ts'
import { cli, type Exit, type Program, startProgram } from '../support/program.ts'
import { countRows, emptyTables, readTables } from '../support/tables.ts'

let database: TestDatabase
let program: Program

beforeAll(async () => {
  database = await freshDatabase()
  // The entries below are of 2024, and maintenance runs meanwhile.
  program = await startProgram({ database, env: { QUARANTINE_RETENTION_DAYS: '36500' } })
})

beforeEach(() => emptyTables(database.pool))

function quarantine(...args: string[]): Promise<Exit> {
  return cli(['quarantine', ...args], { env: program.env })
}

/** An entry as an older release may have left it: its reason no longer holds for the body. */
async function leave(
  body: unknown,
  more: { kind?: string; reason?: string; record_index?: number; body_size?: number } = {},
): Promise<string> {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const { kind = 'fee', reason = 'missing_time', record_index = null, body_size = bytes.length } = more
  const { rows } = await database.pool.query(
    `INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, record_index, body_size, body_key, kind, reason, signed_by, body)
      VALUES ('2024-03-05 08:00:00.123+00', '2024-03-05 09:00:00+00', $1, $2, $3, $4, $5, 'an-app', $6) RETURNING id`,
    [record_index, body_size, randomUUID(), kind, reason, bytes],
  )
  return rows[0].id
}

async function idOf(reason: string): Promise<string> {
  const { rows } = await database.pool.query('SELECT id FROM rtc.quarantine WHERE reason = $1', [reason])
  return rows[0].id
}

async function post(body: object | string): Promise<void> {
  await send(`${program.url}/rtc/fee`, body)
}

describe('list', () => {
  test('nothing', async () => {
    expect(await quarantine('list')).toMatchObject({
      code: 0,
      stdout: 'nothing is in quarantine (resolved entries: --all)\n',
    })
    expect(JSON.parse((await quarantine('list', '--json')).stdout)).toEqual([])
  })

  test('newest first, with place, count and time of people; by reason; the body is not shown', async () => {
    await leave(cdr('secret-session'), { record_index: 3 })
    await post('rubbish')
    await post('rubbish')
    const { code, stdout } = await quarantine('list')
    expect(code).toBe(0)
    const [head, , newest, oldest] = stdout.split('\n')
    expect(head).toMatch(/^id +kind +reason +where +seen +last seen \(Asia\/Shanghai\) +resolution$/)
    expect(newest).toMatch(/^\d+ +unknown +invalid_json +\(body\) +2 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    expect(oldest).toMatch(/^\d+ +fee +missing_time +1 +2024-03-05 17:00:00$/)
    expect(stdout).not.toMatch(/secret-session|rubbish|8613/)
    const some = await quarantine('list', '--reason', 'missing_time', '--limit', '5', '--json')
    expect(JSON.parse(some.stdout)).toMatchObject([
      { kind: 'fee', record_index: 3, first_seen_at: '2024-03-05T08:00:00.123Z' },
    ])
    expect(JSON.parse((await quarantine('list', '--limit', '1', '--json')).stdout)).toHaveLength(1)
  })
})

describe('show', () => {
  test('the shape, the place of the error, nothing of what it says', async () => {
    await post(fee(cdr('x'), cdr(undefined, { userData: 'for Mr Zhang', more: [1, { a: null }] })))
    const { code, stdout } = await quarantine('show', await idOf('missing_session_id'))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^entry \d+: fee, missing_session_id, \d+ bytes\nseen 1 times from .* \(Asia\/Shanghai\)\n/)
    expect(stdout).toContain('record 1 of its feeLst\n  /sessionId: is missing\n')
    expect(stdout).toContain('"userData": "text of 12"')
    expect(stdout).toContain('"calleeNum": "text of 14"')
    expect(stdout).not.toMatch(/Zhang|8613|undefined\.1/)
    const json = JSON.parse((await quarantine('show', await idOf('missing_session_id'), '--json')).stdout)
    expect(json).toMatchObject({
      kind: 'fee',
      record_index: 1,
      errors: [{ pointer: '/sessionId', message: 'is missing' }],
      shape: { userData: 'text of 12', more: ['number', { a: null }] },
    })
    expect(json).not.toHaveProperty('body')
  })

  test('--raw: the bytes as they were kept', async () => {
    const bytes = Buffer.concat([Buffer.from('{"eventType":"'), Buffer.of(0xff, 0x00, 0x1b), Buffer.from('"}')])
    await send(`${program.url}/rtc/fee`, bytes)
    const { stdout } = await quarantine('show', '--raw', await idOf('invalid_utf8'))
    expect(stdout).toBe(bytes.toString())
  })

  test('a body that is no JSON, one of which only the beginning is kept, one nested without end', async () => {
    const big = `{"eventType":"${'x'.repeat(100_000)}`
    const deep = JSON.stringify(event('deep', { x: '?' })).replace('"?"', '['.repeat(50_000) + ']'.repeat(50_000))
    await post(big)
    await post(deep)
    const shown = await quarantine('show', await idOf('invalid_json'))
    expect(shown.stdout).toMatch(/, 100014 bytes, of which 65536 are kept\n/)
    expect(shown.stdout).toMatch(/body is not JSON: it ends too early/)
    const shape = await quarantine('show', await idOf('too_deep'))
    expect(shape.code).toBe(0)
    expect(shape.stdout).toContain('nested deeper')
  })

  test('names from outside do not reach the terminal as they are', async () => {
    const name = '\\u001b[2J\\u009b31m\\nresolved 2026-11-22: all is well\\u202e'
    await post(JSON.stringify(event('x', { '?': '!' })).replace('"?":"!"', `"${name}":1e999`))
    for (const args of [['list'], ['show', await idOf('non_finite_number')]]) {
      const { code, stdout } = await quarantine(...args)
      expect(code).toBe(0)
      expect(stdout).not.toMatch(/^\s*"?resolved|[^\P{Cc}\n]|\p{Cf}/mu)
      expect(stdout).toContain('\\nresolved')
    }
  })

  test('no such entry', async () => {
    expect(await quarantine('show', '123456789')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'rtc-receiver: there is no quarantine entry 123456789\n',
    })
  })
})

describe('replay', () => {
  test('what is good by now is stored as of the time it came, and resolved; twice changes nothing', async () => {
    const ids = [
      await leave(cdr('record', { userData: 'kept' }), { record_index: 7 }),
      await leave(event('status'), { kind: 'status', reason: 'malformed_event_type' }),
      await leave(fee(cdr('body-a'), cdr('body-b')), { kind: 'unknown', reason: 'not_a_callback' }),
    ]
    const first = await quarantine('replay', ...ids)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toBe(
      `${ids[0]}: stored 1, there already 0\n${ids[1]}: stored 1, there already 0\n${ids[2]}: stored 2, there already 0\n`,
    )
    const stored = await readTables(database.pool)
    expect(stored.cdrs.map(({ session_id }) => session_id)).toEqual(['body-a', 'body-b', 'record'])
    expect(stored.call_events).toMatchObject([{ session_id: 'status', signed_by: 'an-app' }])
    const { rows } = await database.pool.query(
      `SELECT DISTINCT received_at AT TIME ZONE 'UTC' = '2024-03-05 08:00:00.123' AS as_it_came
        FROM (SELECT received_at FROM rtc.cdrs UNION SELECT received_at FROM rtc.call_events) t`,
    )
    expect(rows).toEqual([{ as_it_came: true }])

    const again = await quarantine('replay', ...ids, '--json')
    expect(again).toMatchObject({ code: 1, stderr: 'rtc-receiver: 3 of 3 entries are unchanged\n' })
    expect(JSON.parse(again.stdout)).toEqual(
      ids.map((id) => ({ id: Number(id), done: false, reason: 'was resolved before: replayed' })),
    )
    expect(await readTables(database.pool)).toEqual(stored)
    expect((await quarantine('list')).stdout).toMatch(/^nothing is in quarantine/)
    expect(JSON.parse((await quarantine('list', '--all', '--json')).stdout)).toHaveLength(3)
  })

  test('all open ones of a reason, in partitions that are not there yet', async () => {
    const time = new Date(Date.now() + 300 * 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
    await leave(cdr('far', { callEndTime: time }), { reason: 'time_out_of_range' })
    await leave(cdr('near'), { reason: 'time_out_of_range' })
    await leave(cdr('other'))
    expect(await quarantine('replay', '--reason', 'time_out_of_range')).toMatchObject({ code: 0 })
    expect(await countRows(database.pool)).toMatchObject({ cdrs: 2 })
    expect(await quarantine('replay', '--reason', 'time_out_of_range')).toMatchObject({ code: 1 })
  })

  test('what is stored already is told apart, and the entry is resolved', async () => {
    await post(fee(cdr('there')))
    const id = await leave(fee(cdr('there'), cdr('new')), { kind: 'unknown', reason: 'invalid_json' })
    expect((await quarantine('replay', id)).stdout).toBe(`${id}: stored 1, there already 1\n`)
  })

  test('what is bad still stays, with the reason, and holds up no other', async () => {
    const huge = Array.from({ length: 1_024 }, () => String.fromCodePoint(0x1f300 + randomInt(0x300))).join('')
    await post(fee(cdr(huge, { icid: '1' })))
    const ids = [
      await leave(cdr(undefined)),
      await leave(fee(cdr(undefined), cdr(undefined)), { kind: 'unknown', reason: 'not_a_callback' }),
      await leave('{"cut', { kind: 'unknown', reason: 'invalid_json' }),
      await leave(cdr('cut'), { body_size: 100_000 }),
      await idOf('refused_by_postgres'),
      '987654321',
      await leave(cdr('good')),
    ]
    const { code, stdout, stderr } = await quarantine('replay', ...ids)
    expect(stdout.split('\n')).toEqual([
      `${ids[0]}: unchanged, /sessionId is missing`,
      `${ids[1]}: unchanged, /sessionId is missing`,
      `${ids[2]}: unchanged, body is not JSON: it ends too early, after 5 characters`,
      `${ids[3]}: unchanged, only the beginning of its body was kept`,
      `${ids[4]}: unchanged, Postgres refused it with SQLSTATE 54000`,
      `${ids[5]}: unchanged, there is no such entry`,
      `${ids[6]}: stored 1, there already 0`,
      '',
    ])
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'rtc-receiver: 6 of 7 entries are unchanged\n' })
    expect((await readTables(database.pool)).cdrs.map(({ session_id }) => session_id)).toEqual(['good'])
  })

  test('of a body the good records are stored, and the bad ones stand in quarantine on their own', async () => {
    const id = await leave(fee(cdr('good'), cdr(undefined)), { kind: 'unknown', reason: 'not_a_callback' })
    expect(await quarantine('replay', id)).toMatchObject({
      code: 0,
      stdout: `${id}: stored 1, there already 0, bad and in quarantine on their own 1\n`,
    })
    const tables = await readTables(database.pool)
    expect(tables.cdrs).toMatchObject([{ session_id: 'good' }])
    expect(tables.quarantine).toMatchObject([
      { reason: 'not_a_callback', resolution: 'replayed' },
      { reason: 'missing_session_id', record_index: 1 },
    ])
  })

  test('a conflict is one until its rival is gone', async () => {
    await post(fee(cdr('call', { userData: 'first' })))
    await post(fee(cdr('call', { userData: 'second' })))
    const id = await idOf('conflict')
    expect((await quarantine('replay', id)).stdout).toBe(`${id}: unchanged, another record is stored under its key\n`)
    await database.pool.query('DELETE FROM rtc.cdrs')
    expect((await quarantine('replay', id)).stdout).toBe(`${id}: stored 1, there already 0\n`)
    expect((await readTables(database.pool)).cdrs).toMatchObject([{ user_data: 'second' }])
  })

  test('of several records of one body that were bad for the same reason, each is replayed', async () => {
    const deep = '['.repeat(40) + ']'.repeat(40)
    await post(JSON.stringify(fee(cdr('a', { x: '?' }), cdr('b'), cdr('c', { x: '?' }))).replaceAll('"?"', deep))
    // As if a later release took deeper nesting.
    await database.pool.query(
      `UPDATE rtc.quarantine SET body = convert_to(replace(convert_from(body, 'UTF8'), $1, '[]'), 'UTF8'),
      body_size = length(replace(convert_from(body, 'UTF8'), $1, '[]'))`,
      [deep],
    )
    const { rows } = await database.pool.query('SELECT id FROM rtc.quarantine ORDER BY id')
    expect(await quarantine('replay', ...rows.map(({ id }) => id))).toMatchObject({ code: 0 })
    expect((await readTables(database.pool)).cdrs.map(({ session_id }) => session_id)).toEqual(['a', 'b', 'c'])
  })
})

describe('resolve', () => {
  test('closes entries with the word given; those that are closed or not there are named', async () => {
    const ids = [await leave(cdr('a')), await leave(cdr('b'))]
    expect(await quarantine('resolve', ids[0] as string, '--why', 'a test of ours')).toMatchObject({
      code: 0,
      stdout: `resolved: ${ids[0]}\n`,
    })
    expect(await quarantine('resolve', ...ids, '999999', '--why', 'again')).toMatchObject({
      code: 1,
      stdout: `resolved: ${ids[1]}\n`,
      stderr: `rtc-receiver: not open, or not there: ${ids[0]}, 999999\n`,
    })
    const { quarantine: rows } = await readTables(database.pool)
    expect(rows.map(({ resolution }) => resolution)).toEqual(['a test of ours', 'again'])
    expect(await countRows(database.pool)).toMatchObject({ cdrs: 0 })
  })

  test('the same again within a day leaves it closed, and is counted', async () => {
    await post('rubbish')
    await quarantine('resolve', await idOf('invalid_json'), '--why', 'known')
    await post('rubbish')
    expect((await quarantine('list')).stdout).toMatch(/^nothing is in quarantine/)
    expect((await readTables(database.pool)).quarantine).toMatchObject([{ seen_count: 2, resolution: 'known' }])
  })
})
