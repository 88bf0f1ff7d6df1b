import { roles, rolesSql } from './roles.ts'
import type { Queryable } from './statement.ts'

/** Something that is not as `rtc-receiver roles` makes it, and the SQL to mend it. */
export interface RoleFault {
  what: string
  sql: string
}

/** What rtc_writer may do with tables, read off the statements that grant it: `rtc.apps UPDATE`, `rtc.cdrs SELECT icid`. */
function writersGrants(): Set<string> {
  const found = new Set<string>()
  for (const statement of rolesSql()) {
    const [, privileges = '', tables = ''] = /^GRANT (.+) ON (rtc\..+) TO rtc_writer$/.exec(statement) ?? []
    for (const [, privilege, columns] of privileges.matchAll(/([A-Z]+)(?: \(([^)]*)\))?/g))
      for (const table of tables.split(', '))
        for (const column of columns?.split(', ') ?? ['']) found.add(`${table} ${privilege} ${column}`.trim())
  }
  return found
}

function isWriters(granted: Set<string>, table: string, privilege: string, column: string | null): boolean {
  return granted.has(`${table} ${privilege}`) || granted.has(`${table} ${privilege} ${column}`)
}

/** Those that are not there, or only for another database of this server. */
export async function missingRoles(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name WHERE has_schema_privilege(to_regrole(name), 'ops', 'USAGE') IS NOT TRUE`,
    [roles],
  )
  return rows.map(({ name }) => name)
}

/** Roles that are there and can do more than be granted to logins: rtc-receiver roles finds them made by others. */
export async function mightyRoles(client: Queryable): Promise<RoleFault[]> {
  const { rows } = await client.query<{ role: string; can: string[] }>(
    `SELECT rolname AS role, can FROM pg_catalog.pg_roles,
        LATERAL (SELECT array_agg(name) AS can FROM (VALUES ('LOGIN', rolcanlogin), ('SUPERUSER', rolsuper),
          ('BYPASSRLS', rolbypassrls), ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb),
          ('REPLICATION', rolreplication)) AS attribute (name, has) WHERE has) AS attributes
      WHERE rolname = ANY ($1) AND can IS NOT NULL ORDER BY 1`,
    [roles],
  )
  const { rows: members } = await client.query<{ role: string; of: string }>(
    `SELECT member::regrole::text AS role, roleid::regrole::text AS of FROM pg_catalog.pg_auth_members
      WHERE member::regrole::text = ANY ($1) AND roleid::regrole::text <> 'rtc_ops' ORDER BY 1, 2`,
    [roles],
  )
  return [
    ...rows.map(({ role, can }) => ({
      what: `${role} is ${can.join(', ')}`,
      sql: `ALTER ROLE ${role} ${can.map((attribute) => `NO${attribute}`).join(' ')};`,
    })),
    ...members.map(({ role, of }) => ({ what: `${role} is a member of ${of}`, sql: `REVOKE ${of} FROM ${role};` })),
  ]
}

/** Schemas in which everybody may create things, as in public up to Postgres 14 and in what was upgraded from it. */
export async function schemasForAll(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT quote_ident(nspname) AS name FROM pg_catalog.pg_namespace, aclexplode(nspacl)
      WHERE grantee = 0 AND privilege_type = 'CREATE' ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

interface Grant {
  kind: 'TABLE' | 'SCHEMA' | 'FUNCTION'
  schema: string
  object: string
  column: string | null
  grantee: string
  privilege: string
}

const forOneRole: Record<string, string> = {
  calls_of: 'rtc_support',
  calls_by_user_data: 'rtc_support',
  ask_reveal: 'rtc_pii',
  reveal: 'rtc_pii',
}

/** What the roles, or everybody, hold in this database beyond what `rtc-receiver roles` grants. */
export async function grantsTooMany(client: Queryable): Promise<RoleFault[]> {
  const { rows } = await client.query<Grant>(
    `WITH tables AS (
        SELECT c.*, n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname IN ('rtc', 'ops') AND c.relkind <> 'S'),
      grants (kind, schema, object, "column", grantee, privilege) AS (
        SELECT 'TABLE', nspname, format('%I.%I', nspname, relname), NULL, grantee, privilege_type
          FROM tables, aclexplode(relacl)
        UNION ALL
        SELECT 'TABLE', nspname, format('%I.%I', nspname, relname), quote_ident(attname), grantee, privilege_type
          FROM tables t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid, aclexplode(attacl)
        UNION ALL
        SELECT 'SCHEMA', nspname, quote_ident(nspname), NULL, grantee, privilege_type
          FROM pg_catalog.pg_namespace, aclexplode(nspacl) WHERE nspname !~ '^pg_'
        UNION ALL
        SELECT 'FUNCTION', nspname, format('%I.%I(%s)', nspname, proname, oidvectortypes(proargtypes)), NULL, grantee, privilege_type
          FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace,
            aclexplode(coalesce(proacl, acldefault('f', proowner)))
          WHERE nspname IN ('rtc', 'ops') AND prosecdef)
      SELECT kind, schema, object, "column", coalesce(rolname, 'PUBLIC') AS grantee, privilege
        FROM grants LEFT JOIN pg_catalog.pg_roles r ON r.oid = grantee
        WHERE grantee = 0 OR rolname = ANY ($1)
        ORDER BY 1, 5, 3, 4, 6`,
    [roles],
  )
  const granted = writersGrants()
  const byGrantee = new Map<string, Set<string>>()
  for (const { kind, object, column, grantee, privilege } of rows.filter((grant) => !isMeant(grant, granted))) {
    const key = `${privilege}${column === null ? '' : ` (${column})`} ON ${kind} %s ${grantee}`
    byGrantee.set(key, (byGrantee.get(key) ?? new Set()).add(object))
  }
  return [...byGrantee].map(([key, objects]) => {
    const [, what, grantee] = /^(.+) %s (.+)$/.exec(key) ?? []
    const list = [...objects].join(', ')
    const holder = grantee === 'PUBLIC' ? 'everybody' : grantee
    return { what: `${holder} holds ${what} ${list}`, sql: `REVOKE ${what} ${list} FROM ${grantee};` }
  })
}

function isMeant({ kind, schema, object, column, grantee, privilege }: Grant, granted: Set<string>): boolean {
  const isOurs = schema === 'rtc' || schema === 'ops'
  if (kind === 'SCHEMA' && !isOurs) return grantee === 'PUBLIC' || privilege !== 'CREATE'
  if (grantee === 'PUBLIC') return false
  if (kind === 'SCHEMA') return privilege === 'USAGE' && (schema === 'ops' || grantee === 'rtc_writer')
  if (kind === 'FUNCTION') {
    const only = schema === 'ops' && forOneRole[object.replace(/^ops\.|\(.*/g, '')]
    return !only || only === grantee
  }
  if (schema === 'ops') return privilege === 'SELECT'
  return grantee === 'rtc_writer' && isWriters(granted, object, privilege, column)
}

export interface Login {
  /** As SQL writes it. */
  name: string
  superuser: boolean
  /** Of tables of schema rtc, itself or as a member. */
  owner: boolean
  /** Those of our roles whose rights it has. */
  groups: string[]
  /** What the receiver needs and it may not do, and the other way round: `SELECT ON rtc.cdrs (callee_num)`. */
  lacks: string[]
  more: string[]
}

/** Who this connection is, and what that login may do with what the receiver stores. */
export async function readLogin(client: Queryable): Promise<Login> {
  const granted = writersGrants()
  const { rows } = await client.query<Omit<Login, 'lacks' | 'more'>>(
    `SELECT quote_ident(current_user) AS name, rolsuper AS superuser,
        EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace('rtc') AND relkind IN ('r', 'p')
          AND pg_has_role(relowner, 'USAGE')) AS owner,
        ARRAY(SELECT g.rolname::text FROM pg_catalog.pg_roles g WHERE g.rolname = ANY ($1)
          AND pg_has_role(g.oid, 'USAGE') ORDER BY 1) AS groups
      FROM pg_catalog.pg_roles WHERE rolname = current_user`,
    [roles],
  )
  const { rows: rights } = await client.query<{ table: string; column: string; privilege: string; may: boolean }>(
    `SELECT format('rtc.%I', relname) AS "table", quote_ident(attname) AS "column", privilege,
        CASE WHEN privilege IN ('DELETE', 'TRUNCATE') THEN has_table_privilege(c.oid, privilege)
          ELSE has_column_privilege(c.oid, attnum, privilege) END AS may
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped,
        unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
      WHERE relnamespace = to_regnamespace('rtc') AND relkind IN ('r', 'p') AND NOT relispartition
      ORDER BY c.relname, attnum`,
  )
  const { rows: uncalled } = await client.query<{ name: string }>(
    `SELECT format('EXECUTE ON FUNCTION rtc.%I', proname) AS name FROM pg_catalog.pg_proc
      WHERE pronamespace = to_regnamespace('rtc') AND prosecdef AND NOT has_function_privilege(oid, 'EXECUTE')`,
  )
  const { rows: schema } = await client.query<{ name: string }>(
    `SELECT 'USAGE ON SCHEMA rtc' AS name WHERE NOT has_schema_privilege('rtc', 'USAGE')`,
  )
  const lacks = new Set([...schema, ...uncalled].map(({ name }) => name))
  const more = new Set<string>()
  for (const { table, column, privilege, may } of rights) {
    const needs = isWriters(granted, table, privilege, column)
    if (needs !== may) (may ? more : lacks).add(`${privilege} ON ${table}`)
  }
  return {
    ...(rows[0] ?? { name: '', superuser: false, owner: false, groups: [] }),
    lacks: [...lacks],
    more: [...more],
  }
}
