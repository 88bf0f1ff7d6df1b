import { expect, test } from 'vitest'
import { emptyDatabase, freshDatabase } from '../support/database.ts'
import { cli } from '../support/program.ts'

test('an empty database, and again: the second time there is nothing to do', async () => {
  const { url, pool } = await emptyDatabase()
  const env = { DATABASE_URL: url }
  const first = await cli(['migrate'], { env })
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout).toMatch(/^(migrated \d{4}_\w+\n)+$/)
  expect(await cli(['migrate'], { env })).toMatchObject({ code: 0, stdout: 'nothing to migrate\n', stderr: '' })
  expect((await pool.query('SELECT count(*)::int AS n FROM rtc.migrations')).rows[0].n).toBe(
    first.stdout.trim().split('\n').length,
  )
})

test('two at once on an empty database', async () => {
  const { url } = await emptyDatabase()
  const both = await Promise.all([1, 2].map(() => cli(['migrate'], { env: { DATABASE_URL: url } })))
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(both.map(({ stdout }) => stdout)).toContain('nothing to migrate\n')
})

test('MIGRATE_DATABASE_URL is where it goes', async () => {
  const [{ url }, ready] = await Promise.all([emptyDatabase(), freshDatabase()])
  const env = { DATABASE_URL: ready.url, MIGRATE_DATABASE_URL: url }
  expect((await cli(['migrate'], { env })).stdout).toMatch(/^migrated /)
})

test('what it cannot do ends it with one line, not 0', async () => {
  const { url, pool } = await emptyDatabase()
  // Somebody else's schema of the same name.
  await pool.query('CREATE SCHEMA rtc; CREATE TABLE rtc.call_events (id int)')
  const { code, stderr } = await cli(['migrate'], { env: { DATABASE_URL: url } })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^rtc-receiver: .*call_events.*\n$/)
})
