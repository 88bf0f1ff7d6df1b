import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { checkRoles } from '../../src/commands/check/roles.ts'
import { parseCidr } from '../../src/lib/addresses.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { OwnPostgres } from '../support/own-postgres.ts'
import { cli } from '../support/program.ts'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await makeRoles(client)
})
afterAll(() => client.end())

/** What is found after such SQL, all of which is taken back: the roles belong to every test of the run. */
async function foundAfter(sql: string, settings: Partial<Parameters<typeof checkRoles>[1]> = {}) {
  await client.query('BEGIN')
  try {
    await client.query(sql)
    const found = await checkRoles(client, { databaseUrl: database.url, auth: 'enforce', allowFrom: [], ...settings })
    return found.map(({ state, what, todo }) => `${state} ${what} → ${todo}`)
  } finally {
    await client.query('ROLLBACK')
  }
}

const fine = /^ok the roles of people and of the receiver hold what rtc-receiver roles gives, and no more/

test('as rtc-receiver roles makes them nothing is wrong, also for the writer with a partition of its own', async () => {
  const lines = await foundAfter("SET LOCAL ROLE rtc_writer; SELECT rtc.ensure_period('cdrs', '2024-05-01', 'month')")
  expect(lines).toEqual([
    expect.stringMatching(/^ok the receiver logs in as rtc_writer, a member of rtc_writer/),
    expect.stringMatching(fine),
  ])
})

describe('the login', () => {
  const login = `rtc_test_login_${randomBytes(4).toString('hex')}`
  test.each([
    ['', /^careful the receiver logs in as \w+, a superuser, and needs much less → .*IN ROLE rtc_writer/],
    [
      `ALTER TABLE rtc.cdrs OWNER TO ${login}; SET LOCAL ROLE ${login}`,
      /^careful .*which owns the tables: .* → .*MIGRATE/,
    ],
    [
      `SET LOCAL ROLE ${login}`,
      /^wrong .*may not USAGE ON SCHEMA rtc, .*INSERT ON rtc.call_events.* → rtc-receiver roles, then GRANT rtc_writer TO rtc_test/,
    ],
    [
      `GRANT rtc_writer TO ${login}; REVOKE INSERT ON rtc.cdrs FROM rtc_writer; SET LOCAL ROLE ${login}`,
      /^wrong .*may not INSERT ON rtc.cdrs → /,
    ],
    [`GRANT rtc_writer TO ${login}; SET LOCAL ROLE ${login}`, /^ok .*, a member of rtc_writer/],
    [
      `GRANT rtc_writer TO ${login}; GRANT SELECT (why) ON rtc.reveals TO ${login}; SET LOCAL ROLE ${login}`,
      /^careful .*may also SELECT ON rtc.reveals → /,
    ],
    [`GRANT rtc_writer, pg_read_all_data TO ${login}; SET LOCAL ROLE ${login}`, /^careful .*SELECT ON rtc.erasures/],
    [`GRANT rtc_writer, rtc_support TO ${login}; SET LOCAL ROLE ${login}`, /^careful .*rtc_support too: whoever opens/],
    [`GRANT rtc_writer, rtc_pii TO ${login}; SET LOCAL ROLE ${login}`, /^wrong .*rtc_pii: .* → REVOKE rtc_pii FROM/],
  ])('%s', async (sql, line) => {
    const lines = await foundAfter(`CREATE ROLE ${login}; ${sql}`)
    expect(lines).toContainEqual(expect.stringMatching(line))
  })

  test('of the embedded Postgres may be its superuser', async () => {
    await client.query('BEGIN')
    const found = await checkRoles(client, { databaseUrl: undefined, auth: 'enforce', allowFrom: [] })
    await client.query('ROLLBACK')
    expect(found[0]).toMatchObject({ state: 'ok', what: expect.stringMatching(/superuser of its embedded Postgres/) })
  })
})

describe('what is wrong is said with the SQL that mends it', () => {
  test.each([
    ['ALTER ROLE rtc_ops LOGIN', 'rtc_ops is LOGIN', 'ALTER ROLE rtc_ops NOLOGIN;'],
    [
      'ALTER ROLE rtc_pii SUPERUSER CREATEROLE CREATEDB BYPASSRLS',
      'rtc_pii is SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB',
      'ALTER ROLE rtc_pii NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;',
    ],
    ['GRANT rtc_pii TO rtc_ops', 'rtc_ops is a member of rtc_pii', 'REVOKE rtc_pii FROM rtc_ops;'],
    [
      'GRANT pg_read_all_data TO rtc_writer',
      'rtc_writer is a member of pg_read_all_data',
      'REVOKE pg_read_all_data FROM rtc_writer;',
    ],
    [
      'GRANT SELECT ON rtc.cdrs, rtc.keys TO PUBLIC',
      'everybody holds SELECT ON TABLE rtc.cdrs, rtc.keys',
      'REVOKE SELECT ON TABLE rtc.cdrs, rtc.keys FROM PUBLIC;',
    ],
    [
      'GRANT SELECT (callee_num) ON rtc.cdrs TO rtc_support',
      'rtc_support holds SELECT (callee_num) ON TABLE rtc.cdrs',
      'REVOKE SELECT (callee_num) ON TABLE rtc.cdrs FROM rtc_support;',
    ],
    [
      'GRANT UPDATE ON rtc.cdrs TO rtc_writer',
      'rtc_writer holds UPDATE ON TABLE rtc.cdrs',
      'REVOKE UPDATE ON TABLE rtc.cdrs FROM rtc_writer;',
    ],
    [
      'GRANT SELECT ON app.calls TO rtc_ops',
      'rtc_ops holds SELECT ON TABLE app.calls',
      'REVOKE SELECT ON TABLE app.calls FROM rtc_ops;',
    ],
    [
      'GRANT SELECT ON rtc.keys TO rtc_app',
      'rtc_app holds SELECT ON TABLE rtc.keys',
      'REVOKE SELECT ON TABLE rtc.keys FROM rtc_app;',
    ],
    [
      'GRANT EXECUTE ON FUNCTION rtc.ensure_period TO rtc_ops',
      'rtc_ops holds EXECUTE ON FUNCTION rtc.ensure_period(text, timestamp with time zone, text)',
      'REVOKE EXECUTE ON FUNCTION rtc.ensure_period(text, timestamp with time zone, text) FROM rtc_ops;',
    ],
    [
      'GRANT USAGE ON SCHEMA rtc TO rtc_pii',
      'rtc_pii holds USAGE ON SCHEMA rtc',
      'REVOKE USAGE ON SCHEMA rtc FROM rtc_pii;',
    ],
    [
      'GRANT CREATE ON SCHEMA public TO rtc_ops',
      'rtc_ops holds CREATE ON SCHEMA public',
      'REVOKE CREATE ON SCHEMA public FROM rtc_ops;',
    ],
    [
      'GRANT EXECUTE ON FUNCTION ops.reveal TO rtc_support',
      'rtc_support holds EXECUTE ON FUNCTION ops.reveal(uuid)',
      'REVOKE EXECUTE ON FUNCTION ops.reveal(uuid) FROM rtc_support;',
    ],
    [
      'GRANT EXECUTE ON FUNCTION rtc.tidy TO PUBLIC',
      'everybody holds EXECUTE ON FUNCTION rtc.tidy(text, timestamp with time zone, integer)',
      'REVOKE EXECUTE ON FUNCTION rtc.tidy(text, timestamp with time zone, integer) FROM PUBLIC;',
    ],
  ])('%s', async (sql, what, mend) => {
    const line = `wrong ${what} → as the owner or a DBA: ${mend}`
    expect(await foundAfter(sql)).toContain(line)
    const mended = await foundAfter(`${sql}; ${mend}`)
    expect(mended).not.toContain(line)
  })

  test.each([
    ['CREATE', 'SCHEMA public'],
    ['TEMPORARY', 'DATABASE'],
  ])('what everybody may do: %s ON %s', async (privilege, object) => {
    const name = object === 'DATABASE' ? `DATABASE ${new URL(database.url).pathname.slice(1)}` : object
    const lines = await foundAfter(`GRANT ${privilege} ON ${name} TO PUBLIC`)
    const line = `careful everybody holds ${privilege} ON ${name}, rtc_ops too: a table or a function of one's own can hold locks, and mislead a query → if nobody needs that: REVOKE ${privilege} ON ${name} FROM PUBLIC;`
    expect(lines).toContain(line)
    expect(lines).toContainEqual(expect.stringMatching(fine))
    expect(await foundAfter('SELECT')).not.toContain(line)
  })

  test('queries that are compiled first', async () => {
    expect(await foundAfter('SET LOCAL jit = on')).toContainEqual(
      expect.stringMatching(/^careful jit is on: .* → .*SET jit = off;/),
    )
    expect((await foundAfter('SET LOCAL jit = off')).join()).not.toContain('jit is on')
  })
})

describe('who sees what', () => {
  const login = `rtc_test_login_${randomBytes(4).toString('hex')}`
  const made = (role: string) => `CREATE ROLE ${login} LOGIN IN ROLE ${role}`

  test('each login of rtc_app is named', async () => {
    expect(await foundAfter(made('rtc_app'))).toContainEqual(
      expect.stringMatching(`^ok ${login} reads every number of every application, in bulk`),
    )
  })

  test.each([
    ['off', [], true],
    ['report', [], true],
    ['enforce', [], false],
    ['off', ['203.0.113.0/24'], false],
    ['off', ['0.0.0.0/0'], true],
  ] as const)('logins of rtc_ops beside RTC_AUTH=%s and ALLOW_FROM=%j: warned of %s', async (auth, ranges, warned) => {
    const allowFrom = ranges.map((range) => parseCidr(range) as NonNullable<ReturnType<typeof parseCidr>>)
    const lines = await foundAfter(made('rtc_ops'), { auth, allowFrom })
    const line = expect.stringMatching(
      `^careful nothing but a path token keeps strangers out, and .*${login}.* can compare`,
    )
    if (warned) expect(lines).toContainEqual(line)
    else expect(lines).not.toContainEqual(line)
  })
})

test('a role that is missing is no failure', async () => {
  const lines = await foundAfter(
    'ALTER ROLE rtc_pii RENAME TO rtc_test_pii_renamed; REVOKE USAGE ON SCHEMA ops FROM rtc_ops',
  )
  expect(lines).toContainEqual(
    expect.stringMatching(/^ok not there, or without rights .*: rtc_ops, rtc_pii → .*rtc-receiver roles makes them/),
  )
  expect(lines.filter((line) => line.startsWith('wrong'))).toEqual([])
})

test('sql says who makes a role that is missing; roles makes it, and tells of one that can do too much', async () => {
  // A server of its own: the roles of the run are everybody's.
  const server = await OwnPostgres.start()
  onTestFinished(() => server.remove())
  const name = await server.createDatabase()
  const env = { DATABASE_URL: server.url(name) }
  const run = () => cli(['roles'], { env })
  expect(await cli(['sql', 'SELECT 1'], { env })).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'rtc-receiver: there is no role rtc_ops, as which queries run: rtc-receiver roles makes it\n',
  })
  expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^the roles are there: .*\n$/) })
  expect(await cli(['sql', 'SELECT 1 AS one'], { env })).toMatchObject({ code: 0 })
  await server.query(name, 'ALTER ROLE rtc_ops LOGIN SUPERUSER')
  expect(await run()).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^the roles are there: .*\ncareful: rtc_ops is LOGIN, SUPERUSER; it should not be: ALTER ROLE rtc_ops NOLOGIN NOSUPERUSER;\n$/,
    ),
  })
})
