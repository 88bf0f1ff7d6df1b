import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readDigestKey } from '../../src/store/keys.ts'
import { migrate, pendingMigrations } from '../../src/store/migrate.ts'
import { emptyDatabase, freshDatabase } from '../support/database.ts'
import { connect } from './connect.ts'

const names = readdirSync(new URL('../../migrations', import.meta.url))
  .map((file) => file.replace(/\.sql$/, ''))
  .sort()

test('three processes at once: one migrates, the others find nothing to do', async () => {
  const { url, pool } = await emptyDatabase()
  expect(await pendingMigrations({ databaseUrl: url })).toEqual(names)
  const ran = await Promise.all([1, 2, 3].map(() => migrate({ databaseUrl: url })))
  expect(ran.flat()).toEqual(names)
  expect(await migrate({ databaseUrl: url })).toEqual([])
  expect(await pendingMigrations({ databaseUrl: url })).toEqual([])
  const { rows } = await pool.query('SELECT name FROM rtc.migrations ORDER BY id')
  expect(rows.map(({ name }) => name)).toEqual(names)
})

test('an ordinary role may migrate a database it can create schemas in, or schemas made for it', async () => {
  const { url, pool } = await emptyDatabase()
  const role = `rtc_test_${randomBytes(6).toString('hex')}`
  const address = new URL(url)
  address.username = role
  address.password = role
  await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`)
  try {
    await expect(migrate({ databaseUrl: address.href })).rejects.toMatchObject({ code: '42501' })
    for (const schema of ['rtc', 'ops', 'app', 'feed'])
      await pool.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${role}`)
    expect(await migrate({ databaseUrl: address.href })).toEqual(names)
    const { rows } = await pool.query(`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('rtc', 'ops')`)
    expect(rows).toEqual([{ tableowner: role }])
    // Nothing left to do needs no right but to read what was done.
    await pool.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`)
    await pool.query(`GRANT USAGE ON SCHEMA rtc TO ${role}; GRANT SELECT ON rtc.migrations TO ${role}`)
    expect(await migrate({ databaseUrl: address.href })).toEqual([])
  } finally {
    await pool.query(`DROP OWNED BY ${role}`)
    await pool.query(`DROP ROLE ${role}`)
  }
})

test('settings of the database (zone, date style, timeouts) change nothing', async () => {
  const { url, pool } = await emptyDatabase()
  const { rows } = await pool.query('SELECT current_database() AS name')
  for (const setting of [
    `timezone = 'Asia/Shanghai'`,
    `datestyle = 'SQL, DMY'`,
    'statement_timeout = 1',
    'lock_timeout = 1',
  ]) {
    await pool.query(`ALTER DATABASE ${rows[0].name} SET ${setting}`)
  }
  await migrate({ databaseUrl: url })
  const client = await pool.connect()
  await client.query(`SET timezone = 'UTC'; SET datestyle = 'ISO'`)
  const bound = await client.query(
    `SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relname = 'cdrs_old'`,
  )
  client.release()
  expect(bound.rows[0].bound).toBe(`FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00')`)
})

test('a statement_timeout of the database holds for no statement of it, its first question either', async () => {
  const { url } = await freshDatabase()
  const lock = await connect(url)
  const { rows } = await lock.query('SELECT current_database() AS name')
  await lock.query(`ALTER DATABASE ${rows[0].name} SET statement_timeout = 1`)
  await lock.query('BEGIN; LOCK TABLE rtc.migrations')
  const migrating = migrate({ databaseUrl: url })
  const isWaiting = lock.query(`DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'rtc.migrations'::regclass AND NOT granted) LOOP
      PERFORM pg_sleep(0.01);
    END LOOP;
    PERFORM pg_sleep(0.1);
  END $$`)
  await Promise.race([isWaiting, migrating])
  await lock.query('COMMIT')
  expect(await migrating).toEqual([])
})

test('the digest key is 32 random bytes, another one in each database', async () => {
  const [one, two] = await Promise.all([emptyDatabase(), emptyDatabase()])
  await Promise.all([one, two].map(({ url }) => migrate({ databaseUrl: url })))
  const keys = await Promise.all([one, two].map(({ pool }) => readDigestKey(pool)))
  expect(keys.map((key) => key.length)).toEqual([32, 32])
  expect(keys[0]).not.toEqual(keys[1])
})

test('a database without a key says so', async () => {
  const { pool } = await freshDatabase()
  await pool.query('DELETE FROM rtc.keys')
  await expect(readDigestKey(pool)).rejects.toThrow('rtc.keys')
})
