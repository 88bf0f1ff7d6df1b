import { expect, test } from 'vitest'
import { insertEvents } from '../../src/store/events.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { withClient } from '../../src/store/pool.ts'
import { eventRow } from '../store/rows.ts'
import { standInForCitus } from '../support/citus-stand-in.ts'
import { emptyDatabase, freshDatabase } from '../support/database.ts'
import { cli } from '../support/program.ts'

/** A database that has what stands in for Citus: names and arguments are checked by it, Citus itself is not there. */
async function database() {
  const { url, pool } = await freshDatabase()
  await standInForCitus(pool)
  const distribute = (...args: string[]) => cli(['distribute', ...args], { env: { DATABASE_URL: url } })
  const asked = async () =>
    (await pool.query<{ what: string }>('SELECT what FROM asked ORDER BY id')).rows.map(({ what }) => what)
  return { url, pool, distribute, asked }
}

test('facts by session_id, calls by call_ref, each pair side by side, and it may be run again', async () => {
  const { pool, distribute, asked } = await database()
  await new Partitions().ensure(pool, 'call_events', ['2024-03-05 00:00:00'])
  await withClient(pool, (client) => insertEvents(client, [eventRow({ occurred_at: '2024-03-05 07:15:00' })]))

  const first = await distribute()
  expect(first).toMatchObject({ code: 0, stderr: '' })
  const done = await asked()
  const tables = done.filter((what) => !what.startsWith('function '))
  expect(tables).toEqual([
    'distribute rtc.call_events by session_id beside none',
    'truncate rtc.call_events',
    'distribute rtc.cdrs by session_id beside rtc.call_events',
    'truncate rtc.cdrs',
    'distribute ops.calls by call_ref beside none',
    'truncate ops.calls',
    'distribute rtc.calls_private by call_ref beside ops.calls',
    'truncate rtc.calls_private',
  ])
  // What is called for every row is on the nodes before the rows are.
  const functions = done.filter((what) => what.startsWith('function '))
  for (const name of ['rtc.mask_number', 'rtc.mask_text', 'rtc.may_hold_number', 'ops.bucket_of'])
    expect(functions.join()).toContain(`function ${name}`)
  for (const name of ['ensure_period', 'refuse_erased', 'periods'])
    expect(functions.join()).not.toContain(`rtc.${name}`)
  expect(done.indexOf(functions.at(-1) ?? '')).toBeLessThan(done.indexOf(tables[0] ?? ''))

  const second = await distribute()
  expect(second).toMatchObject({ code: 0, stderr: '' })
  expect(second.stdout).toMatch(/all of it is distributed\n$/)
  expect(await asked()).toEqual(done)
})

test('settings of functions that are for one Postgres become others', async () => {
  const { pool, distribute } = await database()
  const functions = async (setting: string) =>
    (await pool.query('SELECT FROM pg_proc WHERE $1 = ANY (proconfig)', [setting])).rowCount
  const plain = ['plan_cache_mode=force_generic_plan', 'lock_timeout=1s']
  for (const setting of plain) expect(await functions(setting)).toBeGreaterThan(0)
  await distribute()
  for (const setting of plain) expect(await functions(setting)).toBe(0)
  expect(await functions('lock_timeout=2s')).toBeGreaterThan(0)
})

test('views that join facts with calls say what to ask instead', async () => {
  const { pool, distribute } = await database()
  await distribute()
  for (const [view, instead] of [
    ['events', /^ops\.events is not to be had on Citus: ask ops\.events_of or ops\.events_between$/],
    ['cdrs', /^ops\.cdrs is not to be had on Citus: ask ops\.cdrs_of or ops\.cdrs_between$/],
    ['placed_calls', /^ops\.placed_calls is not to be had on Citus: /],
  ] as const)
    await expect(pool.query(`SELECT count(*) FROM ops.${view}`)).rejects.toThrow(instead)
})

test('--dry-run prints the SQL that would be run, and runs none', async () => {
  const { pool, distribute, asked } = await database()
  const { code, stdout } = await distribute('--dry-run')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^-- Citus 13\.2-1, 2 nodes for shards\n/)
  expect(stdout).toContain(
    "\nSELECT create_distributed_table('rtc.cdrs', 'session_id', colocate_with => 'rtc.call_events');\n",
  )
  expect(await asked()).toEqual([])
  // What it prints is a script.
  await pool.query(stdout)
  expect((await distribute('--dry-run', '--json')).stdout).toMatch(/"steps": \[\],/)
})

test('goes on where an earlier run was interrupted, between the copy and the removal of what was copied too', async () => {
  const { pool, distribute, asked } = await database()
  await new Partitions().ensure(pool, 'call_events', ['2024-03-05 00:00:00'])
  await withClient(pool, (client) => insertEvents(client, [eventRow({ occurred_at: '2024-03-05 07:15:00' })]))
  await pool.query(`SELECT create_distributed_table('rtc.call_events', 'session_id', colocate_with => 'none')`)
  expect(await distribute()).toMatchObject({ code: 0, stderr: '' })
  const done = await asked()
  expect(done.filter((what) => what.startsWith('distribute rtc.call_events'))).toHaveLength(1)
  expect(done).toContain('truncate rtc.call_events')
})

test('what would be copied for long wants --yes', async () => {
  const { pool, distribute, asked } = await database()
  await new Partitions().ensure(pool, 'call_events', ['2024-03-05 00:00:00'])
  await pool.query(`
    ALTER TABLE rtc.call_events_old ALTER COLUMN extra SET STORAGE EXTERNAL;
    INSERT INTO rtc.call_events (occurred_at, received_at, session_id, event_key, event_type, extra)
      SELECT '2020-01-01', now(), 's', gen_random_uuid(), 'answer', to_jsonb(repeat('x', 10000000)) FROM generate_series(1, 28)`)
  const refused = await distribute()
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/0\.3 GiB have to be copied.*--yes\n$/) })
  expect(await asked()).toEqual([])
  expect(await distribute('--dry-run')).toMatchObject({ code: 0 })
  expect(await distribute('--yes')).toMatchObject({ code: 0, stderr: '' })
  expect(await asked()).toContain('distribute rtc.call_events by session_id beside none')
})

test('says what is wrong in one line', async () => {
  const { url, pool } = await freshDatabase()
  const env = { DATABASE_URL: url }
  const says = async (message: RegExp) => {
    const { code, stderr } = await cli(['distribute'], { env })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) })
  }
  await says(/^rtc-receiver: this database has no Citus: .*CREATE EXTENSION citus\n$/)
  await standInForCitus(pool, '10.2-1')
  await says(/^rtc-receiver: Citus 10\.2-1 is too old: 12 or later is needed\n$/)
  await pool.query(
    `SET allow_system_table_mods = on; UPDATE pg_extension SET extversion = '12.1-1' WHERE extname = 'citus'`,
  )
  await pool.query(`SELECT create_distributed_table('rtc.cdrs', 'icid', colocate_with => 'none')`)
  await says(/^rtc-receiver: rtc\.cdrs is a table of Citus already, but not distributed by session_id\n$/)
  await pool.query(`UPDATE pg_dist_partition SET partkey = 'session_id'`)
  await pool.query(`INSERT INTO pg_dist_partition VALUES ('rtc.call_events', 'h', 'session_id', 99)`)
  await says(/^rtc-receiver: rtc\.cdrs and rtc\.call_events are distributed, but not side by side\n$/)
  const empty = await emptyDatabase()
  expect(await cli(['distribute'], { env: { DATABASE_URL: empty.url } })).toMatchObject({
    code: 1,
    stderr: 'rtc-receiver: migrations are pending: run rtc-receiver migrate first\n',
  })
})
