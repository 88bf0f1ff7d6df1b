import type pg from 'pg'
import { nextPosition } from './feed.ts'
import type { Queryable } from './statement.ts'

/** What the tables of an erasure need; the names of columns come from the catalogs, values are parameters. */

/**
 * Tables that may hold a number, in the order in which they are gone through: what names a session of the facts goes by
 * the new name once they have it.
 */
export const erasableTables = [
  'quarantine',
  'notices',
  'reveals',
  'cdrs',
  'call_events',
  'calls_private',
  'placed_calls',
  'replaced_cdrs',
  'feed',
] as const
export type ErasableTable = (typeof erasableTables)[number]

/** Text in which a number may stand, as translate() and LIKE look for it. */
export interface SqlPatterns {
  from: string
  to: string
  pattern: string
  encoded: string[]
}

export interface Column {
  name: string
  type: 'text' | 'jsonb' | 'text[]'
}

export interface Table {
  name: ErasableTable
  /** Columns of one row's identity. */
  key: readonly string[]
  /** By which a table of facts is gone through, a stretch of time after the other. */
  time?: string
  /** What of it may hold a number, without bodies: read from the catalogs, so that a new column is not forgotten. */
  columns: Column[]
  /** Rows, about. */
  about: number
}

/** Key and text columns of a row, as JSON has them. */
export type Row = Record<string, unknown>

const identities: Record<ErasableTable, Pick<Table, 'key' | 'time'>> = {
  quarantine: { key: ['id'] },
  notices: { key: ['notice_key'] },
  placed_calls: { key: ['id'] },
  replaced_cdrs: { key: ['id'] },
  reveals: { key: ['ticket'] },
  cdrs: { key: ['session_id', 'icid', 'cdr_time'], time: 'cdr_time' },
  call_events: { key: ['session_id', 'event_key', 'occurred_at'], time: 'occurred_at' },
  calls_private: { key: ['call_ref'] },
  feed: { key: ['position'] },
}

/** Throws when the database is not migrated. */
export async function readErasableTables(client: Queryable): Promise<Table[]> {
  const { rows } = await client.query<{ name: ErasableTable; columns: Column[]; about: number }>(
    `SELECT c.relname::text AS name,
      json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL)) ORDER BY a.attnum) AS columns,
      (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)::float8
        FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf) AS about
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'rtc'::regnamespace AND c.relname = ANY($1)
       AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype)
     GROUP BY c.oid, c.relname`,
    [[...erasableTables]],
  )
  return erasableTables.map((name) => {
    const found = rows.find((row) => row.name === name)
    if (!found) throw new Error(`there is no table rtc.${name}: run rtc-receiver migrate`)
    return { ...found, ...identities[name] }
  })
}

/** The end of the stretch of time that begins after `from` and has some 10,000 rows; null at the end of the table. */
export async function endOfStretch(
  client: Queryable,
  { name, time }: Table,
  from: string,
): Promise<[string | null, number]> {
  const { rows } = await client.query<{ end: string | null; rows: number }>(
    `SELECT max(x.t)::text AS end, count(*)::int AS rows
      FROM (SELECT ${time} AS t FROM rtc.${name} WHERE ${time} > $1::timestamptz ORDER BY ${time} LIMIT 10000) x`,
    [from],
  )
  return [rows[0]?.end ?? null, rows[0]?.rows ?? 0]
}

/** Rows read at a time: each may have a megabyte. */
const fetched = 20

/**
 * Rows that may hold the number, key and text, one after the other; of quarantine all, with their bodies. Reads through a
 * cursor in a transaction of its own, on a connection that changes nothing meanwhile.
 */
export async function* candidates(
  reader: pg.ClientBase,
  table: Table,
  patterns: SqlPatterns,
  stretch?: { from: string; to: string },
): AsyncGenerator<Row> {
  const { name, time } = table
  const conditions = [
    ...(name === 'quarantine' ? [] : [mayHold(table)]),
    ...(stretch ? [`${time} > $5::timestamptz AND ${time} <= $6::timestamptz`] : []),
  ]
  const values = [
    ...(name === 'quarantine' ? [] : [...parametersOf(patterns)]),
    ...(stretch ? [stretch.from, stretch.to] : []),
  ]
  await reader.query('BEGIN READ ONLY')
  try {
    await reader.query(
      `DECLARE candidates NO SCROLL CURSOR FOR SELECT ${textOf(table)} AS row ${name === 'quarantine' ? ', body' : ''}
        FROM rtc.${name} t ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}`,
      values,
    )
    for (;;) {
      const { rows } = await reader.query<{ row: Row; body?: Buffer }>(`FETCH ${fetched} FROM candidates`)
      if (rows.length === 0) return
      for (const { row, body } of rows) yield body ? { ...row, body } : row
    }
  } finally {
    await reader.query('ROLLBACK').catch(() => {})
  }
}

/** Those of one session, each locked. */
export async function candidatesOfSession(
  client: Queryable,
  table: Table,
  patterns: SqlPatterns,
  session: string,
): Promise<Row[]> {
  const { rows } = await client.query<{ row: Row }>(
    `SELECT ${keyOf(table)} AS row FROM rtc.${table.name} t WHERE session_id = $5 AND ${mayHold(table)}`,
    [...parametersOf(patterns), session],
  )
  return rows.map(({ row }) => row)
}

/** A row as it is now, locked; undefined where it is gone. */
export async function readForUpdate(client: Queryable, table: Table, key: Row): Promise<Row | undefined> {
  const { rows } = await client.query<{ row: Row }>(
    `SELECT ${textOf(table)} AS row FROM rtc.${table.name} t WHERE ${where(table)} FOR UPDATE`,
    table.key.map((name) => key[name]),
  )
  return rows[0]?.row
}

/** Writes text columns of one row, and that it was erased where the table tells. Never the session id. */
export async function writeErased(client: Queryable, table: Table, key: Row, changed: Row): Promise<void> {
  const values: unknown[] = table.key.map((name) => key[name])
  const sets = Object.entries(changed).map(([name, value]) => {
    const isJson = table.columns.some((column) => column.name === name && column.type === 'jsonb')
    return `${name} = $${values.push(isJson ? JSON.stringify(value) : value)}`
  })
  const mark = table.name === 'calls_private' ? '' : ', erased_at = now()'
  await client.query(`UPDATE rtc.${table.name} SET ${sets.join(', ')}${mark} WHERE ${where(table)}`, values)
}

export async function deleteFromQuarantine(client: Queryable, id: unknown): Promise<void> {
  await client.query('DELETE FROM rtc.quarantine WHERE id = $1', [id])
}

/** Keys of all facts that a session has in a table. */
export async function keysOfSession(client: Queryable, table: Table, session: string): Promise<Row[]> {
  const { rows } = await client.query<{ row: Row }>(
    `SELECT ${keyOf(table)} AS row FROM rtc.${table.name} t WHERE session_id = $1`,
    [session],
  )
  return rows.map(({ row }) => row)
}

/** A session id is what rows are distributed by, which no UPDATE may change: the rows are written anew under the new one. */
export async function moveFacts(
  client: Queryable,
  name: 'cdrs' | 'call_events',
  from: string,
  to: string,
): Promise<void> {
  const { rows } = await client.query<{ names: string }>(
    `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS names FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('session_id', 'erased_at')`,
    [`rtc.${name}`],
  )
  const names = rows[0]?.names ?? ''
  await client.query(
    `INSERT INTO rtc.${name} (session_id, erased_at, ${names}) SELECT $2, now(), ${names} FROM rtc.${name} WHERE session_id = $1`,
    [from, to],
  )
  await client.query(`DELETE FROM rtc.${name} WHERE session_id = $1`, [from])
}

/** Keeps the keys of moved rows, 32 hex digits each: what is sent again under one is a duplicate. */
export async function keepErasedKeys(client: Queryable, digests: readonly string[]): Promise<void> {
  await client.query(
    'INSERT INTO rtc.erased_keys (key_digest) SELECT unnest($1::uuid[]) ON CONFLICT (key_digest) DO UPDATE SET erased_at = now()',
    [digests],
  )
}

/** Everything beside the facts that names a session or its call goes by the new names. */
export async function renameCall(
  client: Queryable,
  from: { session: string; call: string },
  to: { session: string; call: string },
): Promise<void> {
  const values = [from.session, from.call, to.session, to.call]
  await client.query('UPDATE rtc.calls_private SET session_id = $2, call_ref = $3 WHERE call_ref = $1', [
    from.call,
    to.session,
    to.call,
  ])
  await client.query('UPDATE ops.calls SET session_id = NULL, call_ref = $2 WHERE call_ref = $1', [from.call, to.call])
  await client.query(
    'UPDATE rtc.replaced_cdrs SET session_id = $3, call_ref = $4, erased_at = now() WHERE session_id = $1 OR call_ref = $2',
    values,
  )
  await client.query('UPDATE rtc.placed_calls SET session_id = $2, erased_at = now() WHERE session_id = $1', [
    from.session,
    to.session,
  ])
  await client.query('UPDATE rtc.reveals SET call_ref = $2, erased_at = now() WHERE call_ref = $1', [
    from.call,
    to.call,
  ])
  await client.query('UPDATE rtc.quarantine SET call_ref = $2 WHERE call_ref = $1', [from.call, to.call])
  for (const table of ['unfolded', 'fold_later'])
    await client.query(`DELETE FROM rtc.${table} WHERE session_id = $1`, [from.session])
}

/** What ops.calls says of a field of rtc.calls_private: neither its mask nor its reference leads to the number any more. */
const shown: Record<string, string> = {
  a_number: 'a_number = $2, a_ref = NULL',
  b_number: 'b_number = $2, b_ref = NULL',
  shown_to_a: 'shown_to_a = $2',
  shown_to_b: 'shown_to_b = $2',
  bind_num: 'bind_num = $2, bind_ref = NULL',
  user_data: 'user_data = NULL, user_data_ref = NULL',
  subscription_id: 'subscription_ref = NULL',
}

/** @param fields of rtc.calls_private that held the number */
export async function eraseReferences(
  client: Queryable,
  call: string,
  fields: readonly string[],
  pseudonym: string,
): Promise<void> {
  const sets = fields.flatMap((field) => shown[field] ?? [])
  if (sets.length === 0) return
  const values = sets.some((set) => set.includes('$2')) ? [call, pseudonym] : [call]
  await client.query(`UPDATE ops.calls SET ${sets.join(', ')} WHERE call_ref = $1`, values)
}

/** What ops.calls says of a call in words of the sender. */
export async function readCallTexts(client: Queryable, call: string): Promise<Record<string, string>> {
  const { rows } = await client.query<{ texts: Record<string, string> }>(
    `SELECT jsonb_strip_nulls(jsonb_build_object('app_key', app_key, 'sp_id', sp_id, 'service_type', service_type,
        'party_type', party_type, 'user_data', user_data, 'bind_num', bind_num, 'digits', digits)) AS texts
      FROM ops.calls WHERE call_ref = $1`,
    [call],
  )
  return rows[0]?.texts ?? {}
}

export async function eraseCallTexts(
  client: Queryable,
  call: string,
  names: readonly string[],
  pseudonym: string,
): Promise<void> {
  const sets = names.map((name) => `${name} = $2`).join(', ')
  await client.query(`UPDATE ops.calls SET ${sets} WHERE call_ref = $1`, [call, pseudonym])
}

/** What is counted by an application's key or a company's number, which may be somebody's. Keys of tables stay unique. */
const counted: readonly { table: string; column: string; unique?: boolean }[] = [
  { table: 'ops.call_counts', column: 'app_key' },
  { table: 'ops.call_counts', column: 'bind_num' },
  { table: 'ops.delays', column: 'app_key' },
  { table: 'ops.delays', column: 'bind_num' },
  { table: 'ops.concurrent_legs', column: 'app_key' },
  { table: 'ops.bill_changes', column: 'app_key' },
  { table: 'ops.bill_changes', column: 'bind_num' },
  { table: 'ops.seen_callbacks', column: 'app_key', unique: true },
  { table: 'rtc.redeliveries', column: 'app_key', unique: true },
]

/**
 * Takes the number out of statistics, whose counts stay.
 *
 * @param holds whether a value holds the number
 * @param other makes a value to stand in its place where each has to be another
 */
export async function eraseFromStatistics(
  client: Queryable,
  patterns: SqlPatterns,
  pseudonym: string,
  { holds, other }: { holds: (value: string) => boolean; other: () => string },
): Promise<void> {
  for (const { table, column, unique } of counted) {
    const { rows } = await client.query<{ value: string }>(
      `SELECT DISTINCT ${column} AS value FROM ${table}
        WHERE translate(${column}, $1, $2) LIKE $3 OR ${column} LIKE ANY ($4::text[])`,
      parametersOf(patterns),
    )
    const held = rows.filter(({ value }) => holds(value))
    for (const { value } of held)
      await client.query(`UPDATE ${table} SET ${column} = $2 WHERE ${column} = $1`, [
        value,
        unique ? other() : pseudonym,
      ])
    if (held.length > 0) await client.query(`VACUUM (SKIP_LOCKED) ${table}`)
  }
}

/** The fold waits meanwhile: it would put back what it has read before. */
export async function waitForFold(client: Queryable): Promise<void> {
  await client.query("SELECT FROM rtc.maintenance WHERE task = 'fold' FOR UPDATE")
}

/** The fold does the session again, and enters its facts in the feed under the names they have now. */
export async function foldAnew(client: Queryable, session: string): Promise<void> {
  await client.query('DELETE FROM rtc.unfolded WHERE session_id = $1', [session])
  await client.query(
    `INSERT INTO rtc.unfolded (session_id, fact_time, event_key, icid)
      SELECT session_id, occurred_at, event_key, NULL FROM rtc.call_events WHERE session_id = $1
      UNION ALL SELECT session_id, cdr_time, NULL, icid FROM rtc.cdrs WHERE session_id = $1
      UNION ALL SELECT $1, NULL, NULL, NULL`,
    [session],
  )
}

/**
 * Tells readers of the feed to forget a call and its facts, and where the call stands now. Under the lock of the fold.
 *
 * @param now the call_ref that it has now
 */
export async function tellErased(client: Queryable, call: string, now: string): Promise<void> {
  await client.query("INSERT INTO rtc.feed (kind, call_ref) VALUES ('erased', $1)", [call])
  await client.query(
    `WITH moved AS (UPDATE ops.calls SET version = ${nextPosition} WHERE call_ref = $1 RETURNING version, call_ref)
      INSERT INTO rtc.feed (position, kind, call_ref) SELECT version, 'call', call_ref FROM moved`,
    [now],
  )
}

/** Its fact comes again under another name, or is gone. */
export async function deleteFromFeed(client: Queryable, position: unknown): Promise<void> {
  await client.query('DELETE FROM rtc.feed WHERE position = $1', [position])
}

export async function beginErasure(client: Queryable, pseudonym: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO rtc.erasures (erased_by, pseudonym, counts) VALUES (session_user, $1, '{}') RETURNING id`,
    [pseudonym],
  )
  return rows[0]?.id ?? ''
}

export async function countErased(
  client: Queryable,
  id: string,
  counts: Record<ErasableTable, number>,
  finished: boolean,
): Promise<void> {
  await client.query('UPDATE rtc.erasures SET counts = $2, finished_at = CASE WHEN $3 THEN now() END WHERE id = $1', [
    id,
    counts,
    finished,
  ])
}

/** Removes dead rows, and makes the planner forget the values it remembers. What is locked is left to autovacuum. */
export async function cleanUp(
  client: Queryable,
  tables: readonly ErasableTable[],
  patterns: SqlPatterns,
): Promise<void> {
  for (const name of tables) await client.query(`VACUUM (SKIP_LOCKED) rtc.${name}`)
  if (tables.length > 0) await client.query('VACUUM (SKIP_LOCKED) ops.calls')
  const { rows } = await client.query<{ table: string }>(
    `SELECT DISTINCT format('%I.%I', schemaname, tablename) AS table FROM pg_stats,
        concat_ws(E'\\n', most_common_vals::text, histogram_bounds::text, most_common_elems::text) AS said
      WHERE schemaname IN ('rtc', 'ops') AND (translate(said, $1, $2) LIKE $3 OR said LIKE ANY ($4::text[]))`,
    parametersOf(patterns),
  )
  for (const { table } of rows) await client.query(`ANALYZE (SKIP_LOCKED) ${table}`)
}

const parametersOf = ({ from, to, pattern, encoded }: SqlPatterns) => [from, to, pattern, encoded]

/** All that a row says, as one text; a line feed stands in no number. */
function mayHold({ columns }: Table): string {
  const said = `concat_ws(E'\\n', ${columns.map(({ name, type }) => (type === 'text' ? `t.${name}` : `t.${name}::text`)).join(', ')})`
  return `(translate(${said}, $1, $2) LIKE $3 OR ${said} LIKE ANY ($4::text[]))`
}

function textOf({ key, columns }: Table): string {
  return objectOf([...new Set([...key, ...columns.map(({ name }) => name)])])
}

function keyOf({ key }: Table): string {
  return objectOf(key)
}

function objectOf(names: readonly string[]): string {
  return `jsonb_build_object(${names.map((name) => `'${name}', t.${name}`).join(', ')})`
}

function where({ key }: Table): string {
  return key.map((name, i) => `${name} = $${i + 1}`).join(' AND ')
}
