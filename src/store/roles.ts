import type pg from 'pg'
import { transaction } from './pool.ts'

/** Code of "permission denied" and of "must be owner". */
const insufficientPrivilege = '42501'

/** The receiver; people who look, look up and reveal; the customer's own applications. */
export const roles = ['rtc_writer', 'rtc_ops', 'rtc_support', 'rtc_pii', 'rtc_app'] as const

export type Role = (typeof roles)[number]

/** Those that read schema ops. */
const readers: readonly Role[] = ['rtc_ops', 'rtc_support', 'rtc_pii', 'rtc_writer']

/**
 * What the two roles may do that work with the tables themselves. The receiver adds facts and changes none: what is to go
 * goes by functions of the owner's. Calls are computed by it, and so are its own to write.
 */
export const tableGrants: readonly { role: Role; table: string; privileges: readonly string[] }[] = [
  { role: 'rtc_writer', table: 'rtc.call_events', privileges: ['SELECT', 'INSERT'] },
  { role: 'rtc_writer', table: 'rtc.cdrs', privileges: ['SELECT', 'INSERT'] },
  { role: 'rtc_writer', table: 'rtc.notices', privileges: ['SELECT', 'INSERT', 'UPDATE'] },
  { role: 'rtc_writer', table: 'rtc.unfolded', privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  { role: 'rtc_writer', table: 'rtc.fold_later', privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  { role: 'rtc_writer', table: 'rtc.calls_private', privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  { role: 'rtc_writer', table: 'ops.calls', privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  { role: 'rtc_writer', table: 'rtc.quarantine', privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  { role: 'rtc_writer', table: 'rtc.apps', privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  { role: 'rtc_writer', table: 'rtc.redeliveries', privileges: ['SELECT', 'INSERT', 'UPDATE'] },
  { role: 'rtc_writer', table: 'rtc.placed_calls', privileges: ['SELECT', 'INSERT'] },
  { role: 'rtc_writer', table: 'rtc.feed', privileges: ['SELECT', 'INSERT'] },
  { role: 'rtc_writer', table: 'rtc.forwarders', privileges: ['SELECT', 'INSERT', 'UPDATE'] },
  { role: 'rtc_writer', table: 'rtc.dead_letters', privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  // Whoever locks a row needs UPDATE.
  { role: 'rtc_writer', table: 'rtc.maintenance', privileges: ['SELECT', 'UPDATE'] },
  { role: 'rtc_writer', table: 'rtc.erased_keys', privileges: ['SELECT'] },
  { role: 'rtc_writer', table: 'rtc.keys', privileges: ['SELECT'] },
  { role: 'rtc_writer', table: 'rtc.migrations', privileges: ['SELECT'] },
  { role: 'rtc_app', table: 'rtc.call_events', privileges: ['SELECT'] },
  { role: 'rtc_app', table: 'rtc.cdrs', privileges: ['SELECT'] },
  { role: 'rtc_app', table: 'rtc.notices', privileges: ['SELECT'] },
  // What app.calls is made of: on Citus the nodes are asked with the rights of whoever reads the view.
  { role: 'rtc_app', table: 'ops.calls', privileges: ['SELECT'] },
  { role: 'rtc_app', table: 'rtc.calls_private', privileges: ['SELECT'] },
]

/** Functions that tell more than schema ops. Others of that schema are for all its readers, those of schema rtc for the receiver. */
export const functionGrants: Readonly<Record<string, Role>> = {
  'ops.calls_of': 'rtc_support',
  'ops.calls_by_user_data': 'rtc_support',
  'ops.calls_by_subscription': 'rtc_support',
  'ops.calls_by_session': 'rtc_support',
  'ops.ask_reveal': 'rtc_pii',
  'ops.reveal': 'rtc_pii',
}

/** Cursors over the feed. Facts and whole numbers are for the customer's applications, and the receiver forwards them. */
export const feedGrants: Readonly<Record<string, readonly Role[]>> = {
  'feed.entries_after': ['rtc_app', 'rtc_writer'],
  'feed.calls_after': ['rtc_app', ...readers],
  'feed.position_at': ['rtc_app', ...readers],
  'feed.head': ['rtc_app', ...readers],
}

/**
 * A temporary table or a function of one's own is a lock, or a trap for a query of somebody else's; and a query that is
 * compiled first takes longer than it runs. The database and its schema public may be somebody else's: `check` tells what
 * stayed as it was.
 */
const closeDatabase = [
  `DO $$ BEGIN EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); EXECUTE format('ALTER DATABASE %I SET jit = off', current_database()); EXCEPTION WHEN insufficient_privilege THEN NULL; END $$`,
  'DO $$ BEGIN REVOKE CREATE ON SCHEMA public FROM PUBLIC; EXCEPTION WHEN insufficient_privilege OR invalid_schema_name THEN NULL; END $$',
]

/**
 * SQL that makes the group roles and grants them what they need, nothing else; to be run by the owner of the schemas,
 * again after each migration that adds something. It may be run any number of times. Logins are made by the DBA:
 * CREATE ROLE ann LOGIN PASSWORD … IN ROLE rtc_ops.
 */
export function rolesSql(): string[] {
  const people = readers.join(', ')
  const telling = Object.keys(functionGrants)
    .map((name) => `'${name.replace('ops.', '')}'`)
    .join(', ')
  return [
    ...roles.map(
      (role) =>
        `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
    ),
    ...closeDatabase,

    'GRANT USAGE ON SCHEMA rtc TO rtc_writer, rtc_app',
    ...tableGrants.map(({ role, table, privileges }) => `GRANT ${privileges.join(', ')} ON ${table} TO ${role}`),

    `GRANT USAGE ON SCHEMA ops TO ${people}, rtc_app`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ops TO ${people}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ops GRANT SELECT ON TABLES TO ${people}`,
    // Users of a view need EXECUTE on the plain functions in it, and no USAGE on their schema. One that is immutable knows
    // nothing but its arguments.
    'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA rtc, ops, feed FROM PUBLIC',
    forEachFunction(
      `p.pronamespace = 'rtc'::regnamespace AND p.provolatile = 'i' OR p.pronamespace = 'ops'::regnamespace AND p.proname NOT IN (${telling})`,
      people,
    ),
    forEachFunction("p.pronamespace = 'rtc'::regnamespace", 'rtc_writer'),
    // Whoever may look up can unmask by trying, and whoever may reveal sees: each has a role of its own.
    ...Object.entries(functionGrants).map(([name, role]) =>
      forEachFunction(`format('%I.%I', p.pronamespace::regnamespace, p.proname) = '${name}'`, role),
    ),

    `GRANT USAGE ON SCHEMA feed TO ${people}, rtc_app`,
    ...Object.entries(feedGrants).map(([name, grantees]) =>
      forEachFunction(`format('%I.%I', p.pronamespace::regnamespace, p.proname) = '${name}'`, grantees.join(', ')),
    ),
    // Positions are given by whoever folds; a range of them takes UPDATE.
    'GRANT USAGE, UPDATE ON SEQUENCE rtc.feed_position_seq TO rtc_writer',

    'GRANT USAGE ON SCHEMA app TO rtc_app',
    'GRANT SELECT ON ALL TABLES IN SCHEMA app TO rtc_app',
    'ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO rtc_app',
  ]
}

/** The same as a file for psql. */
export function rolesScript(): string {
  return ['BEGIN;', ...rolesSql().map((statement) => `${statement};`), 'COMMIT;', ''].join('\n')
}

function forEachFunction(condition: string, grantees: string): string {
  return `DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT p.oid::regprocedure FROM pg_catalog.pg_proc p WHERE ${condition} LOOP EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${grantees}', f); END LOOP; END $$`
}

/**
 * Makes the roles in one transaction. Resolves to false, with nothing changed, when this login may not: making roles
 * takes CREATEROLE, granting takes the owner of the schemas.
 */
export async function makeRoles(client: pg.ClientBase): Promise<boolean> {
  try {
    await transaction(client, async () => {
      // Two at once would collide on the catalogs. A lock that nobody else wants, and that only the owner can take.
      await client.query('LOCK TABLE rtc.keys IN SHARE ROW EXCLUSIVE MODE')
      for (const statement of rolesSql()) await client.query(statement)
      if (!(await grantsHold(client))) throw Object.assign(new Error('not the owner'), { code: insufficientPrivilege })
    })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === insufficientPrivilege) return false
    throw error
  }
}

/** GRANT by somebody who is not the owner only warns where it has some right to grant. */
async function grantsHold(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ holds: boolean }>(`
    SELECT has_schema_privilege('rtc_writer', 'rtc', 'USAGE') AND has_table_privilege('rtc_writer', 'rtc.cdrs', 'INSERT')
      AND has_schema_privilege('rtc_ops', 'ops', 'USAGE') AND has_table_privilege('rtc_ops', 'ops.calls', 'SELECT')
      AND has_schema_privilege('rtc_app', 'app', 'USAGE') AND has_table_privilege('rtc_app', 'app.calls', 'SELECT') AS holds`)
  return rows[0]?.holds ?? false
}
