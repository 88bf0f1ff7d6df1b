import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { readOnly } from '../../src/store/read-only.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { cli, type Exit } from '../support/program.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await freshDatabase()
  await database.pool.query('CREATE TABLE public.words (id int, word text); CREATE SEQUENCE public.numbers')
  await database.pool.query(`INSERT INTO public.words VALUES (1, 'one'), (2, '二'), (3, NULL)`)
})

function sql(query: string, ...more: string[]): Promise<Exit> {
  return cli(['sql', query, ...more], { env: { DATABASE_URL: database.url } })
}

/** What the command runs, without a process of its own for each query. */
async function run(query: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => {})
  await client.connect()
  return readOnly(client, query).finally(() => client.end())
}

describe('what it prints', () => {
  test('a table, as wide as its text looks, and the number of rows', async () => {
    expect(await sql('SELECT id, word, word IS NULL AS none FROM words ORDER BY id')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: [
        'id  word  none',
        '--  ----  -----',
        '1   one   false',
        '2   二    false',
        '3         true',
        '(3 rows)',
        '',
      ].join('\n'),
    })
    expect((await sql('SELECT 1 AS one')).stdout).toMatch(/\(1 row\)\n$/)
    expect((await sql('SELECT 1 AS one WHERE false')).stdout).toBe('one\n---\n(0 rows)\n')
  })

  test('--json', async () => {
    const query = `SELECT 1 AS i, 2^40::bigint AS big, 'x' AS t, NULL AS n, '{"a":[1]}'::jsonb AS j,
      '2019-01-24 03:04:24+00'::timestamptz AS at, true AS b`
    expect(JSON.parse((await sql(query, '--json')).stdout)).toEqual([
      { i: 1, big: 1099511627776, t: 'x', n: null, j: { a: [1] }, at: '2019-01-24T03:04:24.000Z', b: true },
    ])
    expect(JSON.parse((await sql('SELECT 1 WHERE false', '--json')).stdout)).toEqual([])
  })

  test('no control character that came from outside reaches the terminal', async () => {
    const query = `SELECT chr(27) || '[2J' || chr(155) || chr(8238) || 'x' AS t`
    const { stdout } = await sql(query)
    expect(stdout).toMatch(/\ufffd\[2J\ufffd\ufffdx/)
    const json = await sql(query, '--json')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(json.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(JSON.parse(json.stdout)).toEqual([{ t: '\u001b[2J\u009b\u202ex' }])
  })

  test('many rows, whole', async () => {
    const { stdout } = await sql('SELECT n FROM generate_series(1, 50000) n', '--json')
    expect(JSON.parse(stdout)).toHaveLength(50_000)
  })

  test('a reader that has seen enough ends it quietly', async () => {
    const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
    const line = `${process.execPath} ${program} sql 'SELECT n FROM generate_series(1, 200000) n' | head -n 1`
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', line], {
      env: { PATH: process.env.PATH, DATABASE_URL: database.url },
    })
    expect({ stdout, stderr }).toEqual({ stdout: 'n\n', stderr: '' })
  })

  test('the query may come from standard input', async () => {
    const { stdout } = await cli(['sql', '-', '--json'], {
      env: { DATABASE_URL: database.url },
      input: `SELECT word\nFROM words -- 二\nWHERE id = 2`,
    })
    expect(JSON.parse(stdout)).toEqual([{ word: '二' }])
  })
})

describe('it reads and does nothing else', () => {
  test.each([
    `INSERT INTO words VALUES (4, 'four')`,
    'UPDATE words SET word = NULL',
    'DELETE FROM words',
    'TRUNCATE words',
    'DROP TABLE words',
    'CREATE TABLE more (id int)',
    'WITH gone AS (DELETE FROM words RETURNING *) SELECT * FROM gone',
    'SELECT * FROM words FOR UPDATE',
    `SELECT nextval('numbers')`,
    `SELECT rtc.ensure_period('cdrs', '2024-07-01', 'month')`,
    'DO $$ BEGIN DELETE FROM words; END $$',
    `COPY words FROM PROGRAM 'echo 4'`,
    'EXPLAIN ANALYZE DELETE FROM words',
    'GRANT SELECT ON words TO PUBLIC',
  ])('%s', async (query) => {
    await expect(run(query)).rejects.toThrow(/read-only transaction/)
  })

  test.each([
    'SELECT 1; COMMIT; DROP TABLE words',
    'SELECT 1; SELECT 2',
    'COMMIT; DELETE FROM words',
    'ROLLBACK; BEGIN; DELETE FROM words; COMMIT',
    'SET TRANSACTION READ WRITE; DELETE FROM words',
  ])('%s: one query only', async (query) => {
    await expect(run(query)).rejects.toThrow(/cannot insert multiple commands/)
  })

  test('the way out of the transaction leads nowhere', async () => {
    for (const query of ['COMMIT', 'ROLLBACK', 'SET TRANSACTION READ WRITE', 'SET default_transaction_read_only = off'])
      await run(query)
    const { rows } = await database.pool.query('SELECT * FROM words ORDER BY id')
    expect(rows).toEqual([
      { id: 1, word: 'one' },
      { id: 2, word: '二' },
      { id: 3, word: null },
    ])
  })
})

test.each([
  ['INSERT INTO words VALUES (4)', /read-only transaction/],
  ['SELECT 1; COMMIT; DROP TABLE words', /multiple commands/],
  ['SELEC 1', /syntax error/],
  ['SELECT pg_terminate_backend(pg_backend_pid())', /terminat/],
])('%s: one clear line, not 0', async (query, says) => {
  const { code, stdout, stderr } = await sql(query)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^rtc-receiver: [^\n]+\n$/)
  expect(stderr).toMatch(says)
})
