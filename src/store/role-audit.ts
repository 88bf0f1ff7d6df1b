import { feedGrants, functionGrants, type Role, roles, tableGrants } from './roles.ts'
import type { Queryable } from './statement.ts'

/** Something that is not as `rtc-receiver roles` makes it, and the SQL to mend it. */
export interface RoleFault {
  what: string
  sql: string
}

/** What a role may do with tables: `rtc.apps UPDATE`. */
function grantsOf(role: string): ReadonlySet<string> {
  return new Set(
    tableGrants
      .filter((grant) => grant.role === role)
      .flatMap(({ table, privileges }) => privileges.map((privilege) => `${table} ${privilege}`)),
  )
}

/** Those that are not there, or only for another database of this server. */
export async function missingRoles(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name
      WHERE has_schema_privilege(to_regrole(name), CASE name WHEN 'rtc_app' THEN 'app' ELSE 'ops' END, 'USAGE') IS NOT TRUE`,
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

/** What everybody may do in this database beside using it, and the SQL that ends it; each may be meant so by its owner. */
export async function openToAll(client: Queryable): Promise<RoleFault[]> {
  const { rows } = await client.query<{ privilege: string; object: string }>(
    `SELECT privilege_type AS privilege, format('DATABASE %I', datname) AS object
        FROM pg_catalog.pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
        WHERE datname = current_database() AND grantee = 0 AND privilege_type <> 'CONNECT'
      UNION ALL
      -- In public up to Postgres 14, and in what was upgraded from it.
      SELECT privilege_type, format('SCHEMA %I', nspname) FROM pg_catalog.pg_namespace, aclexplode(nspacl)
        WHERE grantee = 0 AND privilege_type = 'CREATE'
      ORDER BY 2, 1`,
  )
  return rows.map(({ privilege, object }) => ({
    what: `everybody holds ${privilege} ON ${object}, rtc_ops too`,
    sql: `REVOKE ${privilege} ON ${object} FROM PUBLIC;`,
  }))
}

/** Names, as SQL writes them, of the logins that have the rights of a role, superusers apart. */
export async function loginsOf(client: Queryable, role: Role): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT quote_ident(rolname) AS name FROM pg_catalog.pg_roles
      WHERE rolcanlogin AND NOT rolsuper AND pg_has_role(oid, to_regrole($1), 'MEMBER') ORDER BY 1`,
    [role],
  )
  return rows.map(({ name }) => name)
}

/** Whether queries are compiled first: for most of these that takes longer than to run them. */
export async function compilesQueries(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ jit: string }>("SELECT current_setting('jit') AS jit")
  return rows[0]?.jit === 'on'
}

interface Grant {
  kind: 'TABLE' | 'SCHEMA' | 'FUNCTION'
  schema: string
  object: string
  column: string | null
  grantee: string
  privilege: string
}

/** What the roles, or everybody, hold in this database beyond what `rtc-receiver roles` grants. */
export async function grantsTooMany(client: Queryable): Promise<RoleFault[]> {
  const { rows } = await client.query<Grant>(
    `WITH tables AS (
        SELECT c.*, n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname IN ('rtc', 'ops', 'app', 'feed') AND c.relkind <> 'S'),
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
          WHERE nspname IN ('rtc', 'ops', 'app', 'feed') AND prosecdef)
      SELECT kind, schema, object, "column", coalesce(rolname, 'PUBLIC') AS grantee, privilege
        FROM grants LEFT JOIN pg_catalog.pg_roles r ON r.oid = grantee
        WHERE grantee = 0 OR rolname = ANY ($1)
        ORDER BY 1, 5, 3, 4, 6`,
    [roles],
  )
  const byGrantee = new Map<string, Set<string>>()
  for (const { kind, object, column, grantee, privilege } of rows.filter((grant) => !isMeant(grant))) {
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

const schemas: Readonly<Record<string, readonly Role[]>> = {
  rtc: ['rtc_writer', 'rtc_app'],
  ops: ['rtc_writer', 'rtc_ops', 'rtc_support', 'rtc_pii', 'rtc_app'],
  app: ['rtc_app'],
  feed: ['rtc_writer', 'rtc_ops', 'rtc_support', 'rtc_pii', 'rtc_app'],
}

function isMeant({ kind, schema, object, column, grantee, privilege }: Grant): boolean {
  const ours = schemas[schema]
  if (!ours) return grantee === 'PUBLIC' || privilege !== 'CREATE'
  if (!ours.includes(grantee as Role)) return false
  if (kind === 'SCHEMA') return privilege === 'USAGE'
  // In ops rtc_app reads nothing but what app.calls is made of.
  const readsAll = schema === 'app' || (schema === 'ops' && grantee !== 'rtc_app')
  if (kind === 'FUNCTION') {
    const name = object.replace(/\(.*/, '')
    if (schema === 'feed') return feedGrants[name]?.includes(grantee as Role) ?? false
    if (schema === 'ops' && !readsAll) return false
    const only = schema === 'rtc' ? 'rtc_writer' : functionGrants[name]
    return only === undefined || only === grantee
  }
  if (column !== null) return false
  return (readsAll && privilege === 'SELECT') || grantsOf(grantee).has(`${object} ${privilege}`)
}

export interface Login {
  /** As SQL writes it. */
  name: string
  superuser: boolean
  /** Of tables of schema rtc, itself or as a member. */
  owner: boolean
  /** Those of our roles whose rights it has. */
  groups: string[]
  /** What the receiver needs and it may not do, and the other way round: `SELECT ON rtc.reveals`. */
  lacks: string[]
  more: string[]
}

/** Who this connection is, and what that login may do with what the receiver stores. */
export async function readLogin(client: Queryable): Promise<Login> {
  const { rows } = await client.query<Omit<Login, 'lacks' | 'more'>>(
    `SELECT quote_ident(current_user) AS name, rolsuper AS superuser,
        EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace('rtc') AND relkind IN ('r', 'p')
          AND pg_has_role(relowner, 'USAGE')) AS owner,
        ARRAY(SELECT g.rolname::text FROM pg_catalog.pg_roles g WHERE g.rolname = ANY ($1)
          AND pg_has_role(g.oid, 'USAGE') ORDER BY 1) AS groups
      FROM pg_catalog.pg_roles WHERE rolname = current_user`,
    [roles],
  )
  const { rows: rights } = await client.query<{ table: string; privilege: string; whole: boolean; part: boolean }>(
    `SELECT format('%I.%I', nspname, relname) AS "table", privilege, has_table_privilege(c.oid, privilege) AS whole,
        CASE WHEN privilege IN ('DELETE', 'TRUNCATE') THEN has_table_privilege(c.oid, privilege)
          ELSE has_any_column_privilege(c.oid, privilege) END AS part
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace,
        unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
      WHERE nspname IN ('rtc', 'ops') AND relkind IN ('r', 'p') AND NOT relispartition
      ORDER BY 1`,
  )
  const { rows: uncalled } = await client.query<{ name: string }>(
    `SELECT format('EXECUTE ON FUNCTION rtc.%I', proname) AS name FROM pg_catalog.pg_proc
      WHERE pronamespace = to_regnamespace('rtc') AND NOT has_function_privilege(oid, 'EXECUTE')`,
  )
  const { rows: shut } = await client.query<{ name: string }>(
    `SELECT 'USAGE ON SCHEMA ' || name AS name FROM unnest(ARRAY['rtc', 'ops']) AS name WHERE NOT has_schema_privilege(name, 'USAGE')`,
  )
  const granted = grantsOf('rtc_writer')
  const lacks = [...shut, ...uncalled].map(({ name }) => name)
  const more: string[] = []
  for (const { table, privilege, whole, part } of rights) {
    const needs = granted.has(`${table} ${privilege}`) || (table.startsWith('ops.') && privilege === 'SELECT')
    if (needs && !whole) lacks.push(`${privilege} ON ${table}`)
    if (!needs && part) more.push(`${privilege} ON ${table}`)
  }
  return { ...(rows[0] ?? { name: '', superuser: false, owner: false, groups: [] }), lacks, more }
}
