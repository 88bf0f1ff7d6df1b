import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate, pendingMigrations } from '../../src/store/migrate.ts'
import { makeRoles, roles, rolesScript } from '../../src/store/roles.ts'
import { a, callback, callbackEvents, company, event, notification, privateNumber, x } from '../calls/facts.ts'
import { emptyDatabase } from '../support/database.ts'
import { outcome, storeSessions } from './folded.ts'

const privateSession = '+8613800000031_+8617012340001_4_ab12cd'

/** Of what is stored below nobody may read this in schema ops: numbers without their first digits, and the rest. */
const secrets =
  /3800000021|0000.0021|００００|3900000022|3800000031|3900000032|7012340001|_ab12cd|order-77|0755"|secret|\b123456\b|by Ann|ostor|\.wav|binding-1/

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
const app = () => asLogin('app', 'rtc_app')

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
  await migrate({ databaseUrl: urlOf(owner) })
  const client = new pg.Client({ connectionString: urlOf(owner) })
  await client.connect()
  const note = notification({
    dyn_ivr_path: '1-2-3-4',
    user_data: 'order-77',
    record_flag: 1,
    record_domain: 'ostor.example',
    record_object_name: '1.wav',
  })
  await storeSessions(client, [
    {
      id: 'note',
      cdrs: [{ ...note, extra: { areaCode: '0755', password: 'secret' } }],
      events: [
        event('collectInfo', '10:00:30', { digit_info: '123456' }),
        { ...event('disconnect', '10:01:00', { called: a, state_code: 0 }), state_desc: 'released by Ann' },
      ],
    },
    {
      id: 'callback',
      cdrs: [callback({ signed_by: 'app-callback' })],
      events: callbackEvents({ signed_by: 'app-callback' }),
    },
    {
      id: privateSession,
      cdrs: [privateNumber()],
      events: [event('callin', '10:00:00', { caller: '+8613800000031', called: x })],
    },
  ])
  await client.query(`INSERT INTO rtc.placed_calls (session_id, app_key, scenario, display_nbr, callee_nbr, user_data, result_desc)
    VALUES ('note', 'app-note', 'callVerify', '${company}', '${a}', 'order-77', 'to ${a}')`)
  await client.query(`INSERT INTO rtc.notices (received_at, last_received_at, notice_key, event_type, body)
    VALUES (now(), now(), gen_random_uuid(), 'numStatus', '{"numInfo":[{"number":"${x}","status":"10"}]}')`)
  await client.query(`INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, signed_by, errors, body)
    VALUES (now(), now(), 20, gen_random_uuid(), 'fee', 'missing_time', 'app', '[{"pointer":"/to 138-0000-0021/${a}","message":"is bad"}]',
      '{"calleeNum":"${a}","${a}":1,"138-0000-0021":{"１３８００００００２１":"secret"}}')`)
  await client.query(`UPDATE rtc.quarantine SET differing = ARRAY['calleeNum', '138 0000 0021', '${a}']`)
  await client.query('ANALYZE')
  await client.end()
})

afterAll(async () => {
  for (const client of logins.values()) await client.end()
  await admin.query(`DROP OWNED BY ${roles.join(', ')} CASCADE`)
  for (const name of logins.keys()) await admin.query(`DROP ROLE rtc_test_${name}_${suffix}`)
  await admin.query(`REASSIGN OWNED BY rtc_test_owner_${suffix} TO CURRENT_USER`)
  await admin.query(`DROP OWNED BY rtc_test_owner_${suffix}`)
  await admin.query(`DROP ROLE rtc_test_owner_${suffix}`)
  await admin.end()
})

describe('making the roles', () => {
  test('an owner without CREATEROLE may not make them; a DBA may run what is printed; then the owner may again', async () => {
    const before = await admin.query('SELECT count(*)::int AS n FROM pg_roles WHERE rolname = ANY ($1)', [roles])
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

  test('of the database nothing is left to everybody, and queries are not compiled', async () => {
    const client = await asLogin('stranger')
    for (const sql of [
      'CREATE TEMP TABLE mine ()',
      'CREATE SCHEMA mine',
      'CREATE TABLE public.mine ()',
      'CREATE TABLE ops.mine ()',
    ])
      expect(await outcome(client, sql), sql).toBe(denied)
    // A connection of before does not know.
    const fresh = new pg.Client({ connectionString: url })
    await fresh.connect()
    expect((await fresh.query('SHOW jit')).rows).toEqual([{ jit: 'off' }])
    await fresh.end()
  })
})

describe('rtc_writer', () => {
  test('does what the receiver does: partitions, facts, what is to fold, calls, quarantine, notices', async () => {
    const client = await writer()
    expect(await pendingMigrations({ databaseUrl: urlOf(`rtc_test_writer_${suffix}`) })).toEqual([])
    for (const sql of [
      `SELECT rtc.ensure_period('cdrs', '2024-05-01', 'month')`,
      `INSERT INTO rtc.cdrs (session_id, icid, cdr_time, received_at) VALUES ('w', '', '2024-05-01', now())`,
      `SELECT callee_num FROM rtc.cdrs WHERE session_id = 'w'`,
      `INSERT INTO rtc.call_events (session_id, event_key, occurred_at, event_type, received_at)
        VALUES ('w', gen_random_uuid(), '2019-01-01', 'answer', now()) ON CONFLICT DO NOTHING`,
      `INSERT INTO rtc.notices AS n (received_at, last_received_at, notice_key, event_type, body)
        VALUES (now(), now(), gen_random_uuid(), 'x', '{}') ON CONFLICT (notice_key) DO UPDATE SET seen_count = n.seen_count + 1`,
      `INSERT INTO rtc.unfolded (session_id) VALUES ('w')`,
      `SELECT FROM rtc.maintenance WHERE task = 'fold' FOR UPDATE SKIP LOCKED`,
      `INSERT INTO rtc.feed (kind, call_ref) VALUES ('removed', gen_random_uuid())`,
      'SELECT FROM feed.entries_after(0)',
      'SELECT FROM rtc.erased_keys',
      'SELECT key FROM rtc.keys',
      'SELECT code FROM ops.hangup_reasons UNION ALL SELECT code FROM ops.release_points',
      'SELECT scenario FROM rtc.placed_calls',
      `UPDATE ops.calls SET version = version + 1 WHERE session_id = 'note'`,
      `INSERT INTO rtc.calls_private SELECT * FROM rtc.calls_private ON CONFLICT (call_ref) DO NOTHING`,
      `DELETE FROM rtc.unfolded WHERE session_id = 'w'`,
      `UPDATE rtc.quarantine SET resolved_at = now(), resolution = 'seen to'`,
      `UPDATE rtc.quarantine SET resolved_at = NULL, resolution = NULL`,
      `INSERT INTO rtc.apps (app_key, scenario) VALUES ('w', 'callVerify')`,
      `DELETE FROM rtc.apps WHERE app_key = 'w'`,
      `SELECT rtc.remove_self_test('w', '2019-01-01')`,
    ])
      expect(await outcome(client, sql), sql).toBeInstanceOf(Array)
  })

  test.each([
    'DELETE FROM rtc.cdrs',
    'DELETE FROM rtc.call_events',
    "UPDATE rtc.cdrs SET callee_num = ''",
    'TRUNCATE rtc.cdrs',
    'TRUNCATE ops.calls',
    'SELECT * FROM rtc.cdrs_old',
    'INSERT INTO rtc.cdrs_old DEFAULT VALUES',
    "UPDATE rtc.keys SET key = ''",
    'SELECT * FROM rtc.reveals',
    'SELECT * FROM rtc.look_ups',
    'DELETE FROM rtc.reveals',
    'INSERT INTO rtc.erased_keys VALUES (now(), gen_random_uuid())',
    'DELETE FROM rtc.feed',
    'CREATE TABLE rtc.mine ()',
    'CREATE TEMP TABLE mine ()',
    'DROP TABLE rtc.cdrs_old',
    "SELECT ops.calls_of('+8613800000021')",
    "SELECT ops.ask_reveal(gen_random_uuid(), 'no reason')",
    'SELECT ops.reveal(gen_random_uuid())',
    'SELECT * FROM app.calls',
    'SET ROLE rtc_pii',
  ])('may not %s', async (sql) => {
    expect(await outcome(await writer(), sql)).toBe(denied)
  })

  test('takes a CDR out only where it is kept elsewhere', async () => {
    const client = await writer()
    const take = `SELECT rtc.replace_cdr('w', '', '2024-05-01', received_at, gen_random_uuid(), '{}') AS taken FROM rtc.cdrs WHERE session_id = 'w'`
    expect(await outcome(client, take.replace('received_at,', "received_at - interval '1 s',"))).toEqual([
      { taken: false },
    ])
    expect(await outcome(client, take)).toEqual([{ taken: true }])
    expect((await admin.query(`SELECT replaced_by FROM rtc.replaced_cdrs WHERE session_id = 'w'`)).rows).toEqual([
      { replaced_by: `rtc_test_writer_${suffix}` },
    ])
  })
})

describe.each([
  ['rtc_ops', ops],
  ['rtc_support', support],
  ['rtc_pii', pii],
])('%s', (_, login) => {
  test('may not reach anything of schemas rtc and app by name', async () => {
    const client = await login()
    const { rows: relations } = await admin.query<{ name: string }>(
      `SELECT format('%I.%I', relnamespace::regnamespace, relname) AS name FROM pg_class
        WHERE relnamespace::regnamespace::text IN ('rtc', 'app') AND relkind IN ('r', 'p', 'v')`,
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
      'DELETE FROM ops.calls',
      'DELETE FROM ops.reveals',
      'CREATE VIEW ops.mine AS SELECT 1',
      'SET ROLE rtc_writer',
      'SET ROLE rtc_app',
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
    // As analysts may have one.
    await admin.query(`CREATE SCHEMA own AUTHORIZATION ${rows[0]?.role}`)
    const peek = (name: string, args: string, returns: string, value: string, what: string) =>
      client.query(`CREATE FUNCTION own."${name}"(${args}) RETURNS ${returns} LANGUAGE plpgsql AS
        $$ BEGIN RAISE NOTICE 'peek %', ${what}; RETURN ${value}; END $$`)
    try {
      await peek('left', 'a text, b integer', 'text', 'a', 'a')
      await peek('length', 'a text', 'integer', '20', 'a')
      await peek('replace', 'a text, b text, c text', 'text', 'a', 'a')
      await peek('regexp_replace', 'a text, b text, c text, d text', 'text', 'a', 'a')
      await peek('jsonb_object_keys', 'a jsonb', 'text', `''`, 'a')
      await peek('matches', 'a text, b text', 'boolean', 'true', 'a')
      await peek('differs', 'a text, b text', 'boolean', 'true', 'a')
      await client.query('CREATE OPERATOR own.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = own.matches)')
      await client.query('CREATE OPERATOR own.!~ (LEFTARG = text, RIGHTARG = text, FUNCTION = own.differs)')
      await client.query('CREATE OPERATOR own.= (LEFTARG = text, RIGHTARG = text, FUNCTION = own.matches)')
      await client.query('SET search_path = own, pg_catalog')
      for (const view of ['calls', 'legs', 'events', 'cdrs', 'notices', 'placed_calls', 'reveals']) {
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

  test('statistics of the planner tell nothing of the facts', async () => {
    const client = await login()
    for (const view of ['pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs'])
      expect(await outcome(client, `SELECT * FROM ${view} WHERE schemaname IN ('rtc', 'app')`), view).toEqual([])
    expect(await outcome(client, 'SELECT * FROM pg_statistic')).toBe(denied)
  })
})

describe('rtc_ops', () => {
  /** Every table and view of schema ops. */
  async function relationsOfOps(): Promise<string[]> {
    const { rows } = await admin.query<{ name: string }>(
      `SELECT format('ops.%I', relname) AS name FROM pg_class WHERE relnamespace = 'ops'::regnamespace AND relkind IN ('r', 'p', 'v') ORDER BY 1`,
    )
    return rows.map(({ name }) => name)
  }

  test('reads all of schema ops, and no secret is in any of it', async () => {
    const client = await ops()
    const names = await relationsOfOps()
    expect(names.length).toBeGreaterThan(12)
    for (const name of names) {
      const { rows } = await client.query(`SELECT v::text AS row FROM ${name} AS v`)
      const leaks = rows.filter(({ row }) => secrets.test(row))
      expect(leaks, name).toEqual([])
    }
  })

  test.each([
    "SELECT ops.calls_of('+8613800000021')",
    "SELECT ops.calls_by_user_data('order-77')",
    "SELECT ops.calls_by_subscription('binding-1')",
    "SELECT ops.calls_by_session('note')",
    "SELECT ops.ask_reveal(gen_random_uuid(), 'no reason')",
    'SELECT ops.reveal(gen_random_uuid())',
    'SELECT * FROM app.calls',
    'SET ROLE rtc_pii',
  ])('may not %s', async (sql) => {
    expect(await outcome(await ops(), sql)).toBe(denied)
  })

  test('may call no function but plain ones of their arguments', async () => {
    const { rows } = await admin.query(
      `SELECT p.oid::regprocedure::text AS function FROM pg_proc p
        WHERE p.pronamespace::regnamespace::text IN ('rtc', 'ops', 'app', 'feed')
          AND has_function_privilege('rtc_ops', p.oid, 'EXECUTE')
          AND (p.prosecdef OR p.provolatile = 'v' OR p.pronamespace = 'rtc'::regnamespace AND p.provolatile <> 'i')`,
    )
    // Statistics, which read counts, facts, which they mask, and the cursor over masked calls.
    const known =
      /^(ops\.(call_stats|failures|frequent_callees|(events|cdrs)_(of|between))|feed\.(calls_after|head|position_at))\(/
    expect(rows.filter((row) => !known.test(row.function))).toEqual([])
    const { rows: writing } = await admin.query(
      `SELECT p.oid::regprocedure::text AS function FROM pg_proc p
        WHERE p.pronamespace = 'ops'::regnamespace AND p.provolatile = 'v' AND has_function_privilege('rtc_ops', p.oid, 'EXECUTE')`,
    )
    expect(writing).toEqual([])
    const { rows: forAll } = await admin.query(
      `SELECT p.oid::regprocedure::text AS function FROM pg_proc p
        WHERE p.pronamespace::regnamespace::text IN ('rtc', 'ops', 'app', 'feed') AND has_function_privilege('public', p.oid, 'EXECUTE')`,
    )
    expect(forAll).toEqual([])
  })

  test('may lock nothing but what a reader locks, and no row', async () => {
    const client = await ops()
    const { rows } = await admin.query<{ name: string; schema: string; kind: string }>(
      `SELECT format('%I.%I', relnamespace::regnamespace, relname) AS name, relnamespace::regnamespace::text AS schema, relkind AS kind
        FROM pg_class WHERE relnamespace::regnamespace::text IN ('rtc', 'ops', 'app', 'feed') AND relkind IN ('r', 'p', 'v')`,
    )
    const modes = [
      'ROW SHARE',
      'ROW EXCLUSIVE',
      'SHARE UPDATE EXCLUSIVE',
      'SHARE',
      'SHARE ROW EXCLUSIVE',
      'EXCLUSIVE',
      'ACCESS EXCLUSIVE',
    ]
    const lock = async (name: string, mode: string) => {
      await client.query('BEGIN')
      const found = await outcome(client, `LOCK TABLE ${name} IN ${mode} MODE NOWAIT`)
      await client.query('ROLLBACK')
      return found
    }
    for (const { name, schema, kind } of rows) {
      for (const mode of modes) expect(await lock(name, mode), `${name} ${mode}`).toBe(denied)
      expect(await lock(name, 'ACCESS SHARE'), name).toEqual(schema === 'ops' ? [] : denied)
      if (schema === 'ops' && kind !== 'v')
        expect(await outcome(client, `SELECT FROM ${name} FOR KEY SHARE`), name).toBe(denied)
    }
  })

  test('with every lock it can take, and every advisory lock of ours, it is in nobody else’s way', async () => {
    const { rows: advisory } = await admin.query(
      `SELECT p.oid::regprocedure::text AS function FROM pg_proc p
        WHERE p.pronamespace::regnamespace::text IN ('rtc', 'ops', 'app', 'feed') AND p.prosrc ~ 'advisory'`,
    )
    expect(advisory).toEqual([])
    const client = await ops()
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    for (const name of await relationsOfOps()) {
      await client.query(`LOCK TABLE ${name} IN ACCESS SHARE MODE`)
      await client.query(`SELECT * FROM ${name} LIMIT 1`)
    }
    const receiver = await writer()
    await receiver.query("SET lock_timeout = '2s'")
    for (const sql of [
      `SELECT rtc.ensure_period('cdrs', '2024-07-01', 'month'), rtc.ensure_period('call_events', '2024-07-01', 'month')`,
      `INSERT INTO rtc.cdrs (session_id, icid, cdr_time, received_at) VALUES ('l', '', '2024-07-01', now())`,
      `INSERT INTO rtc.unfolded (session_id) VALUES ('l')`,
      `UPDATE ops.calls SET version = version + 1`,
      `DELETE FROM ops.calls WHERE session_id = 'callback'`,
      `DELETE FROM rtc.unfolded WHERE session_id = 'l'`,
      `SELECT FROM rtc.maintenance FOR UPDATE NOWAIT`,
      `SELECT rtc.tidy('cdrs', '2024-01-01')`,
      `SELECT rtc.empty_period('cdrs_2024_05', '2024-07-01')`,
    ])
      expect(await outcome(receiver, sql), sql).toBeInstanceOf(Array)
    await client.query('ROLLBACK')
  })

  test('grouping, sorting and joining meet masked values only', async () => {
    const client = await ops()
    expect(
      await outcome(
        client,
        `SELECT count(*)::int AS n FROM ops.calls c JOIN (VALUES ('${a}')) AS guess (number) ON guess.number = c.a_number`,
      ),
    ).toEqual([{ n: 0 }])
    expect(await outcome(client, 'SELECT max(called) AS max, min(called) AS min FROM ops.events')).toEqual([
      { max: '+86170****0001', min: '+86138****0021' },
    ])
    for (const view of ['calls', 'events', 'cdrs'])
      expect(await outcome(client, `SELECT FROM ops.${view} WHERE session_id = $1`, [privateSession]), view).toEqual([])
  })
})

describe('rtc_app', () => {
  test('reads calls and facts with whole numbers, of every app', async () => {
    const client = await app()
    expect(await outcome(client, 'SELECT a_number FROM app.calls WHERE session_id = $1', [privateSession])).toEqual([
      { a_number: '+8613800000031' },
    ])
    expect(await outcome(client, `SELECT callee_num FROM rtc.cdrs WHERE session_id = 'note'`)).toEqual([
      { callee_num: a },
    ])
    expect(await outcome(client, 'SELECT event_type FROM rtc.notices WHERE body ? $1', ['numInfo'])).toHaveLength(1)
  })

  test.each([
    'SELECT * FROM rtc.keys',
    'SELECT * FROM rtc.quarantine',
    'SELECT * FROM rtc.placed_calls',
    'SELECT * FROM ops.call_counts',
    "SELECT * FROM ops.events_of('note')",
    'DELETE FROM rtc.cdrs',
    'INSERT INTO rtc.unfolded (session_id) VALUES (1)',
    "SELECT rtc.ensure_period('cdrs', now(), 'month')",
    "SELECT rtc.references_of('number', '1')",
    'SELECT * FROM rtc.cdrs FOR UPDATE',
    'SELECT * FROM rtc.feed',
    "SELECT nextval('rtc.feed_position_seq')",
  ])('may not %s', async (sql) => {
    expect(await outcome(await app(), sql)).toBe(denied)
  })
})

describe('rtc_support', () => {
  test('finds calls by what it knows', async () => {
    const found = (await outcome(
      await support(),
      `SELECT c.* FROM ops.calls_of('${a}', '2026-01-01', '2027-01-01') JOIN ops.calls c USING (call_ref)`,
    )) as object[]
    expect(found.length).toBeGreaterThan(0)
    expect(JSON.stringify(found)).not.toMatch(secrets)
  })

  test('may not reveal, nor read the tables, nor make references', async () => {
    for (const sql of [
      "SELECT ops.ask_reveal(gen_random_uuid(), 'no reason')",
      'SELECT * FROM rtc.cdrs',
      `SELECT rtc.references_of('number', '1')`,
      `SELECT rtc.log_look_up('number', 0)`,
    ])
      expect(await outcome(await support(), sql), sql).toBe(denied)
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
  const unknown = '00000000-0000-0000-0000-000000000000'

  test('asks, commits, sees', async () => {
    const client = await pii()
    const ticket = await ask(client, await callRef("session_id = 'note'"))
    expect(await outcome(client, 'SELECT * FROM ops.reveal($1)', [ticket])).toMatchObject([
      { session_id: 'note', a_number: a, user_data: 'order-77', digits: '123456', recording: 'ostor.example/1.wav' },
    ])
    const inPrivate = await ask(client, await callRef('session_id IS NULL'))
    expect(await outcome(client, 'SELECT * FROM ops.reveal($1)', [inPrivate])).toMatchObject([
      { session_id: privateSession, a_number: '+8613800000031', b_number: '+8613900000032', recording: null },
    ])
    const { rows } = await admin.query(
      'SELECT asked_by, why, revealed_at IS NOT NULL AS revealed FROM ops.reveals ORDER BY asked_at',
    )
    expect(rows).toEqual(
      Array(2).fill({ asked_by: `rtc_test_pii_${suffix}`, why: 'complaint 4711 of the callee', revealed: true }),
    )
  })

  test('cannot see in the transaction that asked, so a rollback hides nothing', async () => {
    const client = await pii()
    const ref = await callRef("session_id = 'note'")
    await client.query('BEGIN')
    const ticket = await ask(client, ref)
    await client.query('SAVEPOINT s')
    expect(await outcome(client, 'SELECT * FROM ops.reveal($1)', [ticket])).toBe('25000')
    await client.query('ROLLBACK')
    expect(await outcome(client, 'SELECT * FROM ops.reveal($1)', [ticket])).toBe(denied)

    const asked = await ask(client, ref)
    await client.query('BEGIN')
    expect(await outcome(client, 'SELECT a_number FROM ops.reveal($1)', [asked])).toEqual([{ a_number: a }])
    await client.query('ROLLBACK')
    const { rows } = await admin.query('SELECT asked_by FROM rtc.reveals WHERE ticket = $1', [asked])
    expect(rows).toHaveLength(1)
  })

  test("another login's ticket and an old one are refused", async () => {
    const ticket = await ask(await pii(), await callRef("session_id = 'note'"))
    expect(await outcome(await asLogin('pii2', 'rtc_pii'), 'SELECT * FROM ops.reveal($1)', [ticket])).toBe(denied)
    await admin.query("UPDATE rtc.reveals SET asked_at = now() - interval '11 minutes' WHERE ticket = $1", [ticket])
    expect(await outcome(await pii(), 'SELECT * FROM ops.reveal($1)', [ticket])).toBe(denied)
  })

  test('a reason is needed, and a call', async () => {
    const client = await pii()
    expect(await outcome(client, `SELECT ops.ask_reveal('${unknown}', '')`)).toBe('22023')
    expect(await outcome(client, `SELECT ops.ask_reveal('${unknown}', NULL)`)).toBe('22023')
    expect(await outcome(client, "SELECT ops.ask_reveal(NULL, 'a reason')")).toBe('22023')
  })

  test('so many an hour, open transactions counted; one login does not wait for another', async () => {
    const [one, two] = [await asLogin('busy', 'rtc_pii'), await pii()]
    for (let n = 0; n < 29; n++) await ask(one, unknown)
    await one.query('BEGIN')
    await ask(one, unknown)
    const same = new pg.Client({ connectionString: urlOf(`rtc_test_busy_${suffix}`) })
    await same.connect()
    const another = outcome(same, `SELECT ops.ask_reveal('${unknown}', 'one more')`)
    // Another login has its own.
    expect(await outcome(two, `SELECT ops.ask_reveal('${unknown}', 'one more') IS NOT NULL AS asked`)).toEqual([
      { asked: true },
    ])
    await one.query('COMMIT')
    expect(await another).toBe(denied)
    await same.end()
  })

  test('may not look up numbers, nor read or change the records of reveals', async () => {
    for (const sql of [
      "SELECT ops.calls_of('1')",
      'DELETE FROM rtc.reveals',
      'SELECT * FROM rtc.reveals',
      'DELETE FROM rtc.revealers',
    ])
      expect(await outcome(await pii(), sql), sql).toBe(denied)
  })
})

test('a login without a role reaches nothing', async () => {
  const client = await asLogin('stranger')
  for (const sql of [
    'SELECT * FROM ops.calls',
    'SELECT * FROM rtc.cdrs',
    'SELECT * FROM app.calls',
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
    WHERE n.nspname IN ('ops', 'rtc', 'app', 'feed') AND p.prosecdef`)
  const cursors = ['rtc_app', 'rtc_ops', 'rtc_pii', 'rtc_support', 'rtc_writer']
  for (const { function: name, grantees } of rows) {
    if (name.startsWith('feed.')) {
      expect(grantees, name).toEqual(name === 'feed.entries_after' ? ['rtc_app', 'rtc_writer'] : cursors)
      continue
    }
    const forAll = /^ops\.(call_stats|failures|frequent_callees|(events|cdrs)_(of|between))$/.test(name)
    const role = name.startsWith('rtc.') ? 'rtc_writer' : /reveal$/.test(name) ? 'rtc_pii' : 'rtc_support'
    expect(grantees, name).toEqual(forAll ? ['rtc_ops', 'rtc_pii', 'rtc_support', 'rtc_writer'] : [role])
  }
  expect(rows.length).toBeGreaterThan(9)
})

test('what a function means does not depend on the search_path of the people who may call it', async () => {
  const { rows } = await admin.query(`
    SELECT p.oid::regprocedure::text AS function
    FROM pg_proc p
    WHERE p.pronamespace::regnamespace::text IN ('ops', 'rtc', 'app') AND p.prosqlbody IS NULL
      AND NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']
      AND EXISTS (
        SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee NOT IN (p.proowner, 'rtc_writer'::regrole))`)
  expect(rows).toEqual([])
})
