import type { Queryable } from '../statement.ts'

export interface OpenEntry {
  id: number
  kind: string
  reason: string
  record_index: number | null
  body_size: number
  first_seen_at: Date
  last_seen_at: Date
  seen_count: number
  app_key: string | null
  errors: { pointer: string; message: string }[] | null
  /** Of a conflict: its call, the fields that differ from the stored CDR (else none), and the billed minutes of both. */
  call_ref: string | null
  differing: string[]
  minutes_stored: number | null
  minutes_received: number | null
}

const entryColumns = `id::float8 AS id, kind, reason, record_index, body_size, first_seen_at, last_seen_at,
  seen_count::float8 AS seen_count, app_key, errors, call_ref, differing, minutes_stored, minutes_received`

/** Open quarantine entries, those that came last first; of one reason only, where it is given. */
export async function readOpenEntries(
  client: Queryable,
  reason: string | undefined,
  limit: number,
): Promise<OpenEntry[]> {
  const { rows } = await client.query<OpenEntry>(
    `SELECT ${entryColumns} FROM ops.quarantine_open WHERE $1::text IS NULL OR reason = $1
      ORDER BY last_seen_at DESC, id DESC LIMIT $2`,
    [reason, limit],
  )
  return rows
}

/** Ids of open entries of a reason, the highest first, and how many there are in all; of those below an id, where it is given. */
export async function readOpenIds(
  client: Queryable,
  reason: string,
  below: number | undefined,
  limit: number,
): Promise<{ ids: number[]; total: number }> {
  const { rows } = await client.query<{ id: number; total: number }>(
    `SELECT id::float8 AS id, count(*) OVER ()::float8 AS total FROM ops.quarantine_open
      WHERE reason = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY quarantine_open.id DESC LIMIT $3`,
    [reason, below, limit],
  )
  return { ids: rows.map(({ id }) => id), total: rows[0]?.total ?? 0 }
}

/** Open entries of a call: CDRs that are not the stored one. */
export async function readOpenEntriesOfCall(client: Queryable, callRef: string): Promise<OpenEntry[]> {
  const { rows } = await client.query<OpenEntry>(
    `SELECT ${entryColumns} FROM ops.quarantine_open WHERE call_ref = $1 ORDER BY last_seen_at DESC, id DESC LIMIT 50`,
    [callRef],
  )
  return rows
}

export interface OpenReason {
  reason: string
  entries: number
  seen: number
}

/** How many entries are open, by reason. */
export async function readOpenReasons(client: Queryable): Promise<OpenReason[]> {
  const { rows } = await client.query<OpenReason>(
    `SELECT reason, count(*)::float8 AS entries, sum(seen_count)::float8 AS seen
      FROM ops.quarantine_open GROUP BY reason ORDER BY entries DESC, reason`,
  )
  return rows
}

/** One open entry with the shape of its body, which is null where it is no JSON. */
export async function readOpenEntry(
  client: Queryable,
  id: number,
): Promise<(OpenEntry & { skeleton: unknown }) | undefined> {
  const { rows } = await client.query<OpenEntry & { skeleton: unknown }>(
    `SELECT ${entryColumns}, skeleton FROM ops.quarantine_open WHERE id = $1`,
    [id],
  )
  return rows[0]
}
