import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { withClient } from '../../src/store/pool.ts'
import { freshDatabase } from '../support/database.ts'
import { dumpSchema } from './schema-dump.ts'

const schemaFile = new URL('../../schema.sql', import.meta.url)

test('schema.sql is what the migrations make', async () => {
  const { pool } = await freshDatabase()
  const schema = await withClient(pool, dumpSchema)
  const { rows } = await pool.query("SELECT current_setting('server_version_num')::int / 10000 AS major")
  // The file is written with the version that is embedded; others print the queries of views in their own way.
  if (rows[0].major !== 18)
    return expect(withoutQueries(schema)).toBe(withoutQueries(await readFile(schemaFile, 'utf8')))
  await expect(schema).toMatchFileSnapshot(
    schemaFile.pathname,
    'the migrations make another schema: npx vitest run test/store/schema.test.ts -u',
  )
})

const withoutQueries = (schema: string) => schema.replace(/^(CREATE VIEW \S+ AS)\n[^;]*;$/gm, '$1')

test('every table, view, type, column and function has a comment in English and Chinese', async () => {
  const { pool } = await freshDatabase()
  // Of what only the code reads the columns need none: views of schema rtc.
  const { rows } = await pool.query(`
    WITH ours AS (
      SELECT c.oid, c.reltype, c.relkind, n.nspname || '.' || c.relname AS name, n.nspname = 'rtc' AND c.relkind = 'v' AS is_inner
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN ('rtc', 'ops', 'app', 'feed') AND c.relkind IN ('r', 'p', 'v', 'c') AND NOT c.relispartition AND c.relname <> 'migrations'
    )
    SELECT o.name, coalesce(CASE o.relkind WHEN 'c' THEN obj_description(o.reltype, 'pg_type') ELSE obj_description(o.oid, 'pg_class') END, '') AS comment
    FROM ours o
    UNION ALL
    SELECT o.name || '.' || a.attname, coalesce(col_description(o.oid, a.attnum), '')
    FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE NOT o.is_inner
    UNION ALL
    SELECT p.proname, coalesce(obj_description(p.oid, 'pg_proc'), '')
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('rtc', 'ops', 'app', 'feed')`)
  const bad = rows.filter(({ comment }) => !/^[^\p{Script=Han}]+ \/ .*\p{Script=Han}/su.test(comment))
  expect(bad).toEqual([])
})

test('every SECURITY DEFINER function pins its search_path and is not for everybody', async () => {
  const { pool } = await freshDatabase()
  const { rows } = await pool.query(`
    SELECT proname FROM pg_proc
    WHERE pronamespace::regnamespace::text IN ('rtc', 'ops', 'feed') AND prosecdef
      AND (has_function_privilege('public', oid, 'EXECUTE')
        OR NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%'))`)
  expect(rows).toEqual([])
})
