import type pg from 'pg'
import { transaction, withClient } from './pool.ts'
import type { Queryable } from './statement.ts'

/**
 * What the page reads: schema ops and nothing else. int8 and numeric come as float8, which JavaScript has; times are
 * dates of the driver's.
 */

/** Runs `work` in a read-only transaction that Postgres ends after `timeoutMs` a statement. */
export async function inReadOnly<T>(
  pool: pg.Pool,
  timeoutMs: number,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  return withClient(pool, (client) =>
    transaction(client, async () => {
      // One round trip; a pooler takes no start-up parameters, hence here. Parallel workers would take from callbacks.
      await client.query(
        `SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${Math.round(timeoutMs)};
          SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off`,
      )
      return work(client)
    }),
  )
}

export interface Server {
  version: string
  ms: number
}

/** Whether Postgres answers, and how fast. */
export async function readServer(client: Queryable): Promise<Server> {
  const started = performance.now()
  const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version")
  return { version: rows[0]?.version ?? '', ms: performance.now() - started }
}

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
  in_progress: number
  talk_seconds: number
  /** Half of the legs: the mean of the groups' medians, each group as heavy as it has legs. */
  post_dial_delay_p50: number | null
  /** 95 % of the legs are within; of several groups the slowest counts. */
  post_dial_delay_p95: number | null
}

/** Calls by bucket, of all applications together. */
export async function readCallStats(client: Queryable, period: Period): Promise<CallStats[]> {
  const { rows } = await client.query<CallStats>(
    `SELECT bucket_start, sum(attempts)::float8 AS attempts, sum(answered)::float8 AS answered,
        sum(effective)::float8 AS effective, sum(busy)::float8 AS busy, sum(no_answer)::float8 AS no_answer,
        sum(rejected)::float8 AS rejected, sum(unreachable)::float8 AS unreachable, sum(cancelled)::float8 AS cancelled,
        sum(failed)::float8 AS failed, sum(unknown)::float8 AS unknown, sum(in_progress)::float8 AS in_progress,
        sum(talk_seconds)::float8 AS talk_seconds,
        (sum(post_dial_delay_p50 * legs) / nullif(sum(legs) FILTER (WHERE post_dial_delay_p50 IS NOT NULL), 0))::float8
          AS post_dial_delay_p50,
        max(post_dial_delay_p95)::float8 AS post_dial_delay_p95
      FROM ops.call_stats($1, $2, $3, $4)
      GROUP BY bucket_start ORDER BY bucket_start`,
    [period.from, period.to, period.bucket, period.timeZone],
  )
  return rows
}

export interface Failure {
  outcome: string
  reason: string | null
  calls: number
  /** Of all of them, this one's part is calls / total. */
  total: number
}

/** Why calls were not answered, the most frequent reason first. */
export async function readFailures(client: Queryable, { from, to }: Period, limit: number): Promise<Failure[]> {
  const { rows } = await client.query<Failure>(
    `SELECT outcome, reason, sum(calls)::float8 AS calls, sum(sum(calls)) OVER ()::float8 AS total
      FROM ops.failures($1, $2) GROUP BY outcome, reason ORDER BY calls DESC, outcome, reason LIMIT $3`,
    [from, to, limit],
  )
  return rows
}

export interface Call {
  call_ref: string
  /** Null where it embeds a number. */
  session_id: string | null
  app_key: string | null
  scenario: string | null
  a_number: string | null
  b_number: string | null
  shown_to_a: string | null
  shown_to_b: string | null
  bind_num: string | null
  started_at: Date
  ringing_at: Date | null
  answered_at: Date | null
  ended_at: Date | null
  ring_seconds: number | null
  talk_seconds: number | null
  post_dial_delay_seconds: number | null
  outcome: string
  reason: string | null
  release_point: number | null
  a_q850: number | null
  b_q850: number | null
  sip_status: number | null
  hung_up_by: string | null
  digits: string | null
  has_recording: boolean
  has_events: boolean
  has_cdr: boolean
  cdr_count: number
}

const callColumns = `call_ref, session_id, app_key, scenario, a_number, b_number, shown_to_a, shown_to_b, bind_num,
  started_at, ringing_at, answered_at, ended_at, ring_seconds, talk_seconds, post_dial_delay_seconds, outcome, reason,
  release_point, a_q850, b_q850, sip_status, hung_up_by, digits, has_recording, has_events, has_cdr,
  cdr_count::float8 AS cdr_count`

export interface CallFilter {
  /** Calls that began then or later. */
  from: Date
  /** Calls that began then or before; of that very time those with a lower reference than `below`. */
  to: Date
  below?: string | undefined
  outcome?: string | undefined
  limit: number
}

/** The latest calls that fit. */
async function readCallsWithin(client: Queryable, filter: CallFilter): Promise<Call[]> {
  const { rows } = await client.query<Call>(
    `SELECT ${callColumns} FROM ops.calls
      WHERE started_at >= $1 AND started_at <= $2 AND (started_at < $2 OR call_ref < $3)
        AND ($4::text IS NULL OR outcome = $4)
      ORDER BY started_at DESC, call_ref DESC LIMIT $5`,
    // References are hex digits, so all of them are below g.
    [filter.from, filter.to, filter.below ?? 'g', filter.outcome ?? null, filter.limit],
  )
  return rows
}

const minuteMs = 60_000

/**
 * The latest calls that fit. What a call is has to be worked out for each one of a window before the latest can be told,
 * so the window grows from minutes to all of the period, and ends as soon as there are enough.
 */
export async function readCalls(client: Queryable, filter: CallFilter): Promise<Call[]> {
  for (let length = 10 * minuteMs; ; length *= 12) {
    const from = new Date(Math.max(filter.from.getTime(), filter.to.getTime() - length))
    const calls = await readCallsWithin(client, { ...filter, from })
    if (calls.length >= filter.limit || from.getTime() === filter.from.getTime()) return calls
  }
}

/** The calls of a session whose id holds no number; several only when they lie more than a day apart. */
export async function readCallsOfSession(client: Queryable, sessionId: string, limit: number): Promise<Call[]> {
  const { rows } = await client.query<Call>(
    `SELECT ${callColumns} FROM ops.calls WHERE session_id = $1 ORDER BY started_at DESC LIMIT $2`,
    [sessionId, limit],
  )
  return rows
}

/** A reference is no key: only the calls that began around that time are looked at. */
const around = "interval '5 minutes'"

export async function readCall(client: Queryable, callRef: string, startedAt: Date): Promise<Call | undefined> {
  const { rows } = await client.query<Call>(
    `SELECT ${callColumns} FROM ops.calls
      WHERE started_at >= $2::timestamptz - ${around} AND started_at <= $2::timestamptz + ${around} AND call_ref = $1`,
    [callRef, startedAt],
  )
  return rows[0]
}

export interface Leg {
  leg: 'A' | 'B'
  number: string | null
  shown_number: string | null
  started_at: Date | null
  ringing_at: Date | null
  answered_at: Date | null
  ended_at: Date | null
  post_dial_delay_seconds: number | null
  seconds: number | null
  billed_minutes: number | null
  q850: number | null
}

/** Both legs of a call, where they are known. */
export async function readLegs(client: Queryable, call: Call): Promise<Leg[]> {
  const { rows } = await client.query<Leg>(
    `SELECT leg, number, shown_number, started_at, ringing_at, answered_at, ended_at, post_dial_delay_seconds, seconds,
        billed_minutes, q850
      FROM ops.legs
      WHERE ${call.session_id === null ? 'call_ref' : 'session_id'} = $1
        AND call_started_at >= $2::timestamptz - ${around} AND call_started_at <= $2::timestamptz + ${around}
      ORDER BY leg`,
    [call.session_id ?? call.call_ref, call.started_at],
  )
  return rows
}

export interface CallEvent {
  occurred_at: Date
  event_type: string
  caller: string | null
  called: string | null
  state_code: number | null
  reason: string | null
  party_type: string | null
  digits: string | null
  /** Names of fields without a column; their values are masked. */
  extra: Record<string, string> | null
  received_at: Date
}

/** Status events of a call in the order in which they happened: times have one second, so kinds have an order too. */
export async function readEvents(client: Queryable, call: Call): Promise<CallEvent[]> {
  const { rows } = await client.query<CallEvent>(
    `SELECT occurred_at, event_type, caller, called, state_code, reason, party_type, digits, extra, received_at
      FROM ops.events
      WHERE ${call.session_id === null ? 'call_ref' : 'session_id'} = $1
        AND occurred_at >= $2::timestamptz - ${around} AND occurred_at <= coalesce($3, $2::timestamptz + interval '25 hours') + ${around}
      ORDER BY occurred_at,
        coalesce(array_position(ARRAY['callin', 'callout', 'alerting', 'answer', 'collectInfo', '', 'disconnect'], event_type), 6),
        received_at
      LIMIT 500`,
    [call.session_id ?? call.call_ref, call.started_at, call.ended_at],
  )
  return rows
}

export interface Delay {
  bucket_start: Date
  kind: 'status' | 'fee'
  records: number
  /** Seconds from the record's own time until its callback came. */
  p50: number | null
  p95: number | null
}

/** Records by their own time, and how late they came, an hour a bucket. */
export async function readHourlyDelays(client: Queryable, { from, to }: Period): Promise<Delay[]> {
  const { rows } = await client.query<Delay>(
    `SELECT date_bin('1 hour', hour, $1) AS bucket_start, kind, sum(callbacks)::float8 AS records,
        max(delay_p50)::float8 AS p50, max(delay_p95)::float8 AS p95
      FROM ops.callback_delay
      WHERE day >= ($1::timestamptz AT TIME ZONE 'Asia/Shanghai')::date AND day <= ($2::timestamptz AT TIME ZONE 'Asia/Shanghai')::date
        AND hour >= $1 AND hour < $2
      GROUP BY 1, 2`,
    [from, to],
  )
  return rows
}

/** The same in shorter buckets, for which the rows themselves are read: for an hour or so. */
export async function readDelays(client: Queryable, { from, to, bucket }: Period): Promise<Delay[]> {
  const { rows } = await client.query<Delay>(
    `SELECT date_bin($3::interval, at, $1) AS bucket_start, kind, count(*)::float8 AS records,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY delay) AS p50,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY delay) AS p95
      FROM (
        SELECT 'status' AS kind, occurred_at AS at, extract(epoch FROM received_at - occurred_at)::float8 AS delay
          FROM ops.events WHERE occurred_at >= $1 AND occurred_at < $2
        UNION ALL
        SELECT 'fee', cdr_time, extract(epoch FROM received_at - cdr_time)::float8
          FROM ops.cdrs WHERE cdr_time >= $1 AND cdr_time < $2
      ) r
      GROUP BY 1, 2`,
    [from, to, bucket],
  )
  return rows
}

export interface MissingCdr {
  call_ref: string
  session_id: string | null
  app_key: string | null
  scenario: string | null
  started_at: Date
  ended_at: Date | null
  last_event_at: Date
  presumed: boolean
  resends_left: number
}

/** Calls of the last days whose CDR is due and not there, the latest first, and how many there are in all. */
export async function readMissingCdrs(
  client: Queryable,
  limit: number,
): Promise<{ calls: MissingCdr[]; total: number }> {
  const { rows } = await client.query<MissingCdr & { total: number }>(
    `SELECT call_ref, session_id, app_key, scenario, started_at, ended_at, last_event_at, presumed, resends_left,
        count(*) OVER ()::float8 AS total
      FROM ops.missing_cdrs WHERE day >= (now() AT TIME ZONE 'Asia/Shanghai')::date - 2
      ORDER BY last_event_at DESC, call_ref LIMIT $1`,
    [limit],
  )
  return { calls: rows, total: rows[0]?.total ?? 0 }
}

export interface Silence {
  hour: Date
  kind: 'status' | 'fee'
  callbacks: number
  expected: number | null
  silent: boolean
}

/** The last full hours, the latest first, beside what was usual in them. */
export async function readSilence(client: Queryable, hours: number): Promise<Silence[]> {
  const { rows } = await client.query<Silence>(
    `SELECT hour, kind, callbacks::float8 AS callbacks, expected, coalesce(silent, false) AS silent
      FROM ops.silence WHERE hour >= date_trunc('hour', now(), 'UTC') - make_interval(hours => $1)
      ORDER BY hour DESC, kind DESC`,
    [hours],
  )
  return rows
}

export interface Subscription {
  app_key: string | null
  name: string | null
  events: number
  cdrs: number
  last_event_at: Date | null
  last_cdr_at: Date | null
  /** English and Chinese. */
  finding: string
}

/** Which kinds of callback came of each application in the last week. */
export async function readSubscriptions(client: Queryable): Promise<Subscription[]> {
  const { rows } = await client.query<Subscription>(
    `SELECT app_key, name, events::float8 AS events, cdrs::float8 AS cdrs, last_event_at, last_cdr_at, finding
      FROM ops.subscriptions ORDER BY greatest(last_event_at, last_cdr_at) DESC LIMIT 50`,
  )
  return rows
}

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
}

const entryColumns =
  'id::float8 AS id, kind, reason, record_index, body_size, first_seen_at, last_seen_at, seen_count, app_key, errors'

/** Open quarantine entries, those that came last first; of one reason only, where it is given. */
export async function readOpenEntries(
  client: Queryable,
  reason: string | undefined,
  limit: number,
): Promise<OpenEntry[]> {
  const { rows } = await client.query<OpenEntry>(
    `SELECT ${entryColumns} FROM ops.quarantine_open WHERE $1::text IS NULL OR reason = $1
      ORDER BY last_seen_at DESC, id DESC LIMIT $2`,
    [reason ?? null, limit],
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

export interface Rights {
  number: boolean
  userData: boolean
}

/** Whether this login may look calls up by what somebody knows already. */
export async function readRights(client: Queryable): Promise<Rights> {
  const { rows } = await client.query<Rights>(
    `SELECT bool_or(p.proname = 'calls_of') AS number, bool_or(p.proname = 'calls_by_user_data') AS "userData"
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = 'ops' AND p.proname IN ('calls_of', 'calls_by_user_data')
        AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE')`,
  )
  return { number: rows[0]?.number ?? false, userData: rows[0]?.userData ?? false }
}

/** Calls of the last 30 days that a number took part in. Postgres logs who asked, and not for which number. */
export async function readCallsOfNumber(client: Queryable, number: string, limit: number): Promise<Call[]> {
  const { rows } = await client.query<Call>(
    `SELECT ${callColumns} FROM ops.calls_of($1) ORDER BY started_at DESC LIMIT $2`,
    [number, limit],
  )
  return rows
}

/** Calls of the last 30 days with that userData, as a whole. */
export async function readCallsByUserData(client: Queryable, userData: string, limit: number): Promise<Call[]> {
  const { rows } = await client.query<Call>(
    `SELECT ${callColumns} FROM ops.calls_by_user_data($1) ORDER BY started_at DESC LIMIT $2`,
    [userData, limit],
  )
  return rows
}
