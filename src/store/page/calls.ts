import type { Queryable } from '../statement.ts'

/** A call as a list shows it. */
export interface ListedCall {
  call_ref: string
  /** Null where it embeds a number. */
  session_id: string | null
  app_key: string | null
  scenario: string | null
  bind_num: string | null
  a_number: string | null
  b_number: string | null
  started_at: Date
  ring_seconds: number | null
  talk_seconds: number | null
  outcome: string
  is_live: boolean
  reason_en: string | null
  reason_zh: string | null
  event_count: number
  cdr_count: number
}

const listed = `c.call_ref, c.session_id, c.app_key, c.scenario, c.bind_num, c.a_number, c.b_number, c.started_at,
  c.ring_seconds, c.talk_seconds, c.outcome, c.is_live, c.reason_en, c.reason_zh, c.event_count, c.cdr_count`

/** All of it may be left out. */
export interface CallFilter {
  /** Calls that began then or later. */
  from?: Date | undefined
  /** Calls that began before. */
  to?: Date | undefined
  outcomes?: readonly string[] | undefined
  app?: string | undefined
  scenario?: string | undefined
  /** The company's number, as ops.calls shows it. */
  company?: string | undefined
  reason?: { source: string; code: number } | undefined
  /** Calls that go on. */
  live?: boolean | undefined
  /** The last call of the list before: calls that come after it. */
  after?: { startedAt: Date; callRef: string } | undefined
}

/** The latest calls that fit. What is left out of the filter is gone when Postgres plans: parameters are known by then. */
export async function readCalls(client: Queryable, filter: CallFilter, limit: number): Promise<ListedCall[]> {
  const { from, to, outcomes = [], app, scenario, company, reason, live = false, after } = filter
  const { rows } = await client.query<ListedCall>(
    `SELECT ${listed} FROM ops.calls c
      WHERE ($1::timestamptz IS NULL OR c.started_at >= $1) AND ($2::timestamptz IS NULL OR c.started_at < $2)
        AND ($3::text IS NULL OR c.outcome = $3) AND ($4::text[] IS NULL OR c.outcome = ANY ($4))
        AND ($5::text IS NULL OR c.app_key = $5) AND ($6::text IS NULL OR c.scenario = $6)
        AND ($7::text IS NULL OR c.bind_num = $7)
        AND ($8::text IS NULL OR c.reason_source = $8 AND c.reason_code = $9::integer)
        AND (NOT $10::boolean OR c.is_live)
        AND ($11::timestamptz IS NULL OR (c.started_at, c.call_ref) < ($11, $12::uuid))
      ORDER BY c.started_at DESC, c.call_ref DESC LIMIT $13`,
    [
      from,
      to,
      outcomes.length === 1 ? outcomes[0] : undefined,
      outcomes.length > 1 ? outcomes : undefined,
      app,
      scenario,
      company,
      reason?.source,
      reason?.code,
      live,
      after?.startedAt,
      after?.callRef,
      limit,
    ],
  )
  return rows
}

/** The calls of these references, the latest first. */
export async function readCallsByRef(client: Queryable, callRefs: readonly string[]): Promise<ListedCall[]> {
  const { rows } = await client.query<ListedCall>(
    `SELECT ${listed} FROM ops.calls c WHERE c.call_ref = ANY ($1::uuid[]) ORDER BY c.started_at DESC, c.call_ref DESC`,
    [callRefs],
  )
  return rows
}

export interface Call extends ListedCall {
  sp_id: string | null
  mode: string | null
  bound_party: 'A' | 'B' | null
  shown_to_a: string | null
  shown_to_b: string | null
  user_data: string | null
  ringing_at: Date | null
  answered_at: Date | null
  ended_at: Date | null
  end_seen: boolean
  /** yyyy-MM-dd in Asia/Shanghai. */
  bill_day: string | null
  post_dial_delay_seconds: number | null
  reason_code: number | null
  reason_source: string | null
  release_point: number | null
  a_q850: number | null
  b_q850: number | null
  sip_status: number | null
  state_code: number | null
  hung_up_by: 'A' | 'B' | 'platform' | null
  party_type: string | null
  digits: string | null
  recording: 'none' | 'there' | 'expired'
  recording_started_at: Date | null
  /** Null without a CDR. */
  a_minutes: number | null
  b_minutes: number | null
  minutes_estimated: boolean
  cdr_received_at: Date | null
  folded_at: Date
}

export async function readCall(client: Queryable, callRef: string): Promise<Call | undefined> {
  const { rows } = await client.query<Call>(
    `SELECT ${listed}, c.sp_id, c.mode, c.bound_party, c.shown_to_a, c.shown_to_b, c.user_data, c.ringing_at, c.answered_at,
        c.ended_at, c.end_seen, c.bill_day::text AS bill_day, c.post_dial_delay_seconds, c.reason_code, c.reason_source,
        c.release_point, c.a_q850, c.b_q850, c.sip_status, c.state_code, c.hung_up_by, c.party_type, c.digits, c.recording,
        c.recording_started_at, c.a_minutes, c.b_minutes, c.minutes_estimated, c.cdr_received_at, c.folded_at
      FROM ops.calls c WHERE c.call_ref = $1`,
    [callRef],
  )
  return rows[0]
}

export interface Leg {
  leg: 'A' | 'B'
  number: string | null
  shown_number: string | null
  leg_started_at: Date | null
  ringing_at: Date | null
  answered_at: Date | null
  ended_at: Date | null
  post_dial_delay_seconds: number | null
  seconds: number | null
  billed_minutes: number | null
  q850: number | null
}

/** Both legs of a call, where they are known. */
export async function readLegs(client: Queryable, callRef: string): Promise<Leg[]> {
  const { rows } = await client.query<Leg>(
    `SELECT leg, number, shown_number, leg_started_at, ringing_at, answered_at, ended_at, post_dial_delay_seconds,
        seconds, billed_minutes, q850
      FROM ops.legs WHERE call_ref = $1 ORDER BY leg`,
    [callRef],
  )
  return rows
}

export interface CallEvent {
  occurred_at: Date
  event_type: string
  caller: string | null
  called: string | null
  state_code: number | null
  reason_en: string | null
  reason_zh: string | null
  party_type: string | null
  digits: string | null
  /** Names of fields without a column; their values are masked. */
  extra: Record<string, string> | null
  app_key: string | null
  received_at: Date
}

/** Status events of a call in the order in which they happened: times have one second, so kinds have an order too. */
export async function readEvents(client: Queryable, call: Call, limit: number): Promise<CallEvent[]> {
  const { rows } = await client.query<CallEvent>(
    `SELECT e.occurred_at, e.event_type, e.caller, e.called, e.state_code, r.en AS reason_en, r.zh AS reason_zh, e.party_type,
        e.digits, e.extra, e.app_key, e.received_at
      FROM ops.events_of($1::uuid) e LEFT JOIN ops.hangup_reasons r ON r.code = e.state_code AND r.product = $2
      ORDER BY e.occurred_at,
        coalesce(array_position(ARRAY['callin', 'callout', 'alerting', 'answer', 'collectInfo', '', 'disconnect'], e.event_type), 6),
        e.received_at
      LIMIT $3`,
    [call.call_ref, call.scenario === 'privateNumber' ? 'privateNumber' : 'voice', limit],
  )
  return rows
}

export interface Cdr {
  cdr_time: Date
  icid: string | null
  /** Whether the call goes by this one. */
  counts: boolean | null
  service_type: string | null
  direction: number | null
  call_out_answer_time: Date | null
  fwd_answer_time: Date | null
  call_end_time: Date | null
  ul_fail_reason: number | null
  call_out_unasw_rsn: number | null
  fwd_unasw_rsn: number | null
  sip_status_code: number | null
  signed_by: string | null
  received_at: Date
}

/** CDRs of a call, the one that came last first. */
export async function readCdrs(client: Queryable, callRef: string, limit: number): Promise<Cdr[]> {
  const { rows } = await client.query<Cdr>(
    `SELECT cdr_time, icid, counts, service_type, direction, call_out_answer_time, fwd_answer_time, call_end_time,
        ul_fail_reason, call_out_unasw_rsn, fwd_unasw_rsn, sip_status_code, signed_by, received_at
      FROM ops.cdrs_of($1::uuid) ORDER BY received_at DESC, cdr_time DESC LIMIT $2`,
    [callRef, limit],
  )
  return rows
}

export interface BillChange {
  changed_at: Date
  cause: string
  bill_day_before: string | null
  bill_day_after: string | null
  minutes_before: number | null
  minutes_after: number | null
}

/** How the bill of a call changed after its first CDR. */
export async function readBillChanges(client: Queryable, callRef: string): Promise<BillChange[]> {
  const { rows } = await client.query<BillChange>(
    `SELECT changed_at, cause, bill_day_before::text AS bill_day_before, bill_day_after::text AS bill_day_after,
        minutes_before, minutes_after
      FROM ops.bill_changes WHERE call_ref = $1 ORDER BY changed_at DESC LIMIT 50`,
    [callRef],
  )
  return rows
}
