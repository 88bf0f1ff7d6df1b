import { arrayOf } from './row-arrays.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** The next position of the feed, in a statement of whoever holds the lock of the fold: only so they commit in order. */
export const nextPosition = "nextval('rtc.feed_position_seq')"

/** Who waits for news of the feed, and is told with each commit of the fold. */
export const feedChannel = 'rtc'

// In the order in which things happened, as far as the platform's seconds tell, whatever order they were stored in.
const takeStatement: Statement = {
  name: 'take_unfolded',
  text: `WITH taken AS (
      DELETE FROM rtc.unfolded WHERE id = ANY($1::bigint[]) RETURNING id, session_id, fact_time, event_key, icid
    )
    INSERT INTO rtc.feed (kind, call_ref, session_id, fact_time, event_key, icid)
    SELECT CASE WHEN t.icid IS NULL THEN 'event' ELSE 'cdr' END, s.call_ref, t.session_id, t.fact_time, t.event_key, t.icid
    FROM taken t JOIN unnest($2::text[], $3::uuid[]) AS s (session_id, call_ref) ON s.session_id = t.session_id
    WHERE t.event_key IS NOT NULL OR t.icid IS NOT NULL
    ORDER BY t.fact_time, t.icid IS NOT NULL, t.id`,
}

/** Takes rows from rtc.unfolded; the new facts among them get their positions in the feed. Under the lock of the fold. */
export async function takeUnfolded(
  client: Queryable,
  sessions: readonly { id: string; callRef: string; rows: readonly number[] }[],
): Promise<void> {
  const rows = sessions.flatMap((session) => session.rows)
  if (rows.length === 0) return
  const ids = sessions.map(({ id }) => id)
  const refs = sessions.map(({ callRef }) => callRef)
  await run(client, takeStatement, [arrayOf(rows), arrayOf(ids), arrayOf(refs)])
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
  outcome: string | null
  /** The event, CDR or call as JSON; null where there is none any more. */
  content: string | null
}

/** What was read, and where to read on: where that has not moved there is no more. */
export interface FeedPage {
  entries: FeedEntry[]
  position: number
}

const entry = `position::float8 AS position, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, kind, call_ref`
const calls = (of: string) => `SELECT ${entry}, call->>'app_key' AS app_key, call->>'scenario' AS scenario,
        call->>'outcome' AS outcome, call::text AS content FROM feed.${of}($1::bigint, $2::int, p.upto)`
const read = (name: string, entries: string): Statement => ({
  name,
  // In one statement, so with one snapshot: what is left out by none of the functions is left out by all.
  text: `SELECT p.upto::float8 AS upto, x.* FROM (SELECT feed.end_of_page($1::bigint, $2::int) AS upto) p
      LEFT JOIN LATERAL (${entries}) x ON true ORDER BY x.position`,
})
const wholeStatement = read(
  'read_feed',
  `SELECT ${entry}, app_key, scenario, NULL::text AS outcome, fact::text AS content
        FROM feed.facts_after($1::bigint, $2::int, p.upto) WHERE kind IN ('event', 'cdr')
      UNION ALL ${calls('app_calls_after')}`,
)
const maskedStatement = read('read_masked_feed', calls('calls_after'))

/**
 * What there is now of the next `limit` entries after a position, in order. `masked`: calls only, as in ops.calls. Throws
 * what Postgres threw; see `isGone`.
 */
export async function readFeed(
  client: Queryable,
  after: number,
  limit: number,
  { masked = false } = {},
): Promise<FeedPage> {
  const statement = masked ? maskedStatement : wholeStatement
  const { rows } = await run<FeedEntry & { upto: number }>(client, statement, [after, limit])
  return {
    entries: rows.filter(({ position }) => position !== null).map(({ upto: _, ...entry }) => entry),
    position: rows[0]?.upto ?? after,
  }
}

/** Whether a read failed because entries after the position are gone by age. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'RTC02'
}

const mayStatement: Statement = {
  name: 'may_read_facts',
  text: `SELECT has_schema_privilege('feed', 'USAGE') AND has_function_privilege('feed.facts_after(bigint, integer, bigint)', 'EXECUTE') AS may`,
}

/** Whether this login may read facts and whole numbers, or calls as they are masked only. */
export async function mayReadFacts(client: Queryable): Promise<boolean> {
  const { rows } = await run<{ may: boolean }>(client, mayStatement, [])
  return rows[0]?.may ?? false
}

/** The last position. */
export async function headOfFeed(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ head: number }>('SELECT feed.head()::float8 AS head')
  return rows[0]?.head ?? 0
}

/** The position from which on what came since a time is read. */
export async function positionAt(client: Queryable, time: Date): Promise<number> {
  const { rows } = await client.query<{ at: number }>('SELECT feed.position_at($1)::float8 AS at', [time.toISOString()])
  return rows[0]?.at ?? 0
}

/** The position before which nothing is kept any more. */
export async function startOfFeed(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ gone: number }>(
    "SELECT coalesce(reached_id, 0)::float8 AS gone FROM rtc.maintenance WHERE task = 'feed'",
  )
  return rows[0]?.gone ?? 0
}
