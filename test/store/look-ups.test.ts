import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { referenceOf } from '../../src/calls/references.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { a, b, callback, callbackEvents, caller, notification, privateNumber } from '../calls/facts.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { storeSessions } from './folded.ts'

const privateSession = '+8613800000031_+8617012340001_4_ab12cd'
const signed = { signed_by: 'app-note' }
const wide = `'2026-01-01', '2027-01-01'`

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await makeRoles(client)
  await storeSessions(client, [
    { id: 'signed', cdrs: [notification({ ...signed, user_data: 'order-77' })] },
    { id: 'unsigned', cdrs: [notification({ user_data: 'order-77' })] },
    {
      id: 'called-second',
      events: callbackEvents(signed),
      cdrs: [callback({ ...signed, callee_num: '+8613800000029', fwd_dst_num: a })],
    },
    { id: privateSession, cdrs: [privateNumber(signed)] },
    { id: 'other', cdrs: [notification({ callee_num: b })] },
  ])
})
afterAll(() => client.end())

async function sessionsOf(call: string): Promise<string[]> {
  const { rows } = await client.query(
    `SELECT coalesce(c.session_id, 'hidden') AS id FROM ops.${call} JOIN ops.calls c USING (call_ref) ORDER BY 1`,
  )
  return rows.map(({ id }) => id)
}

describe('calls are found', () => {
  test.each([a, '13800000021', '8613800000021', '008613800000021', '+8613800000021'])(
    'by the number %s, as A and as B, whoever signed them',
    async (number) => {
      expect(await sessionsOf(`calls_of('${number}', ${wide})`)).toEqual(['called-second', 'signed', 'unsigned'])
    },
  )

  test.each([
    [`calls_of('${caller}', ${wide})`, ['hidden']],
    [`calls_by_user_data('order-77', ${wide})`, ['signed', 'unsigned']],
    [`calls_by_subscription('binding-1', ${wide})`, ['hidden']],
    [`calls_by_session('${privateSession}')`, ['hidden']],
    [`calls_by_session('signed')`, ['signed']],
    [`calls_of('${a}', '2026-01-01', '2026-02-01')`, []],
    [`calls_of('+8613800009999', ${wide})`, []],
    // A value is looked for as what it is.
    [`calls_by_user_data('${a}', ${wide})`, []],
    [`calls_by_subscription('order-77', ${wide})`, []],
    ['calls_of(NULL)', []],
    ['calls_by_user_data(NULL)', []],
    ['calls_by_session(NULL)', []],
  ])('%s', async (call, found) => {
    expect(await sessionsOf(call)).toEqual(found)
  })

  test('newest first, a thousand at most', async () => {
    await storeSessions(client, [{ id: 'often', cdrs: [notification({ callee_num: '+8613800000055' })] }])
    await client.query(`INSERT INTO ops.calls SELECT r.* FROM ops.calls c, generate_series(1, 1000) AS i,
      jsonb_populate_record(c, jsonb_build_object('call_ref', gen_random_uuid(), 'started_at', c.started_at + (i * 7 % 1000) * interval '1 s')) AS r
      WHERE c.session_id = 'often'`)
    const { rows } = await client.query(`SELECT started_at FROM ops.calls_of('+8613800000055', ${wide})`)
    expect(rows).toHaveLength(1_000)
    const times = rows.map(({ started_at }) => started_at.getTime())
    expect(times).toEqual(times.toSorted((one, other) => other - one))
  })
})

test('references in SQL are those of the fold', async () => {
  const { rows: keys } = await client.query<{ purpose: string; key: Buffer }>('SELECT purpose, key FROM rtc.keys')
  const key = (purpose: string) => keys.find((row) => row.purpose === purpose)?.key as Buffer
  const references = { signed: key('ref'), unsigned: key('ref_unsigned') }
  const value = fc
    .oneof(
      fc.string({ unit: 'grapheme' }),
      fc
        .tuple(fc.constantFrom('', '+', '00', '+86', '0086', '86'), fc.stringMatching(/^1?[0-9]{3,14}$/))
        .map((parts) => parts.join('')),
    )
    .filter((text) => !text.includes('\0') && text.isWellFormed())
  const kind = fc.constantFrom('number' as const, 'user_data' as const, 'subscription' as const)
  await fc.assert(
    fc.asyncProperty(kind, value, async (kind, text) => {
      const { rows } = await client.query(
        "SELECT rtc.references_of($1::text, CASE $1 WHEN 'number' THEN rtc.plain_number($2) ELSE $2 END) AS found",
        [kind, text],
      )
      const made = [true, false].map((isSigned) => referenceOf(references, kind, { text, isSigned }))
      expect(rows[0].found.toSorted()).toEqual(made.toSorted())
    }),
  )
})

describe('each look-up is written down', () => {
  test('who, when, by what, and how many were found; never for what', async () => {
    await client.query('TRUNCATE rtc.look_ups')
    await client.query(`SELECT * FROM ops.calls_of('${a}', ${wide})`)
    await client.query(`SELECT * FROM ops.calls_by_user_data('order-77', ${wide})`)
    await client.query(`SELECT * FROM ops.calls_by_subscription('nothing', ${wide})`)
    await client.query(`SELECT * FROM ops.calls_by_session('${privateSession}')`)
    const { rows } = await client.query('SELECT asked_by, kind, found, asked_at FROM ops.look_ups ORDER BY asked_at')
    const { user } = client
    expect(rows).toMatchObject([
      { asked_by: user, kind: 'number', found: 3 },
      { asked_by: user, kind: 'user data', found: 2 },
      { asked_by: user, kind: 'subscription', found: 0 },
      { asked_by: user, kind: 'session', found: 1 },
    ])
    expect(rows.every(({ asked_at }) => Date.now() - asked_at.getTime() < 60_000)).toBe(true)
    const { rows: kept } = await client.query('SELECT l::text AS row FROM rtc.look_ups AS l')
    expect(kept.filter(({ row }) => /13800000021|order-77|nothing|ab12cd/.test(row))).toEqual([])
  })

  test('where it cannot be, nothing is looked up', async () => {
    await client.query('BEGIN READ ONLY')
    await expect(client.query(`SELECT * FROM ops.calls_of('${a}')`)).rejects.toMatchObject({ code: '25006' })
    await client.query('ROLLBACK')
  })

  test('a rollback leaves the line in the log of Postgres', async () => {
    const lines: string[] = []
    client.on('notice', ({ message }) => void lines.push(message ?? ''))
    // What the server logs is sent to a client that asks for it.
    await client.query('SET client_min_messages = log; BEGIN')
    await client.query(`SELECT * FROM ops.calls_of('${a}', ${wide})`)
    await client.query('ROLLBACK; RESET client_min_messages')
    expect(lines).toEqual([`rtc: ${client.user} looked up calls by number: 3 calls`])
  })
})

describe('app.calls', () => {
  test('shows the same calls with whole numbers, found by session id or number', async () => {
    const { rows } = await client.query('SELECT * FROM app.calls WHERE session_id = $1', [privateSession])
    expect(rows).toMatchObject([
      {
        a_number: caller,
        b_number: '+8613900000032',
        bind_num: '+8617012340001',
        subscription_id: 'binding-1',
        scenario: 'privateNumber',
      },
    ])
    const { rows: counts } = await client.query(
      'SELECT (SELECT count(*) FROM app.calls) = (SELECT count(*) FROM ops.calls) AS same',
    )
    expect(counts).toEqual([{ same: true }])
  })

  test('has every column of ops.calls', async () => {
    const { rows } = await client.query(
      `SELECT column_name FROM information_schema.columns WHERE table_schema = 'ops' AND table_name = 'calls'
        EXCEPT SELECT column_name FROM information_schema.columns WHERE table_schema = 'app' AND table_name = 'calls'`,
    )
    expect(rows).toEqual([])
  })
})
