import type { Queryable } from '../statement.ts'
import { type Row, type Table, where } from './tables.ts'

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

/** Its facts come again under other names, or are gone. */
export async function deleteFromFeed(client: Queryable, position: unknown): Promise<void> {
  await client.query('DELETE FROM rtc.feed WHERE position = $1', [position])
}

export async function deleteFromQuarantine(client: Queryable, id: unknown): Promise<void> {
  await client.query('DELETE FROM rtc.quarantine WHERE id = $1', [id])
}

/**
 * Gives rows other values, of which one is what they are distributed by on Citus, which no UPDATE may change: they are
 * written again, and then the old ones deleted. There the first is a COPY to the nodes, which makes them commit after the
 * coordinator: whoever has waited for an old row finds the digest of its key.
 *
 * @param from the column that they are found by
 */
export async function moveRows(
  client: Queryable,
  table: string,
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string | null>>,
): Promise<void> {
  const [[column, value] = ['', '']] = Object.entries(from)
  const { rows } = await client.query<{ name: string; type: string }>(
    `SELECT quote_ident(attname) AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table],
  )
  const values: (string | null)[] = [value]
  const sources = rows.map(({ name, type }) => {
    const changed = to[name]
    return changed === undefined ? name : `$${values.push(changed)}::${type}`
  })
  await client.query(
    `INSERT INTO ${table} (${rows.map(({ name }) => name).join(', ')}) SELECT ${sources.join(', ')} FROM ${table} WHERE ${column} = $1`,
    values,
  )
  await client.query(`DELETE FROM ${table} WHERE ${column} = $1`, [value])
}

/** Keeps the keys of moved rows, 32 hex digits each: what is sent again under one is a duplicate. */
export async function keepErasedKeys(client: Queryable, digests: readonly string[]): Promise<void> {
  await client.query(
    'INSERT INTO rtc.erased_keys (key_digest) SELECT unnest($1::uuid[]) ON CONFLICT (key_digest) DO UPDATE SET erased_at = now()',
    [digests],
  )
}
