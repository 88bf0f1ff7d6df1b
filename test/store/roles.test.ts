import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertCdrs, storedCdrs } from '../../src/store/cdrs.ts'
import { insertEvents } from '../../src/store/events.ts'
import { readDigestKey } from '../../src/store/keys.ts'
import { migrate, pendingMigrations } from '../../src/store/migrate.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { Postgres } from '../../src/store/postgres.ts'
import { insertQuarantine, listQuarantine, pruneQuarantine, resolveQuarantine } from '../../src/store/quarantine.ts'
import { makeRoles, rolesScript } from '../../src/store/roles.ts'
import { day, privateSession, storeDay } from '../ops/scripted-day.ts'
import { emptyDatabase } from '../support/database.ts'
import { cdrRow, eventRow, quarantineRow } from './rows.ts'

/** Everything of the scripted day that nobody may read in schema ops: numbers without their first digits, and the rest. */
const secrets =
  /3800000021|3900000022|3800000031|3900000032|_ab12cd|order-77|0755"|secret|\b123456\b|releases the call|ostor|13800000021|\.wav/

const suffix = randomBytes(4).toString('hex')
const logins = new Map<string, pg.Client>()
let url: string
let admin: pg.Client

async function asLogin(name: string, ...groups: string[]): Promise<pg.Client> {
  const known = logins.get(name)
  if (known) return known
  const role = `rtc_test_${name}_${suffix}`
  await admin.query(
    `CREATE ROLE ${role} LOGIN PASSWORD 'test' ${groups.length > 0 ? `IN ROLE ${groups.join(', ')}` : ''}`,
  )
  const client = new pg.Client({ connectionString: urlOf(role) })
  client.on('error', () => {})
  await client.connect()
  await client.query("SET TimeZone = 'UTC'")
  logins.set(name, client)
  return client
}

function urlOf(role: string): string {
  const address = new URL(url)
  address.username = role
  address.password = 'test'
  return address.href
}

const writer = () => asLogin('writer', 'rtc_writer')
const ops = () => asLogin('ops', 'rtc_ops')
const support = () => asLogin('support', 'rtc_support')
const pii = () => asLogin('pii', 'rtc_pii')

/** What a statement ends in: its rows, or the code of the error. */
async function outcome(client: pg.Client, sql: string, values: unknown[] = []): Promise<unknown> {
  try {
    return (await client.query(sql, values)).rows
  } catch (error) {
    return (error as pg.DatabaseError).code
  }
}

const denied = '42501'

beforeAll(async () => {
  const database = await emptyDatabase()
  url = database.url
  admin = new pg.Client({ connectionString: url })
  await admin.connect()
  // The owner as in a company's Postgres: no superuser, no CREATEROLE.
  const owner = `rtc_test_owner_${suffix}`
  await admin.query(`CREATE ROLE ${owner} LOGIN PASSWORD 'test'`)
  await admin.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO ${owner}`)
  await admin.query(`GRANT CREATE ON SCHEMA public TO ${owner}`)
  await migrate({ databaseUrl: urlOf(owner) })
  const pool = new pg.Pool({ connectionString: urlOf(owner), max: 2 })
  await storeDay(pool)
  await pool.query(`INSERT INTO rtc.placed_calls (session_id, app_key, scenario, display_nbr, callee_nbr, user_data, result_desc)
    VALUES ('verify', 'app-verify', 'callVerify', '+8675587654321', '+8613800000021', 'order-77', 'to 13800000021')`)
  await pool.query('ANALYZE')
  await pool.end()
})

afterAll(async () => {
  for (const client of logins.values()) await client.end()
  await admin.query(`DROP OWNED BY rtc_writer, rtc_ops, rtc_support, rtc_pii CASCADE`)
  for (const name of logins.keys()) await admin.query(`DROP ROLE rtc_test_${name}_${suffix}`)
  await admin.query(`REASSIGN OWNED BY rtc_test_owner_${suffix} TO CURRENT_USER`)
  await admin.query(`DROP OWNED BY rtc_test_owner_${suffix}`)
  await admin.query(`DROP ROLE rtc_test_owner_${suffix}`)
  await admin.end()
})

describe('making the roles', () => {
  test('an owner without CREATEROLE may not make them; a DBA may run what is printed; then the owner may again', async () => {
    const before = await admin.query(
      `SELECT count(*)::int AS n FROM pg_roles WHERE rolname ~ '^rtc_(writer|ops|support|pii)$'`,
    )
    const owner = new pg.Client({ connectionString: urlOf(`rtc_test_owner_${suffix}`) })
    await owner.connect()
    // Roles belong to the whole server: another test may have made them.
    if (before.rows[0].n === 0) expect(await makeRoles(owner)).toBe(false)
    await admin.query(rolesScript())
    expect(await makeRoles(owner)).toBe(true)
    expect(await makeRoles(owner)).toBe(true)
    await owner.end()
  })

  test('somebody else may not grant', async () => {
    expect(await makeRoles(await asLogin('stranger'))).toBe(false)
  })
})

describe('rtc_writer', () => {
  test('the receiver runs as a member: start, partitions, rows, quarantine', async () => {
    const login = await writer()
    const address = urlOf(`rtc_test_writer_${suffix}`)
    const log = { info: () => {}, warn: () => {} }
    const postgres = new Postgres({
      databaseUrl: address,
      migrateDatabaseUrl: address,
      migrate: 'auto',
      poolSize: 2,
      pooler: undefined,
      statementTimeoutMs: 5000,
      partitionBy: 'month',
      log,
    })
    await postgres.probe()
    expect(postgres.isConnected).toBe(true)
    await postgres.close()

    expect(await pendingMigrations({ databaseUrl: address })).toEqual([])
    await new Partitions().ensure(login, 'cdrs', ['2024-05-01 00:00:00'])
    const [event, cdr] = [eventRow(), cdrRow({ cdr_time: '2024-05-01 00:00:00' })]
    expect((await insertEvents(login, [event])).size).toBe(1)
    expect((await insertEvents(login, [event])).size).toBe(0)
    expect((await insertCdrs(login, [cdr])).size).toBe(1)
    expect((await storedCdrs(login, [cdr])).size).toBe(1)
    await insertQuarantine(login, [quarantineRow()])
    await insertQuarantine(login, [quarantineRow()])
    const [entry] = await listQuarantine(login)
    expect(entry?.seen_count).toBe(2)
    expect(await resolveQuarantine(login, [entry?.id ?? 0], 'seen to')).toHaveLength(1)
    expect(await pruneQuarantine(login, 10_000)).toBe(0)
  })

  test('of the keys it reads the one for digests', async () => {
    expect(await readDigestKey(await writer())).toHaveLength(32)
    expect(await outcome(await writer(), 'SELECT purpose FROM rtc.keys')).toEqual([{ purpose: 'digest' }])
  })

  test.each([
    'SELECT callee_num FROM rtc.cdrs',
    'SELECT caller FROM rtc.call_events',
    'SELECT user_data FROM rtc.call_events',
    'SELECT session_id FROM rtc.cdrs_old',
    'SELECT session_id FROM rtc.call_events_old',
    'INSERT INTO rtc.cdrs_old DEFAULT VALUES',
    'SELECT * FROM rtc.all_calls',
    'SELECT callee_nbr FROM rtc.placed_calls',
    'SELECT * FROM rtc.reveals',
    'DELETE FROM rtc.cdrs',
    'DELETE FROM rtc.call_events',
    "UPDATE rtc.cdrs SET callee_num = ''",
    'TRUNCATE rtc.cdrs',
    'CREATE TABLE rtc.mine ()',
    'DROP TABLE rtc.cdrs_old',
    "SELECT ops.calls_of('+8613800000021')",
    "SELECT ops.ask_reveal('0123456789abcdef', 'no reason')",
    "SELECT ops.reveal('00000000-0000-0000-0000-000000000000')",
    'SET ROLE rtc_pii',
  ])('may not %s', async (sql) => {
    expect(await outcome(await writer(), sql)).toBe(denied)
  })

  test('statistics of the planner tell it of no column but those it reads', async () => {
    const { rows } = await (await writer()).query<{ attname: string }>(
      "SELECT DISTINCT attname FROM pg_stats WHERE schemaname = 'rtc' AND tablename ~ '^(cdrs|call_events|placed_calls)'",
    )
    const readable =
      /^(session_id|event_key|occurred_at|event_type|state_code|received_at|stored_at|signed_by|icid|cdr_time|record_key|erased_at|id)$/
    expect(rows.filter(({ attname }) => !readable.test(attname))).toEqual([])
  })
})

describe.each([
  ['rtc_ops', ops],
  ['rtc_support', support],
  ['rtc_pii', pii],
])('%s', (_, login) => {
  test('may not reach anything of schema rtc by name', async () => {
    const client = await login()
    const { rows: relations } = await admin.query<{ name: string }>(
      `SELECT format('rtc.%I', relname) AS name FROM pg_class WHERE relnamespace = 'rtc'::regnamespace AND relkind IN ('r', 'p', 'v')`,
    )
    expect(relations.length).toBeGreaterThan(20)
    for (const { name } of relations) expect(await outcome(client, `SELECT * FROM ${name}`), name).toBe(denied)
    const { rows: functions } = await admin.query<{ call: string }>(
      `SELECT format('rtc.%I(%s)', proname, array_to_string(array_fill('NULL'::text, ARRAY[pronargs::int]), ', ')) AS call
        FROM pg_proc WHERE pronamespace = 'rtc'::regnamespace`,
    )
    for (const { call } of functions) expect(await outcome(client, `SELECT ${call}`), call).toBe(denied)
  })

  test('may not change anything of schema ops, nor become another role', async () => {
    const client = await login()
    for (const sql of [
      "UPDATE ops.apps SET name = 'x'",
      "INSERT INTO ops.apps VALUES ('x')",
      'CREATE VIEW ops.mine AS SELECT 1',
      'SET ROLE rtc_writer',
      `SET ROLE rtc_test_owner_${suffix}`,
    ])
      expect(await outcome(client, sql), sql).toBe(denied)
  })

  test("operators and functions of one's own are handed nothing", async () => {
    const client = await login()
    const notices: string[] = []
    const listen = (notice: { message?: string | undefined }) => void notices.push(notice.message ?? '')
    client.on('notice', listen)
    const { rows } = await client.query<{ role: string }>('SELECT current_user AS role')
    // As analysts have one; up to Postgres 14 everybody may do so in schema public.
    await admin.query(`CREATE SCHEMA own AUTHORIZATION ${rows[0]?.role}`)
    const peek = (name: string, args: string, returns: string, value: string, what: string) =>
      client.query(`CREATE FUNCTION own."${name}"(${args}) RETURNS ${returns} LANGUAGE plpgsql AS
        $$ BEGIN RAISE NOTICE 'peek %', ${what}; RETURN ${value}; END $$`)
    try {
      await peek('left', 'a text, b integer', 'text', 'a', 'a')
      await peek('length', 'a text', 'integer', '20', 'a')
      await peek('translate', 'a text, b text, c text', 'text', 'a', 'a')
      await peek('regexp_replace', 'a text, b text, c text, d text', 'text', 'a', 'a')
      await peek('matches', 'a text, b text', 'boolean', 'true', 'a')
      await peek('differs', 'a text, b text', 'boolean', 'true', 'a')
      await peek('joined', 'a bytea, b bytea', 'bytea', 'a', `encode(a, 'hex')`)
      await client.query('CREATE OPERATOR own.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = own.matches)')
      await client.query('CREATE OPERATOR own.!~ (LEFTARG = text, RIGHTARG = text, FUNCTION = own.differs)')
      await client.query('CREATE OPERATOR own.= (LEFTARG = text, RIGHTARG = text, FUNCTION = own.matches)')
      await client.query('CREATE OPERATOR own.|| (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = own.joined)')
      await client.query('SET search_path = own, pg_catalog')
      for (const view of [
        'calls',
        'legs',
        'events',
        'cdrs',
        'placed_calls',
        'reveals',
        'quarantine_open',
        'digit_inputs',
      ]) {
        const { rows } = await client.query(`SELECT v::text AS row FROM ops.${view} AS v`)
        expect(
          rows.filter(({ row }) => secrets.test(row)),
          view,
        ).toEqual([])
      }
      expect(notices).toEqual([])
      // They would be called.
      await client.query(`SELECT 'a' ~ 'b', left('a', 1)`)
      expect(notices).toHaveLength(2)
    } finally {
      client.off('notice', listen)
      await client.query('RESET search_path')
      await admin.query('DROP SCHEMA own CASCADE')
    }
  })

  test('statistics of the planner are not theirs to read', async () => {
    const client = await login()
    for (const view of ['pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs'])
      expect(await outcome(client, `SELECT * FROM ${view} WHERE schemaname IN ('rtc', 'ops')`), view).toEqual([])
    expect(await outcome(client, 'SELECT * FROM pg_statistic')).toBe(denied)
  })
})

describe('rtc_ops', () => {
  test('reads every view of schema ops, and no secret is in any of them', async () => {
    const client = await ops()
    const { rows: views } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'ops' ORDER BY 1`,
    )
    expect(views.length).toBeGreaterThan(20)
    for (const { name } of views) {
      const { rows } = await client.query(`SELECT v::text AS row FROM ops.${name} AS v`)
      const leaks = rows.filter(({ row }) => secrets.test(row))
      expect(leaks, name).toEqual([])
    }
    expect(await outcome(client, "SELECT * FROM ops.call_stats(now() - interval '3 days', now())")).toHaveLength(6)
    expect(await outcome(client, "SELECT * FROM ops.failures(now() - interval '3 days', now())")).not.toBe(denied)
  })

  test.each([
    "SELECT ops.calls_of('+8613800000021')",
    "SELECT ops.calls_by_user_data('order-77')",
    "SELECT ops.ask_reveal('0123456789abcdef', 'no reason')",
    "SELECT ops.reveal('00000000-0000-0000-0000-000000000000')",
    'SET ROLE rtc_pii',
  ])('may not %s', async (sql) => {
    expect(await outcome(await ops(), sql)).toBe(denied)
  })

  test('grouping, sorting and joining meet masked values only', async () => {
    const client = await ops()
    // Two numbers with one mask are one group here, and two by reference.
    await insertCdrs(await writer(), [
      cdrRow({ session_id: 'twin-1', cdr_time: `${day} 05:00:00`, callee_num: '+8613800000021' }),
      cdrRow({ session_id: 'twin-2', cdr_time: `${day} 05:00:00`, callee_num: '+8613811110021' }),
    ])
    const twins = "FROM ops.calls WHERE session_id IN ('twin-1', 'twin-2')"
    expect(await outcome(client, `SELECT a_number, count(*)::int AS n ${twins} GROUP BY 1`)).toEqual([
      { a_number: '+86138****0021', n: 2 },
    ])
    expect(await outcome(client, `SELECT count(DISTINCT a_ref)::int AS n ${twins}`)).toEqual([{ n: 2 }])
    expect(await outcome(client, `SELECT max(a_number) AS max ${twins}`)).toEqual([{ max: '+86138****0021' }])
    expect(
      await outcome(
        client,
        `SELECT count(*)::int AS n FROM ops.calls c JOIN (VALUES ('+8613800000021')) AS guess (number) ON guess.number = c.a_number`,
      ),
    ).toEqual([{ n: 0 }])
    expect(
      await outcome(client, 'SELECT count(*)::int AS n FROM ops.calls WHERE session_id = $1', [privateSession]),
    ).toEqual([{ n: 0 }])
  })

  test('error messages show masked values only', async () => {
    const client = await ops()
    const { rows: columns } = await client.query<{ view: string; name: string }>(
      `SELECT table_name AS view, column_name AS name FROM information_schema.columns
        WHERE table_schema = 'ops' AND data_type IN ('text', 'jsonb')`,
    )
    expect(columns.length).toBeGreaterThan(60)
    for (const { view, name } of columns) {
      for (const expression of [`${name}::text::integer`, `('{' || ${name}::text)::jsonb`]) {
        const error = await client.query(`SELECT * FROM ops.${view} WHERE ${expression} IS NOT NULL`).then(
          () => undefined,
          (reason: pg.DatabaseError) => reason,
        )
        expect(`${error?.message} ${error?.detail} ${error?.where}`, `${view}.${name}`).not.toMatch(secrets)
      }
    }
  })

  test("a cheap function of one's own in WHERE is handed masked values only", async () => {
    const client = await ops()
    const notices: string[] = []
    const listen = (notice: { message?: string | undefined }) => void notices.push(notice.message ?? '')
    client.on('notice', listen)
    await client.query(`CREATE FUNCTION pg_temp.peek(v text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
      $$ BEGIN RAISE NOTICE 'peek %', v; RETURN true; END $$`)
    for (const [view, names] of [
      ['calls', ['session_id', 'a_number', 'b_number', 'shown_to_a', 'digits', 'a_ref']],
      ['legs', ['session_id', 'number']],
      ['events', ['session_id', 'caller', 'called', 'user_data', 'state_desc', 'digits', 'extra']],
      [
        'cdrs',
        [
          'session_id',
          'callee_num',
          'fwd_dst_num',
          'user_data',
          'subscription_id',
          'record_object_name',
          'icid',
          'extra',
        ],
      ],
      ['missing_cdrs', ['session_id']],
    ] as const)
      for (const name of names) await client.query(`SELECT count(*) FROM ops.${view} WHERE pg_temp.peek(${name}::text)`)
    client.off('notice', listen)
    expect(notices.length).toBeGreaterThan(100)
    expect(notices.filter((notice) => secrets.test(notice))).toEqual([])
  })

  test('EXPLAIN tells neither key nor rows behind a session id with numbers', async () => {
    const client = await ops()
    const explain = async (where: string) => {
      const { rows } = await client.query(
        `EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, SUMMARY OFF) SELECT * FROM ops.events WHERE ${where}`,
      )
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    }
    const { rows: keys } = await admin.query<{ key: Buffer }>('SELECT key FROM rtc.keys')
    const plan = await explain("session_id = 'verify'")
    for (const { key } of keys) expect(plan).not.toContain(key.toString('hex').slice(0, 16))
    // As many rows are removed whether the numbers begin so or not.
    const counts = async (prefix: string) =>
      (await explain(`session_id >= '+${prefix}' AND session_id < '+${prefix}~'`)).match(
        /(Rows Removed by|rows=\d+ loops).*/g,
      )
    expect(await counts('8613800000031')).toEqual(await counts('8613777777777'))
  })
})

describe('rtc_support', () => {
  test('finds the masked calls of a number and of a userData it knows', async () => {
    const client = await support()
    const found = (await outcome(
      client,
      "SELECT session_id, a_number, b_number FROM ops.calls_of('13900000022', now() - interval '4 days')",
    )) as object[]
    expect(found).toHaveLength(4)
    expect(JSON.stringify(found)).not.toMatch(secrets)
    const inPrivate = `SELECT session_id, a_number FROM ops.calls_of('+8613800000031')`
    expect(await outcome(client, inPrivate)).toEqual([{ session_id: null, a_number: '+86138****0031' }])
    expect(await outcome(client, "SELECT session_id, outcome FROM ops.calls_by_user_data('order-77')")).toEqual([
      { session_id: 'verify', outcome: 'answered' },
    ])
    // A call of which no CDR came is found by its events.
    const lost = (await outcome(
      client,
      "SELECT session_id FROM ops.calls_of('+8613800000021') WHERE NOT has_cdr",
    )) as object[]
    expect(lost).toEqual([{ session_id: 'lost-cdr' }])
  })

  test('may not reveal, nor read the tables', async () => {
    expect(await outcome(await support(), "SELECT ops.ask_reveal('0123456789abcdef', 'no reason')")).toBe(denied)
    expect(await outcome(await support(), 'SELECT * FROM rtc.cdrs')).toBe(denied)
    expect(await outcome(await support(), `SELECT rtc.calls_of_sessions(ARRAY['verify'], now(), now())`)).toBe(denied)
  })
})

describe('rtc_pii', () => {
  const callRef = async (where: string) =>
    ((await admin.query(`SELECT call_ref FROM ops.calls WHERE ${where}`)).rows[0] as { call_ref: string }).call_ref
  const ask = async (client: pg.Client, ref: string) =>
    (
      (await client.query('SELECT ops.ask_reveal($1, $2) AS ticket', [ref, 'complaint 4711 of the callee']))
        .rows[0] as { ticket: string }
    ).ticket

  test('asks, commits, sees', async () => {
    const client = await pii()
    const ticket = await ask(client, await callRef("session_id = 'note-digits'"))
    expect(await outcome(client, 'SELECT * FROM ops.reveal($1)', [ticket])).toMatchObject([
      { session_id: 'note-digits', a_number: '+8613800000021', digits: '1 123456' },
    ])
    const inPrivate = await ask(client, await callRef('session_id IS NULL'))
    expect(
      await outcome(client, "SELECT * FROM ops.reveal($1, now() - interval '2 days')", [inPrivate]),
    ).toBeInstanceOf(Array)
    expect(await outcome(client, 'SELECT * FROM ops.reveal($1)', [inPrivate])).toMatchObject([
      { session_id: privateSession, a_number: '+8613800000031', b_number: '+8613900000032' },
    ])
    const { rows } = await admin.query(
      'SELECT asked_by, why, revealed_at IS NOT NULL AS revealed FROM rtc.reveals ORDER BY asked_at',
    )
    expect(rows).toEqual(
      Array(2).fill({ asked_by: `rtc_test_pii_${suffix}`, why: 'complaint 4711 of the callee', revealed: true }),
    )
  })

  test('cannot see in the transaction that asked, so a rollback hides nothing', async () => {
    const client = await pii()
    const ref = await callRef("session_id = 'verify'")
    await client.query('BEGIN')
    const ticket = await ask(client, ref)
    await client.query('SAVEPOINT s')
    expect(await outcome(client, 'SELECT * FROM ops.reveal($1)', [ticket])).toBe('25000')
    await client.query('ROLLBACK')
    expect(await outcome(client, 'SELECT * FROM ops.reveal($1)', [ticket])).toBe(denied)

    const asked = await ask(client, ref)
    await client.query('BEGIN')
    expect(await outcome(client, 'SELECT a_number FROM ops.reveal($1)', [asked])).toEqual([
      { a_number: '+8613800000021' },
    ])
    await client.query('ROLLBACK')
    const { rows } = await admin.query('SELECT asked_by FROM rtc.reveals WHERE ticket = $1', [asked])
    expect(rows).toHaveLength(1)
  })

  test("another login's ticket and an old one are refused", async () => {
    const ticket = await ask(await pii(), await callRef("session_id = 'verify'"))
    expect(await outcome(await asLogin('pii2', 'rtc_pii'), 'SELECT * FROM ops.reveal($1)', [ticket])).toBe(denied)
    await admin.query("UPDATE rtc.reveals SET asked_at = now() - interval '11 minutes' WHERE ticket = $1", [ticket])
    expect(await outcome(await pii(), 'SELECT * FROM ops.reveal($1)', [ticket])).toBe(denied)
  })

  test('a reason is needed, and a call_ref', async () => {
    const client = await pii()
    expect(await outcome(client, "SELECT ops.ask_reveal('0123456789abcdef', '')")).toBe('22023')
    expect(await outcome(client, "SELECT ops.ask_reveal('0123456789abcdef', NULL)")).toBe('22023')
    expect(await outcome(client, "SELECT ops.ask_reveal('+8613800000021', 'a reason')")).toBe('22023')
  })

  test('so many an hour, open transactions counted', async () => {
    const [one, two] = [await asLogin('busy', 'rtc_pii'), await pii()]
    for (let n = 0; n < 30; n++) await ask(one, '0123456789abcdef')
    expect(await outcome(one, "SELECT ops.ask_reveal('0123456789abcdef', 'one more')")).toBe(denied)
    // Another login has its own.
    expect(await outcome(two, "SELECT ops.ask_reveal('0123456789abcdef', 'one more') IS NOT NULL AS asked")).toEqual([
      { asked: true },
    ])
  })

  test('may not look up numbers, nor read or change the records of reveals', async () => {
    expect(await outcome(await pii(), "SELECT ops.calls_of('+8613800000021')")).toBe(denied)
    expect(await outcome(await pii(), 'DELETE FROM rtc.reveals')).toBe(denied)
    expect(await outcome(await pii(), 'SELECT * FROM rtc.reveals')).toBe(denied)
  })
})

test('a login without a role reaches nothing', async () => {
  const client = await asLogin('stranger')
  for (const sql of [
    'SELECT * FROM ops.calls',
    'SELECT * FROM rtc.cdrs',
    "SELECT ops.calls_of('1')",
    "SELECT rtc.ensure_period('cdrs', now(), 'month')",
  ])
    expect(await outcome(client, sql)).toBe(denied)
})

test("functions that run with their owner's rights are for the roles that need them, and for nobody else", async () => {
  const { rows } = await admin.query(`
    SELECT n.nspname || '.' || p.proname AS function,
      (SELECT json_agg(DISTINCT coalesce(r.rolname, 'PUBLIC')) FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> p.proowner) AS grantees
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('ops', 'rtc') AND p.prosecdef`)
  expect(rows.filter(({ grantees }) => grantees?.includes('PUBLIC'))).toEqual([])
  expect(Object.fromEntries(rows.map(({ function: name, grantees }) => [name, grantees]))).toMatchObject({
    'ops.ask_reveal': ['rtc_pii'],
    'ops.calls_by_user_data': ['rtc_support'],
    'ops.calls_of': ['rtc_support'],
    'ops.reveal': ['rtc_pii'],
    'rtc.drop_period': ['rtc_writer'],
    'rtc.ensure_period': ['rtc_writer'],
    'rtc.refresh_summaries': ['rtc_writer'],
    'rtc.remove_self_test': ['rtc_writer'],
    'rtc.tidy': ['rtc_writer'],
  })
})

test('what a function means does not depend on the search_path of whoever calls it', async () => {
  const { rows } = await admin.query(`
    SELECT p.oid::regprocedure::text AS function
    FROM pg_proc p
    WHERE p.pronamespace IN ('ops'::regnamespace, 'rtc'::regnamespace) AND p.prosqlbody IS NULL
      AND NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']
      AND EXISTS (
        SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee <> p.proowner)`)
  expect(rows).toEqual([])
})
