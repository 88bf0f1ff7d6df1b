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

/** A session id is what rows are distributed by, which no UPDATE may change: the rows are written again under the new one. */
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
