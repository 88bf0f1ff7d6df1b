import pg from 'pg'
import { expect, test } from 'vitest'
import { insertEvents } from '../../src/store/events.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { withClient } from '../../src/store/pool.ts'
import { freshDatabase } from '../support/database.ts'
import { connect } from './connect.ts'
import { eventRow } from './rows.ts'

const DAY = 86_400_000

/** `yyyy-MM-dd HH:mm:ss` so many days from now. */
function daysFromNow(days: number): string {
  return new Date(Date.now() + days * DAY).toISOString().replace('T', ' ').slice(0, 19)
}

function monthOf(time: string): string {
  return time.slice(0, 7).replace('-', '_')
}

function dayOf(time: string): string {
  return time.slice(0, 10).replaceAll('-', '_')
}

async function partitionsOf(pool: pg.Pool, table: string): Promise<string[]> {
  const { rows } = await pool.query(
    'SELECT relname::text AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = $1::regclass ORDER BY 1',
    [`rtc.${table}`],
  )
  return rows.map(({ name }) => name)
}

test('a month for each time from 2024 on, _old before', async () => {
  const { pool } = await freshDatabase()
  const partitions = new Partitions()
  await partitions.ensure(pool, 'cdrs', ['2000-01-01 00:00:00', '2019-01-24 03:04:54', '2023-12-31 23:59:59'])
  expect(await partitionsOf(pool, 'cdrs')).toEqual(['cdrs_old'])
  await partitions.ensure(pool, 'cdrs', ['2024-01-01 00:00:00', '2024-01-31 23:59:59', '2024-02-29 12:00:00'])
  expect(await partitionsOf(pool, 'cdrs')).toEqual(['cdrs_2024_01', 'cdrs_2024_02', 'cdrs_old'])
  expect(await partitionsOf(pool, 'call_events')).toEqual(['call_events_old'])
})

test('bounds are months of UTC, whatever the zone of the session', async () => {
  const { url } = await freshDatabase()
  const client = await connect(url, { options: '-c TimeZone=Asia/Shanghai -c DateStyle=SQL,DMY' })
  const ensured = await client.query(
    `SELECT created, to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS from, to_char(period_end AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS to
     FROM rtc.ensure_period('call_events', '2025-03-31 23:30:00+00', 'month')`,
  )
  expect(ensured.rows).toEqual([{ created: true, from: '2025-03-01 00:00', to: '2025-04-01 00:00' }])
  await insertEvents(client, [eventRow({ occurred_at: '2025-03-31 23:59:59' })])
  const stored = await client.query(`SELECT count(*)::int AS n FROM rtc.call_events_2025_03`)
  expect(stored.rows).toEqual([{ n: 1 }])
})

test('days for the last 60 days and the next 7, months beyond', async () => {
  const { pool } = await freshDatabase()
  const partitions = new Partitions('day')
  const times = [-130, -1, 0, 7, 100].map(daysFromNow)
  await partitions.ensure(pool, 'call_events', times)
  const [longAgo, yesterday, today, soon, later] = times.map((time) => [dayOf(time), monthOf(time)]) as [
    string,
    string,
  ][]
  expect(await partitionsOf(pool, 'call_events')).toEqual(
    [longAgo?.[1], yesterday?.[0], today?.[0], soon?.[0], later?.[1], 'old']
      .map((name) => `call_events_${name}`)
      .sort(),
  )
})

test('a month keeps the granularity it began with', async () => {
  const { pool } = await freshDatabase()
  const now = new Date()
  const [first, second] = [1, 2].map((day) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), day)).toISOString(),
  ) as [string, string]
  await new Partitions('month').ensure(pool, 'cdrs', [first])
  await new Partitions('day').ensure(pool, 'cdrs', [second])
  expect(await partitionsOf(pool, 'cdrs')).toEqual([`cdrs_${monthOf(first)}`, 'cdrs_old'])
  await new Partitions('day').ensure(pool, 'call_events', [first])
  await new Partitions('month').ensure(pool, 'call_events', [second])
  expect(await partitionsOf(pool, 'call_events')).toEqual([
    `call_events_${dayOf(first)}`,
    `call_events_${dayOf(second)}`,
    'call_events_old',
  ])
})

test('times that nobody can have are refused, and create nothing', async () => {
  const { pool } = await freshDatabase()
  const partitions = new Partitions()
  for (const time of ['1999-12-31 23:59:59', daysFromNow(400), '9999-12-31 00:00:00']) {
    await expect(partitions.ensure(pool, 'cdrs', [time])).rejects.toMatchObject({ code: '22008' })
  }
  await partitions.ensure(pool, 'cdrs', [daysFromNow(390)])
  expect(await partitionsOf(pool, 'cdrs')).toHaveLength(2)
  await expect(pool.query(`SELECT rtc.ensure_period('keys', now(), 'month')`)).rejects.toMatchObject({ code: '22023' })
  await expect(pool.query(`SELECT rtc.ensure_period('cdrs', now(), 'year')`)).rejects.toMatchObject({ code: '22023' })
})

test('eight connections ensure the same twelve months at once', async () => {
  const { url, pool } = await freshDatabase()
  const many = new pg.Pool({ connectionString: url, max: 8 })
  const months = Array.from({ length: 12 }, (_, i) => `2025-${String(i + 1).padStart(2, '0')}-15 00:00:00`)
  await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      withClient(many, (client) =>
        new Partitions().ensure(client, 'call_events', i % 2 ? months : [...months].reverse()),
      ),
    ),
  )
  await many.end()
  expect(await partitionsOf(pool, 'call_events')).toHaveLength(13)
})

test('does not wait for transactions that have read the table or inserted into it', async () => {
  const { url, pool } = await freshDatabase()
  const [reader, writer] = [await connect(url), await connect(url)]
  await reader.query('BEGIN')
  await reader.query('SELECT count(*) FROM rtc.call_events')
  await writer.query('BEGIN')
  await insertEvents(writer, [eventRow()])
  // lock_timeout would end a wait with 55P03.
  await new Partitions().ensure(pool, 'call_events', ['2025-06-01 00:00:00'])
  expect(await partitionsOf(pool, 'call_events')).toContain('call_events_2025_06')
  // Both go on; a transaction that had the table open sees what was attached only after its end.
  await writer.query('COMMIT')
  await insertEvents(writer, [eventRow({ occurred_at: '2025-06-02 00:00:00' })])
  expect((await reader.query('SELECT count(*)::int AS n FROM rtc.call_events')).rows).toEqual([{ n: 2 }])
})

test('a lock that is held gives up in a second', async () => {
  const { url, pool } = await freshDatabase()
  const holder = await connect(url)
  await holder.query('BEGIN; LOCK TABLE rtc.cdrs')
  await expect(new Partitions().ensure(pool, 'cdrs', ['2025-06-01 00:00:00'])).rejects.toMatchObject({ code: '55P03' })
})

test('known days cost no statement, until they are forgotten', async () => {
  const { pool } = await freshDatabase()
  const asked: unknown[] = []
  const counting = {
    query: (...args: unknown[]) => Reflect.apply(pool.query, pool, [asked.push(args), ...args].slice(1)),
  }
  const client = counting as unknown as pg.Pool
  const partitions = new Partitions()
  const times = ['2019-01-24 03:04:24', '2025-06-01 00:00:00', '2025-06-01 10:00:00', '2025-06-02 00:00:00']
  await partitions.ensure(client, 'cdrs', times)
  await partitions.ensure(client, 'cdrs', times)
  expect(asked).toHaveLength(2)
  await pool.query('DROP TABLE rtc.cdrs_2025_06')
  await partitions.ensure(client, 'cdrs', times)
  expect(await partitionsOf(pool, 'cdrs')).toEqual(['cdrs_old'])
  partitions.forget()
  await partitions.ensure(client, 'cdrs', times)
  expect(await partitionsOf(pool, 'cdrs')).toEqual(['cdrs_2025_06', 'cdrs_old'])
})

test('createAhead makes this month and the next, or four days, for both tables', async () => {
  const { pool } = await freshDatabase()
  await new Partitions('month').createAhead(pool)
  for (const table of ['call_events', 'cdrs']) expect(await partitionsOf(pool, table)).toHaveLength(3)
  const days = await freshDatabase()
  await new Partitions('day').createAhead(days.pool)
  for (const table of ['call_events', 'cdrs']) expect(await partitionsOf(days.pool, table)).toHaveLength(5)
})

test('a partition has the same columns, defaults and indexes as its table', async () => {
  const { pool } = await freshDatabase()
  await new Partitions().ensure(pool, 'cdrs', ['2025-06-01 00:00:00'])
  const columns = (table: string) =>
    pool
      .query(
        `SELECT attname, atttypid, attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute
           LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
          WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
        [table],
      )
      .then(({ rows }) => rows)
  expect(await columns('rtc.cdrs_2025_06')).toEqual(await columns('rtc.cdrs'))
  const indexes = (table: string) =>
    pool
      .query(
        `SELECT indisprimary, indkey::text, indpred IS NOT NULL AS partial FROM pg_index
          WHERE indrelid = $1::regclass ORDER BY 1, 2, 3`,
        [table],
      )
      .then(({ rows }) => rows)
  expect(await indexes('rtc.cdrs_2025_06')).toEqual(await indexes('rtc.cdrs'))
})
