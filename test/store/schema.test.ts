import { expect, test } from 'vitest'
import { withClient } from '../../src/store/pool.ts'
import { dumpSchema } from '../../src/store/schema-dump.ts'
import { freshDatabase } from '../support/database.ts'

test('schema.sql is what the migrations make', async () => {
  const { pool } = await freshDatabase()
  const schema = await withClient(pool, dumpSchema)
  await expect(schema).toMatchFileSnapshot(
    '../../schema.sql',
    'the migrations make another schema: npx vitest run test/store/schema.test.ts -u',
  )
})

test('every table, column and function has a comment in English and Chinese', async () => {
  const { pool } = await freshDatabase()
  const { rows } = await pool.query(`
    SELECT c.relname || coalesce('.' || a.attname, '') AS name, coalesce(d.description, '') AS comment
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = a.attnum
    WHERE c.relnamespace = 'rtc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'migrations'
    UNION ALL
    SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_class c
    WHERE c.relnamespace = 'rtc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'migrations'
    UNION ALL
    SELECT p.proname, coalesce(obj_description(p.oid, 'pg_proc'), '') FROM pg_proc p WHERE p.pronamespace IN ('rtc'::regnamespace, 'ops'::regnamespace)
    UNION ALL
    SELECT c.relname || '.' || a.attname, coalesce(col_description(c.oid, a.attnum), '')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'ops'::regnamespace
    UNION ALL
    SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_class c
    WHERE c.relnamespace IN ('rtc'::regnamespace, 'ops'::regnamespace) AND c.relkind = 'v'`)
  const bad = rows.filter(({ comment }) => !/^[^\p{Script=Han}]+ \/ .*\p{Script=Han}/su.test(comment))
  expect(bad).toEqual([])
})

test('every SECURITY DEFINER function pins its search_path and is not for everybody', async () => {
  const { pool } = await freshDatabase()
  const { rows } = await pool.query(`
    SELECT proname FROM pg_proc
    WHERE pronamespace IN ('rtc'::regnamespace, 'ops'::regnamespace) AND prosecdef
      AND (has_function_privilege('public', oid, 'EXECUTE')
        OR NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%'))`)
  expect(rows).toEqual([])
})
