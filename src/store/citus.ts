import type pg from 'pg'
import type { Queryable } from './statement.ts'

/** The oldest version with all that is relied on here: 13.2 is what it is tried on, before 12 views stay on the coordinator. */
const oldestVersion = 12

/**
 * What is spread over the nodes. Facts of a session are on one node, and a call with its numbers on one: no statement
 * joins facts with calls, which two columns would make a journey from node to node.
 */
const distributed: readonly DistributedTable[] = [
  { name: 'rtc.call_events', column: 'session_id', beside: 'none' },
  { name: 'rtc.cdrs', column: 'session_id', beside: 'rtc.call_events' },
  { name: 'ops.calls', column: 'call_ref', beside: 'none' },
  { name: 'rtc.calls_private', column: 'call_ref', beside: 'ops.calls' },
]

interface DistributedTable {
  name: string
  column: string
  /** The table that its rows are put beside. */
  beside: string
}

// A key that does not hold the distribution column. The key that does makes it unique all the same: a call_ref is a digest
// of the session id. On one Postgres it stays, for the planner leaves joins out that a unique key makes superfluous.
const looseIndex = `DROP INDEX rtc.calls_private_session_id; CREATE INDEX calls_private_session_id ON rtc.calls_private (session_id)`

// Views that join facts, or calls placed from here, with calls. Citus would say that some join is too complex, or that a
// schema is shut.
const refused: readonly { view: string; instead: string }[] = [
  { view: 'ops.events', instead: 'ask ops.events_of or ops.events_between' },
  { view: 'ops.cdrs', instead: 'ask ops.cdrs_of or ops.cdrs_between' },
  { view: 'ops.placed_calls', instead: 'the owner reads rtc.placed_calls' },
]
const refusal = [
  'CREATE OR REPLACE FUNCTION ops.not_on_citus(view text, instead text) RETURNS void',
  'LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp',
  "AS $$ BEGIN RAISE '% is not to be had on Citus: %', view, instead USING ERRCODE = 'feature_not_supported'; END $$",
].join(' ')

/** Settings of functions that are for one Postgres, and what they become. */
const functionSettings: readonly { plain: string; distributed: string }[] = [
  // A plan that is kept knows no parameters, and Citus asks them where to go.
  { plain: 'plan_cache_mode=force_generic_plan', distributed: 'plan_cache_mode = force_custom_plan' },
  // Making and dropping partitions waits for the writers of all nodes.
  { plain: 'lock_timeout=1s', distributed: "lock_timeout = '2s'" },
]

export interface DistributionStep {
  /** Table, view or function. */
  name: string
  sql: string
}

export interface Distribution {
  version: string
  /** Nodes that can hold shards. */
  nodes: number
  /** What is still to be done, in order; empty when all is done. */
  steps: DistributionStep[]
  /** Bytes that have to be copied, with nobody writing to the table meanwhile. */
  bytes: number
}

interface Relation {
  name: string
  /** With indexes. Of a table of Citus: what it keeps on this node beside its shards. */
  bytes: number
  /** Whether there are rows in it, here. */
  filled: boolean
  /** How Citus keeps it: h by hash, n on every node or unsharded; null: it does not. */
  method: string | null
  key: string | null
  colocation: number | null
}

/** Throws a message for people where the extension is missing, too old, or has tables of ours in another form. */
export async function planDistribution(client: Queryable): Promise<Distribution> {
  const version = await readCitusVersion(client)
  if (version === undefined)
    throw new Error(
      'this database has no Citus: its server needs shared_preload_libraries = citus, and the database CREATE EXTENSION citus',
    )
  if (Number.parseInt(version, 10) < oldestVersion)
    throw new Error(`Citus ${version} is too old: ${oldestVersion} or later is needed`)
  const { rows: relations } = await client.query<Relation>(
    `SELECT format('%I.%I', c.relnamespace::regnamespace, c.relname) AS name, parts.bytes, parts.filled,
      d.partmethod::text AS method, d.colocationid AS colocation,
      CASE d.partmethod WHEN 'h' THEN column_to_column_name(d.logicalrelid, d.partkey) END AS key
    FROM pg_class c LEFT JOIN pg_dist_partition d ON d.logicalrelid = c.oid
    CROSS JOIN LATERAL (
      SELECT sum(pg_total_relation_size(t.relid))::float8 AS bytes, bool_or(pg_relation_size(t.relid) > 0) AS filled
      FROM (SELECT relid FROM pg_partition_tree(c.oid) UNION SELECT c.oid) AS t
    ) AS parts
    WHERE c.oid = ANY ($1::text[]::regclass[])`,
    [distributed.map(({ name }) => name)],
  )
  const { rows: nodes } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_dist_node WHERE isactive AND noderole = 'primary' AND shouldhaveshards`,
  )
  const by = new Map(relations.map((relation) => [relation.name, relation]))
  const steps = await missingFunctions(client)
  for (const table of distributed) {
    const relation = by.get(table.name)
    if (!relation) continue
    checkForm(table, relation, by.get(table.beside))
    steps.push(...tableSteps(table, relation))
  }
  steps.push(...(await plainSettings(client)), ...(await missingRefusals(client)))
  const bytes = relations.reduce((sum, { bytes, method }) => sum + (method === null ? bytes : 0), 0)
  return { version, nodes: nodes[0]?.n ?? 0, steps, bytes }
}

function checkForm(
  { name, column, beside }: DistributedTable,
  { method, key, colocation }: Relation,
  other?: Relation,
): void {
  if (method === null) return
  if (method !== 'h' || key !== column)
    throw new Error(`${name} is a table of Citus already, but not distributed by ${column}`)
  if (other && other.colocation !== colocation)
    throw new Error(`${name} and ${beside} are distributed, but not side by side`)
}

function tableSteps({ name, column, beside }: DistributedTable, { method, filled }: Relation): DistributionStep[] {
  const steps: DistributionStep[] = []
  if (method === null) {
    if (name === 'rtc.calls_private') steps.push({ name, sql: looseIndex })
    steps.push({ name, sql: `SELECT create_distributed_table('${name}', '${column}', colocate_with => '${beside}')` })
  }
  // Citus copies the rows and leaves the old ones behind, unseen: personal data that no erasure would reach. Where there
  // are none now there may be some in a moment.
  if (method === null || filled)
    steps.push({ name, sql: `SELECT truncate_local_data_after_distributing_table('${name}')` })
  return steps
}

/** The version of the extension in this database; undefined where there is none. */
export async function readCitusVersion(client: Queryable): Promise<string | undefined> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT extversion AS version FROM pg_extension WHERE extname = 'citus'",
  )
  return rows[0]?.version
}

/** A setting of the transaction: the plan of a statement is kept, whatever its parameters. Citus has to know them. */
export const genericPlans = `SELECT set_config('plan_cache_mode',
  CASE WHEN to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN 'force_generic_plan' ELSE 'force_custom_plan' END, true)`

/** Nodes with shards, and whether this one can reach them. */
export async function readNodes(client: Queryable): Promise<{ node: string; reached: boolean }[]> {
  const { rows } = await client.query<{ node: string; reached: boolean }>(
    `SELECT n.nodename || ':' || n.nodeport AS node, n.isactive AND citus_check_connection_to_node(n.nodename, n.nodeport) AS reached
    FROM pg_dist_node n WHERE n.noderole = 'primary' AND n.shouldhaveshards ORDER BY 1`,
  )
  return rows
}

/** Bytes of partitions with their indexes, on all nodes; none where they are not distributed. */
export async function sizesOnNodes(client: Queryable, partitions: readonly string[]): Promise<Map<string, number>> {
  if ((await readCitusVersion(client)) === undefined) return new Map()
  const { rows } = await client.query<{ name: string; bytes: number }>(
    `SELECT c.relname::text AS name, citus_total_relation_size(c.oid)::float8 AS bytes
    FROM pg_class c JOIN pg_dist_partition d ON d.logicalrelid = c.oid
    WHERE c.relnamespace = 'rtc'::regnamespace AND c.relname = ANY ($1::text[])`,
    [partitions],
  )
  return new Map(rows.map(({ name, bytes }) => [name, bytes]))
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

/** Functions of one value that are called for each row, where the rows are. The masks, and the buckets of statistics. */
async function missingFunctions(client: Queryable): Promise<DistributionStep[]> {
  const { rows } = await client.query<{ name: string }>(`
    SELECT format('%I.%I(%s)', p.pronamespace::regnamespace, p.proname, oidvectortypes(p.proargtypes)) AS name
    FROM pg_proc p
    WHERE (p.pronamespace = 'rtc'::regnamespace AND p.provolatile = 'i' OR p.oid = 'ops.bucket_of'::regproc)
      AND NOT EXISTS (SELECT FROM pg_dist_object o WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid)
    ORDER BY p.oid`)
  return rows.map(({ name }) => ({ name, sql: `SELECT create_distributed_function('${name}')` }))
}

/** Where functions still have them. */
async function plainSettings(client: Queryable): Promise<DistributionStep[]> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `SELECT format('%I.%I(%s)', p.pronamespace::regnamespace, p.proname, oidvectortypes(p.proargtypes)) AS name, s.setting
    FROM pg_proc p JOIN unnest($1::text[], $2::text[]) AS s (plain, setting) ON s.plain = ANY (p.proconfig)
    WHERE p.pronamespace IN ('rtc'::regnamespace, 'ops'::regnamespace, 'feed'::regnamespace) ORDER BY p.oid`,
    [functionSettings.map(({ plain }) => plain), functionSettings.map(({ distributed }) => distributed)],
  )
  return rows.map(({ name, setting }) => ({ name, sql: `ALTER FUNCTION ${name} SET ${setting}` }))
}

/** The views that cannot be read there say so, with the columns they had. */
async function missingRefusals(client: Queryable): Promise<DistributionStep[]> {
  const { rows } = await client.query<{ view: string; columns: string }>(
    `SELECT a.attrelid::regclass::text AS view,
      string_agg(format('NULL::%s AS %I', format_type(a.atttypid, a.atttypmod), a.attname), ', ' ORDER BY a.attnum) AS columns
    FROM pg_attribute a
    WHERE a.attrelid = ANY ($1::text[]::regclass[]) AND a.attnum > 0 AND pg_get_viewdef(a.attrelid) NOT LIKE '%not_on_citus%'
    GROUP BY a.attrelid`,
    [refused.map(({ view }) => view)],
  )
  if (rows.length === 0) return []
  const views = rows.map(({ view, columns }) => {
    const instead = refused.find((known) => known.view === view)?.instead
    return {
      name: view,
      sql: `CREATE OR REPLACE VIEW ${view} AS SELECT ${columns} FROM ops.not_on_citus('${view}', '${instead}')`,
    }
  })
  return [{ name: 'ops.not_on_citus', sql: refusal }, ...views]
}
