import type { FeedEntry, FeedKind } from './feed.ts'
import { type Queryable, run, type Statement } from './statement.ts'

// A lease and not a locked row: a delivery may take seconds, and no transaction is to be open for so long.
const holdStatement: Statement = {
  name: 'hold_forwarder',
  text: `INSERT INTO rtc.forwarders AS f (name, position, holder, held_until)
    VALUES ($1, coalesce($4::bigint, feed.head()), $2, now() + $3::float8 * interval '1 millisecond')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until, moved_at = now(),
      position = coalesce($4::bigint, f.position)
    WHERE f.holder IS NULL OR f.holder = excluded.holder OR f.held_until < now()
    RETURNING position::float8 AS position`,
}

/**
 * Makes this process the one that delivers under a name, for `leaseMs`. Resolves to the position up to which all is
 * delivered (of a new name: what comes from now on), and to undefined where another process holds it.
 *
 * @param from begins there instead
 */
export async function holdForwarder(
  client: Queryable,
  name: string,
  holder: string,
  leaseMs: number,
  from?: number,
): Promise<number | undefined> {
  const { rows } = await run<{ position: number }>(client, holdStatement, [name, holder, leaseMs, from ?? null])
  return rows[0]?.position
}

const moveStatement: Statement = {
  name: 'move_forwarder',
  text: `UPDATE rtc.forwarders SET position = greatest(position, $4::bigint), moved_at = now(),
      held_until = now() + $3::float8 * interval '1 millisecond'
    WHERE name = $1 AND holder = $2 AND held_until > now()`,
}

/** Notes how far it has delivered, and holds on for another `leaseMs`. Resolves to false where it has lost the lease. */
export async function moveForwarder(
  client: Queryable,
  name: string,
  holder: string,
  leaseMs: number,
  position: number,
): Promise<boolean> {
  const { rowCount } = await run(client, moveStatement, [name, holder, leaseMs, position])
  return rowCount === 1
}

const releaseStatement: Statement = {
  name: 'release_forwarder',
  text: 'UPDATE rtc.forwarders SET position = greatest(position, $3::bigint), moved_at = now(), holder = NULL, held_until = NULL WHERE name = $1 AND holder = $2',
}

/** Lets another process go on from here. */
export async function releaseForwarder(
  client: Queryable,
  name: string,
  holder: string,
  position: number,
): Promise<void> {
  await run(client, releaseStatement, [name, holder, position])
}

const buryStatement: Statement = {
  name: 'add_dead_letter',
  text: `INSERT INTO rtc.dead_letters (forwarder, position, kind, call_ref, tries, error) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (forwarder, position) DO UPDATE SET tries = excluded.tries, error = excluded.error, failed_at = now()`,
}

/** Gives an entry up. */
export async function addDeadLetter(
  client: Queryable,
  forwarder: string,
  { position, kind, call_ref }: Pick<FeedEntry, 'position' | 'kind' | 'call_ref'>,
  tries: number,
  error: string,
): Promise<void> {
  await run(client, buryStatement, [forwarder, position, kind, call_ref, tries, error])
}

export interface DeadLetter {
  forwarder: string
  position: number
  kind: FeedKind
  call_ref: string
  tries: number
  error: string
  failed_at: Date
}

/** Those of all forwarders, the oldest first. */
export async function listDeadLetters(client: Queryable, limit: number): Promise<DeadLetter[]> {
  const { rows } = await client.query<DeadLetter>(
    `SELECT forwarder, position::float8 AS position, kind, call_ref, tries, error, failed_at FROM ops.dead_letters
      ORDER BY position LIMIT $1`,
    [limit],
  )
  return rows
}

export async function deleteDeadLetter(
  client: Queryable,
  { forwarder, position }: Pick<DeadLetter, 'forwarder' | 'position'>,
): Promise<void> {
  await client.query('DELETE FROM rtc.dead_letters WHERE forwarder = $1 AND position = $2', [forwarder, position])
}

/** How a forwarder stands; times as Postgres has them. */
export interface ForwarderState {
  name: string
  position: number
  head: number
  moved_at: Date
  is_running: boolean
  dead_letters: number
}

export async function listForwarders(client: Queryable): Promise<ForwarderState[]> {
  const { rows } = await client.query<ForwarderState>(
    `SELECT name, position::float8 AS position, head::float8 AS head, moved_at, is_running, dead_letters
      FROM ops.forwarders ORDER BY name`,
  )
  return rows
}
