import fc from 'fast-check'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { type Column, type ColumnType, copyIn, copyText } from '../../src/store/copy.ts'
import { insertFromJson, jsonRows } from '../../src/store/json-rows.ts'
import { withClient } from '../../src/store/pool.ts'
import { freshDatabase } from '../support/database.ts'
import { connect } from './connect.ts'

/** Text as Postgres can hold it, which the receiver checks before: anything but NUL and half surrogate pairs. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('\\', '\t', '\n', '\r', '\b', '\f', '\v', 'N', '.', '"', "'", ',', '{', ' ') }),
    fc.constantFrom('', '\\N', '\\.', 'NULL', '\\\\', '\\x00', '中文 📞', '\u2028', '\u007f', 'ﬀ\u0301'),
  )
  .filter((value) => !value.includes('\0') && value.isWellFormed())

const json = fc
  .jsonValue({ maxDepth: 3 })
  // −0 is 0 in jsonb.
  .map((value) => JSON.parse(JSON.stringify(value, (_, member) => (member === 0 ? 0 : member))))
  .filter((value) => !/\\u0000|\\ud[89a-f]/.test(JSON.stringify(value)))
  // A JSON null is no value of ours.
  .filter((value) => value !== null)

const pad = (n: number, digits = 2) => String(n).padStart(digits, '0')
const time = fc
  .tuple(
    fc.integer({ min: 1, max: 9999 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
    fc.nat(86_399),
  )
  .map(([year, month, day, s]) => {
    return `${pad(year, 4)}-${pad(month)}-${pad(day)} ${pad(Math.floor(s / 3600))}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`
  })

const values: Record<ColumnType, fc.Arbitrary<unknown>> = {
  text,
  int: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
  time,
  instant: fc
    .date({ min: new Date(0), max: new Date('2999-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  json,
  key: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
}

const types = Object.keys(values) as ColumnType[]
const columns: Column[] = types.map((type) => ({ column: `${type}_value`, type }))
const row = fc.record(Object.fromEntries(types.map((type) => [`${type}_value`, fc.option(values[type], { freq: 4 })])))

const table = `CREATE TEMP TABLE held (n serial, text_value text, int_value int4, time_value timestamptz,
  instant_value timestamptz, json_value jsonb, key_value uuid, bytes_value bytea)`
const read = `SELECT text_value, int_value, to_char(time_value AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS time_value,
  to_char(instant_value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS instant_value, json_value,
  replace(key_value::text, '-', '') AS key_value, bytes_value FROM held ORDER BY n`

test.each(['COPY', 'INSERT of JSON'])('%s: what Postgres reads back is what was written', async (way) => {
  // Neither zone nor style of the session matter.
  const client = await connect((await freshDatabase()).url, {
    options: '-c TimeZone=Asia/Shanghai -c DateStyle=SQL,DMY',
  })
  await client.query(table)
  const names = columns.map(({ column }) => column).join(', ')
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
      await client.query('TRUNCATE held')
      if (way === 'COPY') await copyIn(client, `COPY held (${names}) FROM STDIN`, [copyText(rows, columns)])
      else await client.query(insertFromJson('held', columns), [jsonRows(rows, columns)])
      const { rows: found } = await client.query(read)
      expect(found).toEqual(rows)
    }),
    { numRuns: 150 },
  )
})

test('a query string with several COPYs: each gets its own data, all or nothing', async () => {
  const client = await connect((await freshDatabase()).url)
  await client.query('CREATE TEMP TABLE one (a text); CREATE TEMP TABLE two (a text PRIMARY KEY)')
  const both = 'COPY one FROM STDIN; COPY two FROM STDIN; SELECT 1'
  const counts = async () =>
    (await client.query('SELECT (SELECT count(*)::int FROM one) AS one, (SELECT count(*)::int FROM two) AS two'))
      .rows[0]
  await copyIn(client, both, ['a\nb\n', 'c\n'])
  expect(await counts()).toEqual({ one: 2, two: 1 })
  await expect(copyIn(client, both, ['d\n', 'c\n'])).rejects.toMatchObject({ code: '23505' })
  await expect(
    copyIn(client, `COPY nobody FROM STDIN; ${both}`, ['x\n'.repeat(1e6), 'd\n', 'e\n']),
  ).rejects.toMatchObject({
    code: '42P01',
  })
  // Nothing of what was sent for the failed ones is left over for the next query.
  expect(await counts()).toEqual({ one: 2, two: 1 })
  await copyIn(client, both, ['', ''])
  expect(await counts()).toEqual({ one: 2, two: 1 })
})

test('the timeout of the driver ends the wait, and destroys the socket: the server is not left waiting', async () => {
  const { url } = await freshDatabase()
  const pool = new pg.Pool({ connectionString: url, query_timeout: 300 })
  onTestFinished(() => pool.end())
  const other = await connect(url)
  await other.query('BEGIN; LOCK TABLE rtc.apps')
  const late = withClient(pool, (client) => copyIn(client, 'COPY rtc.apps (app_key) FROM STDIN', ['a\n']))
  await expect(late).rejects.toThrow('Query read timeout')
  await expect.poll(() => pool.totalCount).toBe(0)
  await other.query('ROLLBACK')
  const others = 'SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
  await expect.poll(async () => (await other.query(others)).rowCount, { timeout: 10_000 }).toBe(0)
})
