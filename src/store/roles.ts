import type pg from 'pg'
import { transaction } from './pool.ts'

/** Code of "permission denied" and of "must be owner". */
const insufficientPrivilege = '42501'

export const roles = ['rtc_writer', 'rtc_ops', 'rtc_support', 'rtc_pii'] as const

const readers = 'rtc_ops, rtc_support, rtc_pii'

/**
 * SQL that makes the four group roles and grants them what they need, nothing else; to be run by the owner of the
 * schemas, again after each migration that adds something. It may be run any number of times. Logins are made by the DBA:
 * CREATE ROLE ann LOGIN PASSWORD … IN ROLE rtc_ops.
 */
export function rolesSql(): string[] {
  return [
    ...roles.map(
      (role) =>
        `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
    ),

    // The receiver: it adds rows, and reads of them what tells duplicates from conflicts and how a call goes, no numbers.
    // Of rtc.keys the policy of the table shows it the digest key alone.
    'GRANT USAGE ON SCHEMA rtc TO rtc_writer',
    'GRANT INSERT, SELECT (session_id, event_key, occurred_at, event_type, state_code, received_at, stored_at, signed_by) ON rtc.call_events TO rtc_writer',
    'GRANT INSERT, SELECT (session_id, icid, cdr_time, record_key, received_at, stored_at, erased_at) ON rtc.cdrs TO rtc_writer',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON rtc.quarantine TO rtc_writer',
    'GRANT INSERT, SELECT (id) ON rtc.placed_calls TO rtc_writer',
    'GRANT SELECT, INSERT, UPDATE ON rtc.apps TO rtc_writer',
    'GRANT SELECT ON rtc.keys, rtc.migrations TO rtc_writer',
    // Upkeep: what runs with its owner's rights in schema rtc is made for the receiver.
    forEachFunction("p.pronamespace = 'rtc'::regnamespace AND p.prosecdef", 'rtc_writer'),

    // People: schema ops. Users of a view need EXECUTE on the plain functions in it, and no USAGE on their schema.
    `GRANT USAGE ON SCHEMA ops TO ${readers}, rtc_writer`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ops TO ${readers}, rtc_writer`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ops GRANT SELECT ON TABLES TO ${readers}, rtc_writer`,
    eachFunction(
      'rtc',
      [
        'mask_number',
        'mask_digits',
        'mask_text',
        'mask_icid',
        'mask_values',
        'holds_number',
        'plain_number',
        'ref',
        'event_rank',
        'sip_outcome',
        'seconds_between',
        'minutes_between',
        // What views read by the day: masked, or no more than counts.
        'summarized',
        'bill_of',
        'records_of',
        'sessions_of',
        'frequent_callees_of',
        'concurrent_legs_of',
        'missing_cdrs_of',
        'cdrs_without_events_of',
      ],
      `${readers}, rtc_writer`,
    ),
    eachFunction('ops', ['call_stats', 'failures', 'skeleton'], `${readers}, rtc_writer`),
    // Whoever may look up can unmask by trying, and whoever may reveal sees: each has a role of its own.
    eachFunction('ops', ['calls_of', 'calls_by_user_data'], 'rtc_support'),
    eachFunction('ops', ['ask_reveal', 'reveal'], 'rtc_pii'),
  ]
}

/** The same as a file for psql. */
export function rolesScript(): string {
  return ['BEGIN;', ...rolesSql().map((statement) => `${statement};`), 'COMMIT;', ''].join('\n')
}

/** All functions of these names, whatever their arguments; those of a migration yet to come are left out. */
function eachFunction(schema: string, names: string[], grantees: string): string {
  const list = names.map((name) => `'${name}'`).join(', ')
  return forEachFunction(`p.pronamespace = '${schema}'::regnamespace AND p.proname IN (${list})`, grantees)
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
      // Two at once would collide on the catalogs.
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('rtc.roles', 0))")
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
      AND has_schema_privilege('rtc_ops', 'ops', 'USAGE') AND has_table_privilege('rtc_ops', 'ops.calls', 'SELECT') AS holds`)
  return rows[0]?.holds ?? false
}
