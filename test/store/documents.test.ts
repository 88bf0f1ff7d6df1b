import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { table } from '../../src/commands/output.ts'
import { dataDictionary } from '../../src/store/dictionary.ts'
import { withClient } from '../../src/store/pool.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { tidyStatistics } from '../../src/store/statistics.ts'
import { freshDatabase } from '../support/database.ts'

const queries = new URL('../../docs/queries.md', import.meta.url)
const dictionary = '../../docs/data-dictionary.md'

/** Whoever reads the page is a member of these, and owns nothing. */
const login = `rtc_test_reader_${randomBytes(4).toString('hex')}`

let owner: pg.Pool
let client: pg.Client

beforeAll(async () => {
  // The day of the calls is two days before this one.
  vi.useFakeTimers({ now: new Date('2026-11-22T12:00:00Z'), toFake: ['Date'] })
  // A copy for this file: another one of the worker may have loaded it, and its times were made as of today.
  const copy = './scripted-day.ts?as-of-then'
  const { storeDay }: typeof import('./scripted-day.ts') = await import(copy)
  const { pool, url } = await freshDatabase()
  owner = pool
  // References depend on the key, which is random.
  await pool.query(`UPDATE rtc.keys SET key = sha256('of the documents') WHERE purpose = 'ref'`)
  await storeDay(pool)
  vi.useRealTimers()
  while (await withClient(pool, tidyStatistics));
  await withClient(pool, makeRoles)
  await pool.query(`CREATE ROLE ${login} LOGIN PASSWORD 'test' IN ROLE rtc_ops, rtc_support, rtc_pii`)
  const address = new URL(url)
  address.username = login
  address.password = 'test'
  client = new pg.Client({ connectionString: address.href })
  client.setTypeParser(pg.types.builtins.DATE, (text) => text)
  await client.connect()
  await client.query("SET TimeZone = 'UTC'")
})

afterAll(async () => {
  await client.end()
  await owner.query(`DROP ROLE ${login}`)
})

/** The page with the result below each query as it comes today; results called an example stay. */
async function withResults(page: string): Promise<string> {
  const parts = page.split(/(^```sql\n(?:(?!```).*\n)*```\n\n```text\n(?:(?!```).*\n)*```$)/m)
  for (const [i, part] of parts.entries()) {
    const sql = /^```sql\n([\s\S]*?)\n```/.exec(part)?.[1]
    if (i % 2 === 0 || sql === undefined) continue
    const { fields, rows } = await client.query({ text: sql, rowMode: 'array' })
    const result = table(
      fields.map((field) => field.name),
      rows,
    )
    parts[i] = `\`\`\`sql\n${sql}\n\`\`\`\n\n\`\`\`text\n${result}\`\`\``
  }
  return parts.join('')
}

test('docs/queries.md: every query with a result gives that result', async () => {
  const page = await readFile(queries, 'utf8')
  await expect(await withResults(page)).toMatchFileSnapshot(
    queries.pathname,
    'the queries of the page give other results: npx vitest run test/store/documents.test.ts -u',
  )
})

test('docs/queries.md: every query runs', async () => {
  const page = await readFile(queries, 'utf8')
  const all = [...page.matchAll(/^```sql\n([\s\S]*?)\n```$/gm)].map(([, sql]) => sql ?? '')
  expect(all.length).toBeGreaterThan(20)
  for (const sql of all) await client.query(sql)
})

test.each(['README.md', 'README.zh-CN.md'])('%s: every query runs', async (name) => {
  const page = await readFile(new URL(`../../${name}`, import.meta.url), 'utf8')
  const blocks = [...page.matchAll(/^```sql\n([\s\S]*?)\n```$/gm)].map(([, sql]) => sql ?? '')
  const inShell = [...page.matchAll(/ -- sql '(.*)'$/gm)].map(([, sql]) => sql ?? '')
  expect([blocks.length, inShell.length]).toEqual([1, 2])
  for (const sql of [...blocks, ...inShell]) await client.query(sql)
})

test('docs/data-dictionary.md is made from the comments', async () => {
  await expect(await dataDictionary(client)).toMatchFileSnapshot(
    dictionary,
    'comments have changed: npm run docs:dictionary',
  )
})
