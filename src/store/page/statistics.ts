import type { Queryable } from '../statement.ts'

/** int8 and numeric come as float8, which JavaScript has. */

/** Bounds of a plot, and the length of its buckets as Postgres reads it, such as 5 minutes. */
export interface Period {
  from: Date
  to: Date
  bucket: string
  timeZone: string
}

export interface CallStats {
  bucket_start: Date
  attempts: number
  answered: number
  effective: number
  busy: number
  no_answer: number
  rejected: number
  unreachable: number
  cancelled: number
  failed: number
  unknown: number
  /** Answered calls that ended, and how long they talked. */
  talks: number
  talk_seconds: number
  /** Over the calls of the bucket. */
  post_dial_delay_p50: number | null
  post_dial_delay_p95: number | null
}

/** Calls by bucket, of all applications together. */
export async function readCallStats(client: Queryable, { from, to, bucket, timeZone }: Period): Promise<CallStats[]> {
  const { rows } = await client.query<CallStats>(
    `SELECT bucket_start, attempts::float8, answered::float8, effective::float8, busy::float8, no_answer::float8,
        rejected::float8, unreachable::float8, cancelled::float8, failed::float8, unknown::float8, talks::float8,
        talk_seconds::float8, post_dial_delay_p50::float8, post_dial_delay_p95::float8
      FROM ops.call_stats($1, $2, $3, $4, '{}')`,
    [from, to, bucket, timeZone],
  )
  return rows
}

/** The whole time as one bucket: a median over all of its calls cannot be had from those of its parts. */
export async function readCallTotals(client: Queryable, period: Period): Promise<CallStats | undefined> {
  // A bucket that begins in 2001 and ends in 2100.
  const [all] = await readCallStats(client, { ...period, bucket: '36500 days' })
  return all
}

export interface Duration {
  /** Null: the whole period. */
  bucket_start: Date | null
  /** talk: answered calls that ended; ring: all that rang and are over. */
  kind: 'talk' | 'ring'
  /** Whole seconds that half of the calls, and 95 % of them, did not exceed. */
  p50: number
  p95: number
}

/** How long calls talked and rang, by bucket and over the whole period. Calls are counted by second, since to sort them all takes longer. */
export async function readDurations(client: Queryable, { from, to, bucket }: Period): Promise<Duration[]> {
  const { rows } = await client.query<Duration>(
    `WITH counted AS MATERIALIZED (
        SELECT date_bin($3::interval, c.started_at, $1) AS bucket_start, k.kind, k.seconds, count(*) AS calls
          FROM ops.calls c CROSS JOIN LATERAL (VALUES
            ('talk', CASE WHEN c.outcome = 'answered' AND c.end_seen THEN c.talk_seconds END),
            ('ring', c.ring_seconds)) AS k (kind, seconds)
          WHERE c.started_at >= $1 AND c.started_at < $2 AND NOT c.is_live AND k.seconds IS NOT NULL
          GROUP BY 1, 2, 3
      ), grouped AS (
        SELECT bucket_start, kind, seconds, sum(calls) AS calls
          FROM counted GROUP BY GROUPING SETS ((bucket_start, kind, seconds), (kind, seconds))
      ), ranked AS (
        SELECT bucket_start, kind, seconds, sum(calls) OVER (PARTITION BY bucket_start, kind ORDER BY seconds) AS upto,
            sum(calls) OVER (PARTITION BY bucket_start, kind) AS total
          FROM grouped
      )
      SELECT bucket_start, kind, (min(seconds) FILTER (WHERE upto >= 0.5 * total))::float8 AS p50,
          (min(seconds) FILTER (WHERE upto >= 0.95 * total))::float8 AS p95
        FROM ranked GROUP BY bucket_start, kind ORDER BY bucket_start, kind`,
    [from, to, bucket],
  )
  return rows
}

export interface Failure {
  outcome: string
  reason_source: string | null
  reason_code: number | null
  reason_en: string | null
  reason_zh: string | null
  calls: number
  /** All that were not answered: this one's part is calls / failed_calls. */
  failed_calls: number
}

/** Why calls were not answered, the most frequent reason first. */
export async function readFailures(client: Queryable, { from, to }: Period, limit: number): Promise<Failure[]> {
  const { rows } = await client.query<Failure>(
    `SELECT outcome, reason_source, reason_code, reason_en, reason_zh, calls::float8, failed_calls::float8
      FROM ops.failures($1::timestamptz, $2::timestamptz) ORDER BY calls DESC, outcome, reason_code LIMIT $3`,
    [from, to, limit],
  )
  return rows
}

export interface Records {
  bucket_start: Date
  events: number
  cdrs: number
}

/** Status events and CDRs by the beginning of their calls, an hour a bucket. Calls that go on are not among them. */
export async function readHourlyRecords(client: Queryable, { from, to }: Period): Promise<Records[]> {
  const { rows } = await client.query<Records>(
    `SELECT date_bin('1 hour', hour, $1) AS bucket_start, sum(events)::float8 AS events, sum(cdrs)::float8 AS cdrs
      FROM ops.call_counts WHERE hour >= $1 AND hour < $2 GROUP BY 1 ORDER BY 1`,
    [from, to],
  )
  return rows
}

/** The same in shorter buckets, for an hour or so: the calls themselves are read, those that go on too. */
export async function readRecords(client: Queryable, { from, to, bucket }: Period): Promise<Records[]> {
  const { rows } = await client.query<Records>(
    `SELECT date_bin($3::interval, started_at, $1) AS bucket_start, sum(event_count)::float8 AS events,
        sum(cdr_count)::float8 AS cdrs
      FROM ops.calls WHERE started_at >= $1 AND started_at < $2 GROUP BY 1 ORDER BY 1`,
    [from, to, bucket],
  )
  return rows
}

export interface Delay {
  bucket_start: Date
  kind: 'status' | 'fee'
  calls: number
  /** Seconds from the time in the callback until it came; negative where the platform's clock is ahead. */
  p50: number | null
  p95: number | null
}

/** How late callbacks came, by the beginning of their calls, an hour a bucket. */
export async function readHourlyDelays(client: Queryable, { from, to }: Period): Promise<Delay[]> {
  const { rows } = await client.query<Delay>(
    `SELECT date_bin('1 hour', hour, $1) AS bucket_start, kind, calls::float8, delay_p50::float8 AS p50, delay_p95::float8 AS p95
      FROM ops.callback_delay WHERE hour >= $1 AND hour < $2 ORDER BY 1`,
    [from, to],
  )
  return rows
}

/** The same in shorter buckets, for an hour or so. */
export async function readDelays(client: Queryable, { from, to, bucket }: Period): Promise<Delay[]> {
  const { rows } = await client.query<Delay>(
    `SELECT date_bin($3::interval, started_at, $1) AS bucket_start, kind, count(*)::float8 AS calls,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY delay) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY delay) AS p95
      FROM (
        SELECT c.started_at, k.kind, date_part('epoch', k.delay) AS delay
          FROM ops.calls c CROSS JOIN LATERAL (VALUES
            ('status', CASE WHEN c.event_count > 0 THEN c.first_received_at - c.started_at END),
            ('fee', c.cdr_received_at - c.ended_at)) AS k (kind, delay)
          WHERE c.started_at >= $1 AND c.started_at < $2 AND k.delay IS NOT NULL
      ) d
      GROUP BY 1, 2 ORDER BY 1`,
    [from, to, bucket],
  )
  return rows
}

export interface Peak {
  bucket_start: Date
  legs: number
}

/** Most legs at one time in each hour that is over, of all applications together. */
export async function readPeaks(client: Queryable, { from, to }: Period): Promise<Peak[]> {
  const { rows } = await client.query<Peak>(
    `SELECT date_bin('1 hour', hour, $1) AS bucket_start, max(peak_of_all) AS legs
      FROM ops.concurrent_legs WHERE hour >= $1 AND hour < $2 GROUP BY 1 ORDER BY 1`,
    [from, to],
  )
  return rows
}

export interface Live {
  calls: number
  answered: number
}

/** Calls that go on now. */
export async function readLive(client: Queryable): Promise<Live> {
  const { rows } = await client.query<Live>(
    `SELECT count(*)::float8 AS calls, count(answered_at)::float8 AS answered FROM ops.live_calls
      WHERE started_at >= now() - interval '26 hours'`,
  )
  return rows[0] as Live
}
