import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { printResult } from '../../src/commands/result.ts'
import { withClient } from '../../src/store/pool.ts'
import { readOnly } from '../../src/store/read-only.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { cli, type Exit } from '../support/program.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await freshDatabase()
  await withClient(database.pool, makeRoles)
  await database.pool.query(
    `CREATE TABLE public.words (id int, word text); CREATE SEQUENCE public.numbers;
    GRANT ALL ON public.words, public.numbers TO rtc_ops; SELECT rtc.ensure_period('call_events', now(), 'month');
    INSERT INTO rtc.call_events (session_id, event_key, occurred_at, event_type, called, received_at)
      VALUES ('one', gen_random_uuid(), now(), 'callout', '+8613800000021', now())`,
  )
  await database.pool.query(`INSERT INTO public.words VALUES (1, 'one'), (2, '二'), (3, NULL)`)
})

function sql(query: string, ...more: string[]): Promise<Exit> {
  return cli(['sql', query, ...more], { env: { DATABASE_URL: database.url } })
}

/** What the command runs, without a process of its own for each query. */
async function run(query: string, connectionString = database.url): Promise<unknown> {
  const client = new pg.Client({ connectionString })
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

  test('nothing that acts on a terminal, in a result or in an error of Postgres', async () => {
    const nasty = "chr(27) || '[2J' || chr(10) || chr(155) || chr(8238)"
    const shown = '\\x1b[2J\\n\\x9b\\u202e'
    expect((await sql(`SELECT ${nasty} AS text`)).stdout.split('\n')[2]).toBe(shown)
    expect(await sql(`SELECT (${nasty})::int`)).toMatchObject({
      code: 1,
      stderr: `rtc-receiver: invalid input syntax for type integer: "${shown}"\n`,
    })
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
    expect(stdout).toContain('\\x1b[2J\\x9b\\u202ex')
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
    const child = spawn(process.execPath, [program, 'sql', 'SELECT n FROM generate_series(1, 200000) n'], {
      env: { DATABASE_URL: database.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const closed = once(child, 'close')
    const [first] = await once(child.stdout.setEncoding('utf8'), 'data')
    child.stdout.destroy()
    expect(first).toMatch(/^n\n/)
    expect(await text(child.stderr)).toBe('')
    await closed
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
    'WITH gone AS (DELETE FROM words RETURNING *) SELECT * FROM gone',
    'SELECT * FROM words FOR UPDATE',
    `SELECT nextval('numbers')`,
    'EXPLAIN ANALYZE DELETE FROM words',
    'SELECT * INTO more FROM words',
  ])('%s', async (query) => {
    await expect(run(query)).rejects.toThrow(/read-only transaction/)
  })

  test.each([
    `INSERT INTO words VALUES (4, 'four')`,
    'DROP TABLE words',
    'DO $$ BEGIN DELETE FROM words; END $$',
    '-- select\nDO $$ BEGIN DELETE FROM words; END $$',
    '-- select\rDO $$ BEGIN DELETE FROM words; END $$',
    `/* */ DO $$ BEGIN DELETE FROM words; END $$ /* */ SELECT`,
    `/* /* */ SELECT */ DO $$ BEGIN DELETE FROM words; END $$`,
    `COPY words FROM PROGRAM 'echo 4'`,
    `COPY (SELECT 1) TO PROGRAM 'true'`,
    'COMMIT; DELETE FROM words',
    'SET TRANSACTION READ WRITE; DELETE FROM words',
    'RESET ROLE',
    'GRANT SELECT ON words TO PUBLIC',
    '',
  ])('%j is not a query', async (query) => {
    await expect(run(query)).rejects.toThrow(/^one query that reads: SELECT/)
  })

  test.each(['SELECT 1; COMMIT; DROP TABLE words', 'SELECT 1; SELECT 2'])('%s: one query only', async (query) => {
    await expect(run(query)).rejects.toThrow(/cannot insert multiple commands/)
  })

  test.each([
    '(SELECT 1) UNION (SELECT 2)',
    ' -- a\n/* b * / */ (((SELECT 1)))',
    'TABLE words',
    'VALUES (1)',
    'SHOW role',
    'explain SELECT 1',
  ])('%j is one', async (query) => {
    await expect(run(query)).resolves.toBeTruthy()
  })

  test('words are as they were', async () => {
    const { rows } = await database.pool.query('SELECT * FROM words ORDER BY id')
    expect(rows).toEqual([
      { id: 1, word: 'one' },
      { id: 2, word: '二' },
      { id: 3, word: null },
    ])
  })
})

describe('with the rights of the owner or the receiver it reads as rtc_ops', () => {
  const secret = 'SELECT called FROM rtc.call_events'

  test.each([
    secret,
    `SELECT set_config('role', 'none', true), (${secret} LIMIT 1)`,
    `SELECT set_config('role', 'none', true), query_to_xml('${secret}', true, true, '')`,
    `SELECT U&"set_confi\\0067"('role', 'none', true), u&"query_to_xm\\006c"('${secret}', true, true, '')`,
    `SELECT "set_config"('role', 'none', true), ts_stat('${secret}')`,
    `EXPLAIN ANALYZE SELECT pg_catalog.set_config('role', 'none', true), table_to_xml('rtc.call_events', true, true, '')`,
    `WITH r AS (UPDATE pg_settings SET setting = 'none' WHERE name = 'role' RETURNING 1) SELECT * FROM r`,
    `WITH r AS (UPDATE pg_settings SET setting = 'none' WHERE name = 'role') ${secret}`,
    `SELECT pg_read_file('postgresql.conf')`,
    `SELECT rtc.ensure_period('cdrs', '2024-07-01', 'month')`,
    "SELECT ops.calls_of('+8613800000021')",
    "SELECT ops.ask_reveal(gen_random_uuid(), 'no reason')",
    'SELECT * FROM app.calls',
  ])('%s', async (query) => {
    await expect(run(query)).rejects.toThrow(
      /permission denied .*rtc-receiver roles|not for this command|not supported|cannot perform UPDATE/,
    )
  })

  test('and sees masked numbers, as the owner, as the receiver, as anybody else with their own rights', async () => {
    const masked = { rows: [['callout', '+86138****0021']] }
    const query = 'SELECT event_type, called FROM ops.events'
    expect(await run(query)).toMatchObject(masked)
    const suffix = randomBytes(4).toString('hex')
    const login = async (name: string, groups: string) => {
      await database.pool.query(`CREATE ROLE ${name}_${suffix} LOGIN PASSWORD 'test' IN ROLE ${groups}`)
      onTestFinished(async () => void (await database.pool.query(`DROP ROLE ${name}_${suffix}`)))
      const url = new URL(database.url)
      Object.assign(url, { username: `${name}_${suffix}`, password: 'test' })
      return url.href
    }
    const both = await login('rtc_test_both', 'rtc_writer, rtc_ops')
    const writer = await login('rtc_test_writer', 'rtc_writer')
    const support = await login('rtc_test_support', 'rtc_support, rtc_ops')
    for (const url of [both, writer, support]) expect(await run(query, url)).toMatchObject(masked)
    expect(await run('SELECT current_user', both)).toMatchObject({ rows: [['rtc_ops']] })
    expect(await run('SELECT current_user = session_user', writer)).toMatchObject({ rows: [[true]] })
    // A look-up is written down, and here nothing is written.
    await expect(run("SELECT * FROM ops.calls_of('+8613800000021')", support)).rejects.toThrow(/read-only transaction/)
    expect(await run('SHOW jit', writer)).toMatchObject({ rows: [['off']] })
  })

  test('who owns and may not become rtc_ops is told what to do', async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    onTestFinished(() => client.end())
    const owner = `rtc_test_owner_${randomBytes(4).toString('hex')}`
    await client.query(
      `CREATE ROLE ${owner}; GRANT CREATE ON DATABASE ${new URL(database.url).pathname.slice(1)} TO ${owner}`,
    )
    onTestFinished(
      async () =>
        void (await database.pool.query(
          `REASSIGN OWNED BY ${owner} TO CURRENT_USER; DROP OWNED BY ${owner}; DROP ROLE ${owner}`,
        )),
    )
    await client.query(`ALTER SCHEMA ops OWNER TO ${owner}; SET ROLE ${owner}`)
    await expect(readOnly(client, 'SELECT 1')).rejects.toThrow(`GRANT rtc_ops TO ${owner}`)
  })
})

test.each([
  ['INSERT INTO words VALUES (4)', /one query that reads/],
  ['SELECT called FROM rtc.call_events', /permission denied for schema rtc/],
  ['SELECT 1; COMMIT; DROP TABLE words', /multiple commands/],
  ['SELECT pg_terminate_backend(pg_backend_pid())', /terminat/],
])('%s: refused, not 0', async (query, says) => {
  const { code, stdout, stderr } = await sql(query)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(says)
})

describe('of a wrong query it shows', () => {
  test('where, and the hint of Postgres', async () => {
    const { code, stderr } = await sql('SELECT sesion_id FROM ops.calls')
    expect(code).toBe(1)
    expect(stderr).toBe(
      [
        'rtc-receiver: column "sesion_id" does not exist',
        '  SELECT sesion_id FROM ops.calls',
        '         ^',
        '  hint: Perhaps you meant to reference the column "calls.session_id".',
        '',
      ].join('\n'),
    )
  })

  test('the line among several, below characters of any width', async () => {
    const { stderr } = await sql(`SELECT 1,\n  '呼叫' AS 😀, oops\nFROM ops.calls`)
    expect(stderr.split('\n').slice(1, 3)).toEqual([
      `  line 2:   '呼叫' AS 😀, oops`,
      `${' '.repeat("  line 2:   '    ' AS 😀, ".length - 1)}^`,
    ])
  })

  test('a part of a long line', async () => {
    const { stderr } = await sql(`SELECT ${'1, '.repeat(500)}oops FROM ops.calls WHERE ${'true AND '.repeat(500)} true`)
    const [, line = '', mark = ''] = stderr.split('\n')
    expect(line.length).toBeLessThan(110)
    expect(line.slice(mark.indexOf('^'))).toMatch(/^oops FROM/)
  })

  test('the detail of what is said of the statement, and never one that quotes what is stored', async () => {
    const functions = await sql('SELECT ops.call_stats(1)')
    expect(functions.stderr).toMatch(/\n {2}(detail|hint): /)
    const data = await sql(`SELECT ('{"a": "secret-' || word || '"')::jsonb FROM words`)
    expect(data.code).toBe(1)
    expect(data.stderr).not.toContain('secret-')
  })
})

describe('what there is to query', () => {
  test('--views lists views and functions with what they are', async () => {
    const { code, stdout } = await cli(['sql', '--views'], { env: { DATABASE_URL: database.url } })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ops\.calls +\w/m)
    expect(stdout).toMatch(/^ops\.live_calls +Calls that go on$/m)
    expect(stdout).toMatch(/^ops\.missing_cdrs +Calls that ended ten minutes ago/m)
    expect(stdout.match(/^ops\.call_stats\(\) /gm)).toHaveLength(1)
    expect(stdout).not.toMatch(/\p{Script=Han}/u)
    const chinese = await cli(['sql', '--views'], { env: { DATABASE_URL: database.url, LANG: 'zh_CN.UTF-8' } })
    expect(chinese.stdout).toMatch(/^ops\.live_calls +进行中的呼叫$/m)
  })

  test('--describe says what is in one', async () => {
    const describe = (name: string) =>
      cli(['sql', '--describe', name, '--json'], { env: { DATABASE_URL: database.url } })
    const columns = JSON.parse((await describe('ops.calls')).stdout)
    expect(columns).toContainEqual({ column: 'session_id', type: 'text', what: expect.stringMatching(/\w/) })
    expect(await describe('calls')).toEqual(await describe('ops.calls'))
    const [stats] = JSON.parse((await describe('ops.call_stats')).stdout)
    expect(stats.function).toMatch(/^ops\.call_stats\(/)
    expect(await describe('ops.nothing')).toMatchObject({
      code: 1,
      stderr: 'rtc-receiver: there is no ops.nothing: --views lists what there is\n',
    })
  })
})

test('--csv, as psql writes it', async () => {
  const query = `SELECT 1 AS one, 'a "b", c' AS text, NULL AS none, '' AS empty, E'two\\nlines' AS lines`
  expect((await sql(query, '--csv')).stdout).toBe('one,text,none,empty,lines\n1,"a ""b"", c",,"","two\nlines"\n')
})

test('-x, and rows wider than the terminal, are shown one column a line', async () => {
  const shown = '-- row 1 --\nid    1\nword  one\n-- row 2 --\nid    2\nword  二\n(2 rows)\n'
  expect((await sql('SELECT id, word FROM words ORDER BY id LIMIT 2', '-x')).stdout).toBe(shown)
  const columns = ['id', 'word']
  const rows = [
    [1, 'one'],
    [2, '二'],
  ]
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const printed = (stream: object) => {
    written.mockClear()
    printResult({ columns, rows }, {}, stream as NodeJS.WriteStream)
    return written.mock.calls.map(([text]) => String(text)).join('')
  }
  expect(printed({ isTTY: true, columns: 7 })).toBe(shown)
  expect(printed({ isTTY: true, columns: 8 })).toMatch(/^id {2}word\n/)
  expect(printed({ isTTY: false })).toMatch(/^id {2}word\n/)
  written.mockRestore()
})
