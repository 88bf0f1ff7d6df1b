import type pg from 'pg'
import type { Queryable } from './statement.ts'

/** The oldest version with all that is relied on here: identity columns in reference tables, functions on the workers. */
const oldestVersion = 12

/** The first is distributed, the second put where the first one's rows of a session are. */
const distributed = ['call_events', 'cdrs'] as const
const column = 'session_id'

/** Small tables that the views put beside every call: a copy on every node keeps such a query on the node of the call. */
const references = [
  'keys',
  'apps',
  'hangup_reasons',
  'q850_causes',
  'release_points',
  'service_types',
  'placed_calls',
] as const

/** Why a table of ours stays an ordinary one of the coordinator. */
const reasons: Record<string, string> = {
  quarantine: 'its ON CONFLICT DO UPDATE adds an interval to a time, which Citus takes for no table of its own',
}
const readAlone = 'nothing puts it beside calls row by row'
const hasTrigger = 'it has a trigger, which Citus allows on no reference table'

export interface DistributionStep {
  /** Table or function. */
  name: string
  sql: string
}

export interface Distribution {
  version: string
  /** Nodes that can hold shards. */
  nodes: number
  /** What is still to be done, in order; empty when all is done. */
  steps: DistributionStep[]
  /** Tables that stay as they are, and why. */
  local: { name: string; why: string }[]
  /** Bytes that have to be copied, with nobody writing to the table meanwhile. */
  bytes: number
}

interface Relation {
  name: string
  /** With indexes. Of a table of Citus: what it keeps on this node beside its shards. */
  bytes: number
  /** Whether there are rows in it, here. */
  filled: boolean
  triggers: boolean
  /** How Citus keeps it: h by hash, n on every node or unsharded; null: it does not. */
  method: string | null
  key: string | null
  colocation: number | null
}

/** Throws a message for people where the extension is missing, too old, or has tables of ours in another form. */
export async function planDistribution(client: Queryable): Promise<Distribution> {
  const version = await readVersion(client)
  const { rows: relations } = await client.query<Relation>(`
    SELECT c.relname::text AS name,
      parts.bytes, parts.filled,
      EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS triggers,
      d.partmethod::text AS method, d.colocationid AS colocation,
      CASE d.partmethod WHEN 'h' THEN column_to_column_name(d.logicalrelid, d.partkey) END AS key
    FROM pg_class c LEFT JOIN pg_dist_partition d ON d.logicalrelid = c.oid
    CROSS JOIN LATERAL (
      SELECT sum(pg_total_relation_size(t.relid))::float8 AS bytes, bool_or(pg_relation_size(t.relid) > 0) AS filled
      FROM (SELECT relid FROM pg_partition_tree(c.oid) UNION SELECT c.oid) AS t
    ) AS parts
    WHERE c.relnamespace = 'rtc'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY 1`)
  const { rows: nodes } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_dist_node WHERE isactive AND noderole = 'primary' AND shouldhaveshards`,
  )
  const by = new Map(relations.map((relation) => [relation.name, relation]))
  const big = distributed.flatMap((name) => by.get(name) ?? [])
  const steps: DistributionStep[] = []
  const local: Distribution['local'] = []
  const add = ({ name, method, filled }: Relation, sql: string) => {
    if (method === null) steps.push({ name: `rtc.${name}`, sql })
    // Citus copies the rows and leaves the old ones behind, unseen: personal data that no erasure would reach.
    if (filled)
      steps.push({ name: `rtc.${name}`, sql: `SELECT truncate_local_data_after_distributing_table('rtc.${name}')` })
  }
  for (const relation of relations) {
    const { name, method, triggers } = relation
    if (distributed.some((known) => known === name)) continue
    if (!references.some((known) => known === name)) local.push({ name, why: reasons[name] ?? readAlone })
    else if (triggers && method === null) local.push({ name, why: hasTrigger })
    else add(relation, `SELECT create_reference_table('rtc.${name}')`)
  }
  steps.push(...(await missingFunctions(client)))
  for (const relation of big) {
    const { name, method, key } = relation
    if (method !== null && (method !== 'h' || key !== column))
      throw new Error(`rtc.${name} is a table of Citus already, but not distributed by ${column}`)
    const beside = name === distributed[0] ? 'none' : `rtc.${distributed[0]}`
    add(relation, `SELECT create_distributed_table('rtc.${name}', '${column}', colocate_with => '${beside}')`)
  }
  const groups = new Set(big.flatMap(({ colocation }) => colocation ?? []))
  if (groups.size > 1) throw new Error(`rtc.${distributed.join(' and rtc.')} are distributed, but not side by side`)
  const bytes = big.reduce((sum, { bytes, method }) => sum + (method === null ? bytes : 0), 0)
  return { version, nodes: nodes[0]?.n ?? 0, steps, local, bytes }
}

/** One at a time, for as long as the connection lives: a second run would find half of the steps done. False: another runs. */
export async function lockDistribution(client: Queryable): Promise<boolean> {
  const { rows } = await client.query("SELECT pg_try_advisory_lock(hashtextextended('rtc.distribute', 0)) AS mine")
  return rows[0]?.mine === true
}

/**
 * Carries a plan out. Every step is a transaction of its own, so that a run may end anywhere and be begun again. Throws
 * what Citus threw; 55P03 where a table is in use for longer than ten seconds.
 */
export async function distribute(
  client: pg.ClientBase,
  { steps }: Distribution,
  progress: (step: DistributionStep) => void,
): Promise<void> {
  await client.query("SET statement_timeout = 0; SET lock_timeout = '10s'")
  for (const step of steps) {
    progress(step)
    await client.query(step.sql)
  }
}

/** Functions of one value, which views call for each row: they have to be on the nodes where the rows are. */
async function missingFunctions(client: Queryable): Promise<DistributionStep[]> {
  const { rows } = await client.query<{ name: string }>(`
    SELECT format('rtc.%I(%s)', p.proname, oidvectortypes(p.proargtypes)) AS name
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'rtc'::regnamespace AND p.prokind = 'f' AND l.lanname = 'sql'
      AND NOT p.prosecdef AND NOT p.proretset
      AND NOT EXISTS (SELECT FROM pg_dist_object o WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid)
    ORDER BY p.oid`)
  return rows.map(({ name }) => ({ name, sql: `SELECT create_distributed_function('${name}')` }))
}

async function readVersion(client: Queryable): Promise<string> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT extversion AS version FROM pg_extension WHERE extname = 'citus'",
  )
  const version = rows[0]?.version
  if (version === undefined)
    throw new Error(
      'this database has no Citus: its server needs shared_preload_libraries = citus, and the database CREATE EXTENSION citus',
    )
  if (Number.parseInt(version, 10) < oldestVersion)
    throw new Error(`Citus ${version} is too old: ${oldestVersion} or later is needed`)
  return version
}
