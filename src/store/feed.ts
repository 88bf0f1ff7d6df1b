import { arrayOf } from './row-arrays.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** Whoever listens is woken by each commit of the fold. */
export const feedChannel = 'rtc'

const allotStatement: Statement = {
  name: 'allot_positions',
  text: "SELECT (setval('rtc.feed_position_seq', nextval('rtc.feed_position_seq') + $1::bigint - 1) - $1::bigint)::float8 AS before",
}

/** So many positions of the feed, beginning after the one that it resolves to. Under the lock of the fold. */
export async function allotPositions(client: Queryable, count: number): Promise<number> {
  const { rows } = await run<{ before: number }>(client, allotStatement, [count])
  return rows[0]?.before ?? 0
}

/** A session that was folded. */
export interface FeedRow {
  position: number
  callRef: string
  sessionId: string
  /** What became of its call; null: it is as it was. */
  kind: 'call' | 'removed' | null
}

// Facts in the order in which things happened, as far as the platform's seconds tell, whatever order they were stored in.
const order = 'ORDER BY fact_time, icid NULLS FIRST, id'
const enterStatement: Statement = {
  name: 'enter_feed',
  text: `WITH taken AS (
      DELETE FROM rtc.unfolded WHERE id = ANY($1::bigint[]) RETURNING id, session_id, fact_time, event_key, icid
    )
    INSERT INTO rtc.feed (position, call_ref, session_id, kind, fact_times, event_keys, icids)
    SELECT s.position, s.call_ref, f.session_id, s.kind, f.fact_times, f.event_keys, f.icids
    FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::text[]) AS s (position, call_ref, session_id, kind)
    LEFT JOIN (
      SELECT session_id, array_agg(fact_time ${order}) AS fact_times, array_agg(event_key ${order}) AS event_keys, array_agg(icid ${order}) AS icids
      FROM taken WHERE event_key IS NOT NULL OR icid IS NOT NULL GROUP BY session_id
    ) f ON f.session_id = s.session_id
    WHERE f.session_id IS NOT NULL OR s.kind IS NOT NULL`,
}

/** Moves facts from rtc.unfolded, with these ids, to the rows of their sessions in the feed. Under the lock of the fold. */
export async function enterFeed(client: Queryable, ids: readonly number[], rows: readonly FeedRow[]): Promise<void> {
  await run(client, enterStatement, [
    arrayOf(ids),
    arrayOf(rows.map(({ position }) => position)),
    arrayOf(rows.map(({ callRef }) => callRef)),
    arrayOf(rows.map(({ sessionId }) => sessionId)),
    arrayOf(rows.map(({ kind }) => kind)),
  ])
}

// A commit with a notification waits for others that have one, in all databases of the server. So only the fold sends it,
// one at a time, and never a transaction that a callback waits for.
const announceStatement: Statement = { name: 'announce', text: `SELECT pg_notify('${feedChannel}', '')` }

/** Wakes who listens, with the commit. */
export async function announce(client: Queryable): Promise<void> {
  await run(client, announceStatement, [])
}

export type FeedKind = 'event' | 'cdr' | 'call' | 'removed' | 'erased'

/** An entry of the feed with what it is about. */
export interface FeedEntry {
  position: number
  /** ISO 8601, UTC. */
  at: string
  kind: FeedKind
  call_ref: string
  app_key: string | null
  scenario: string | null
  /** The event, CDR or call as JSON; null where there is none any more. */
  content: string | null
}

const read = (name: string, call: string): Statement => ({
  name,
  text: `SELECT position::float8 AS position, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, kind, call_ref,
      app_key, scenario, content::text AS content FROM ${call}`,
})
const wholeStatement = read('read_feed', 'feed.entries_after($1::bigint, $2::int)')
const maskedStatement = read('read_masked_feed', 'feed.calls_after($1::bigint, $2::int)')

/**
 * The next entries after a position, in order, up to `limit`; none where there are no more. `masked`: calls only, as in
 * ops.calls. Throws what Postgres threw; see `isGone`.
 */
export async function readFeed(
  client: Queryable,
  after: number,
  limit: number,
  { masked = false } = {},
): Promise<FeedEntry[]> {
  const { rows } = await run<FeedEntry>(client, masked ? maskedStatement : wholeStatement, [after, limit])
  return rows
}

/** Whether a read failed because entries after the position are gone by age. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'RTC02'
}

/** Whether this login may read facts and whole numbers, or calls as they are masked only. */
export async function mayReadFacts(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `SELECT has_function_privilege('feed.entries_after(bigint, integer, boolean)', 'EXECUTE') AS may`,
  )
  return rows[0]?.may ?? false
}

/** The last position. */
export async function headOfFeed(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ head: number }>('SELECT feed.head()::float8 AS head')
  return rows[0]?.head ?? 0
}

/** The position after which everything is that came since a time. */
export async function positionAt(client: Queryable, time: Date): Promise<number> {
  const { rows } = await client.query<{ at: number }>('SELECT feed.position_at($1)::float8 AS at', [time.toISOString()])
  return rows[0]?.at ?? 0
}

/** The position up to which entries are gone by age. */
export async function startOfFeed(client: Queryable): Promise<number> {
  return positionAt(client, new Date(0))
}
