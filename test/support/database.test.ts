import { expect, test } from 'vitest'
import { emptyDatabase, freshDatabase } from './database.ts'

const tables = `SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'rtc'`

test('a fresh database is migrated, an empty one is not', async () => {
  const [fresh, empty] = await Promise.all([freshDatabase(), emptyDatabase()])
  expect((await fresh.pool.query(tables)).rows[0].n).toBeGreaterThan(0)
  expect((await empty.pool.query(tables)).rows[0].n).toBe(0)
})

test('drop cuts off whoever is connected, and may be called twice', async () => {
  const fresh = await freshDatabase()
  await fresh.pool.query('SELECT 1')
  await fresh.drop()
  await fresh.drop()
  await expect(fresh.pool.query('SELECT 1')).rejects.toThrow()
})
