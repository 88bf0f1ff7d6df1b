import type { Config } from '../../config/config.ts'
import { isTooWide } from '../../lib/addresses.ts'
import {
  compilesQueries,
  grantsTooMany,
  type Login,
  loginsOf,
  mightyRoles,
  missingRoles,
  openToAll,
  readLogin,
} from '../../store/role-audit.ts'
import { roles } from '../../store/roles.ts'
import type { Queryable } from '../../store/statement.ts'
import { type Finding, findings } from './finding.ts'

const ownLogin =
  "give it a login of its own: CREATE ROLE … LOGIN PASSWORD '…' IN ROLE rtc_writer (rtc-receiver roles makes rtc_writer); put that into DATABASE_URL, and the owner of the tables into MIGRATE_DATABASE_URL"

type Settings = Pick<Config, 'databaseUrl' | 'auth' | 'allowFrom'>

/** Whether the receiver's login and the roles hold what they need, and nothing else, and who can see what. */
export async function checkRoles(client: Queryable, config: Settings): Promise<Finding[]> {
  const { found, ok, careful, wrong } = findings('roles')
  found.push(...loginFindings(await readLogin(client), config.databaseUrl === undefined))
  const missing = await missingRoles(client)
  if (missing.length > 0)
    ok(
      `not there, or without rights in this database: ${missing.join(', ')}`,
      'no harm while nobody looks with a login of their own; rtc-receiver roles makes them',
    )
  const faults = [...(await mightyRoles(client)), ...(await grantsTooMany(client))]
  for (const { what, sql } of faults) wrong(what, `as the owner or a DBA: ${sql}`)
  for (const { what, sql } of await openToAll(client))
    careful(
      `${what}: a table or a function of one's own can hold locks, and mislead a query`,
      `if nobody needs that: ${sql}`,
    )
  if (faults.length === 0 && missing.length < roles.length)
    ok('the roles of people and of the receiver hold what rtc-receiver roles gives, and no more')
  found.push(...(await visibilityFindings(client, config)))
  if (await compilesQueries(client))
    careful(
      'jit is on: Postgres compiles the queries of people first, which takes longer than most of them run',
      'as the owner of the database: ALTER DATABASE … SET jit = off; (rtc-receiver roles does it where it may)',
    )
  return found
}

/** Logins that see more than one would think. */
async function visibilityFindings(client: Queryable, { auth, allowFrom }: Settings): Promise<Finding[]> {
  const { found, ok, careful } = findings('roles')
  for (const login of await loginsOf(client, 'rtc_app'))
    ok(`${login} reads every number of every application, in bulk: it is a member of rtc_app`)
  const onlyPlatform = auth === 'enforce' || (allowFrom.length > 0 && !allowFrom.some(isTooWide))
  const watchers = await loginsOf(client, 'rtc_ops')
  if (watchers.length > 0 && !onlyPlatform)
    careful(
      `nothing but a path token keeps strangers out, and ${watchers.join(', ')} can compare: whoever of them knows the token can post calls of guessed numbers, and find real ones by the references of unsigned calls`,
      'set RTC_APPS and RTC_AUTH=enforce, or ALLOW_FROM',
    )
  return found
}

function loginFindings({ name, superuser, owner, groups, lacks, more }: Login, embedded: boolean): Finding[] {
  const { found, ok, careful, wrong } = findings('roles')
  const logsIn = `the receiver logs in as ${name}`
  if (superuser && embedded) ok(`${logsIn}, the superuser of its embedded Postgres, which holds nothing else`)
  else if (superuser) careful(`${logsIn}, a superuser, and needs much less`, ownLogin)
  else if (owner) careful(`${logsIn}, which owns the tables: it can read every number, and change all`, ownLogin)
  else if (lacks.length > 0)
    wrong(`${logsIn}, which may not ${lacks.join(', ')}`, `rtc-receiver roles, then GRANT rtc_writer TO ${name};`)
  else if (more.length > 0)
    careful(`${logsIn}, which may also ${more.join(', ')}`, 'revoke that: membership in rtc_writer is all it needs')
  else
    ok(groups.includes('rtc_writer') ? `${logsIn}, a member of rtc_writer` : `${logsIn}, which may what rtc_writer may`)
  if (superuser || owner) return found
  if (groups.includes('rtc_support'))
    careful(
      `${logsIn}, a member of rtc_support too: whoever opens the page may look up a number they know`,
      `where that is not wanted: REVOKE rtc_support FROM ${name};`,
    )
  if (groups.includes('rtc_pii'))
    wrong(`${logsIn}, a member of rtc_pii: it needs to reveal nothing`, `REVOKE rtc_pii FROM ${name};`)
  return found
}
