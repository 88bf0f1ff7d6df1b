import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { insertCdrs } from '../../src/store/cdrs.ts'
import { cdrRow } from '../store/rows.ts'
import { freshDatabase } from '../support/database.ts'

let pool: pg.Pool

beforeAll(async () => {
  pool = (await freshDatabase()).pool
})

async function value(expression: string, values: unknown[]): Promise<unknown> {
  const { rows } = await pool.query({ text: `SELECT ${expression}`, values, rowMode: 'array' })
  return rows[0]?.[0]
}

test.each([
  ['+8613800000021', '+86138****0021'],
  ['8613800000021', '86138****0021'],
  ['13800000021', '138****0021'],
  ['+86138****0021', '+86138****0021'],
  ['+8675587654321', '+86****21'],
  ['075587654321', '****21'],
  ['+442079460958', '****58'],
  ['87654321', '****'],
  ['10086', '****'],
  ['sip:13800000021@example.com', '****'],
  ['', ''],
  [null, null],
])('the number %s shows as %s', async (number, shown) => {
  expect(await value('rtc.mask_number($1)', [number])).toBe(shown)
})

test.each([
  ['complaint 4711 of the callee', 'complaint 4711 of the callee'],
  ['ticket 12345', 'ticket ***'],
  ['to +8613800000021!', 'to ***!'],
  ['138 0000 0021 and 0755-8765-4321', '*** and ***'],
  ['(0755) 87654321, 138.0000.0021', '(***, ***'],
  ['138  0000  0021', '***'],
  ['１３８０００００００２１', '***'],
  ['at 03:04:24, 1 of 2, 10 s', 'at 03:04:24, 1 of 2, 10 s'],
  [null, null],
])('the text %s shows as %s', async (text, shown) => {
  expect(await value('rtc.mask_text($1)', [text])).toBe(shown)
})

const uuid = '0b5a7c1e-1234-4d5e-8f90-123456789012'

describe('a session id', () => {
  test.each([
    '1201_612_4294967295_20190124030424@callenabler245.huaweicaas.com',
    '1201_612_4294967295_20190124030424',
    uuid,
    `${uuid}@home1.example`,
    'call_20190124030424_7',
    'call-123456',
  ])('%s is shown', async (id) => {
    expect(await value('rtc.holds_number($1)', [id])).toBe(false)
  })

  test.each([
    '+8613800000021_+8613900000022_4_ab12cd',
    '13800000021_4_ab',
    '008613800000021_4_ab',
    '86138000000210000_4_ab',
    '20190124030424138_ab',
    'call-1234567',
    '1201_612_4294967295_20190124030424@h13800000021',
    `${uuid}@8613800000021.example`,
  ])('%s may hold a number', async (id) => {
    expect(await value('rtc.holds_number($1)', [id])).toBe(true)
  })
})

test('times that lie centuries apart break no view', async () => {
  const client = await pool.connect()
  const odd = { session_id: 'odd', cdr_time: '2024-05-20 10:00:00', call_end_time: '2024-05-20 10:00:00' }
  const [cdr] = [
    cdrRow({ ...odd, call_out_start_time: '2024-05-20 09:59:00', call_out_answer_time: '0001-01-01 00:00:02' }),
  ]
  await client.query("SELECT rtc.ensure_period('cdrs', '2024-05-20', 'month')")
  await insertCdrs(client, [cdr])
  client.release()
  const { rows: views } = await pool.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'ops'",
  )
  for (const { name } of views) await pool.query(`SELECT v::text FROM ops.${name} AS v`)
  expect((await pool.query("SELECT talk_seconds FROM ops.calls WHERE session_id = 'odd'")).rows).toEqual([
    { talk_seconds: 2_147_483_647 },
  ])
  for (const name of ['call_stats', 'failures'])
    await pool.query(`SELECT * FROM ops.${name}('2024-05-19', '2024-05-22')`)
  await pool.query("SELECT * FROM ops.calls_of('+8613800000021', '2024-05-01', '2024-06-01')")
  await pool.query('SELECT rtc.refresh_summaries(1000)')
  for (const name of ['call_stats', 'failures'])
    await pool.query(`SELECT * FROM ops.${name}('2024-05-19', '2024-05-22')`)
})
