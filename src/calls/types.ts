/**
 * What goes into the fold and what comes out of it. Times are milliseconds since 1970; names are those of the columns.
 */

/** Scenarios that somebody can declare: for an application, or by placing the call. */
export type Scenario = 'click2Call' | 'callnotify' | 'callVerify' | 'privateNumber'

/** playback: notification or verification; a CDR alone cannot tell which. */
export type CallScenario = Scenario | 'playback'

export type Mode = 'AX' | 'AXB' | 'AXE' | 'AXYB' | 'X'

/** A is the caller's side and B the called side; in a callback call A is who is called first. */
export type Side = 'A' | 'B'

/** One row of rtc.call_events: what of it the fold reads. */
export interface EventFact {
  occurred_at: number
  received_at: number
  event_key: string
  event_type: string
  state_code: number | null
  call_rel_direction: number | null
  caller: string | null
  called: string | null
  user_data: string | null
  digit_info: string | null
  party_type: string | null
  subscription_id: string | null
  notify_mode: string | null
  signed_by: string | null
}

/** One row of rtc.cdrs: what of it the fold reads. */
export interface CdrFact {
  cdr_time: number
  received_at: number
  call_in_time: number | null
  call_out_start_time: number | null
  call_out_alerting_time: number | null
  call_out_answer_time: number | null
  fwd_start_time: number | null
  fwd_alerting_time: number | null
  fwd_answer_time: number | null
  call_end_time: number | null
  fail_time: number | null
  dyn_ivr_start_time: number | null
  record_start_time: number | null
  direction: number | null
  call_out_unasw_rsn: number | null
  fwd_unasw_rsn: number | null
  ul_fail_reason: number | null
  sip_status_code: number | null
  record_flag: number | null
  call_rel_direction: number | null
  /** '' when the platform sent none. */
  icid: string
  sp_id: string | null
  app_key: string | null
  bind_num: string | null
  caller_num: string | null
  callee_num: string | null
  fwd_display_num: string | null
  fwd_dst_num: string | null
  service_type: string | null
  user_data: string | null
  subscription_id: string | null
  extend_number: string | null
  notify_mode: string | null
  dyn_ivr_path: string | null
  record_domain: string | null
  record_bucket_name: string | null
  record_object_name: string | null
  record_file_download_url: string | null
  signed_by: string | null
}

/** All facts of one session, in any order. */
export interface SessionFacts {
  sessionId: string
  events: readonly EventFact[]
  cdrs: readonly CdrFact[]
  /** Scenario of the call, when it was placed from here (rtc.placed_calls). */
  placedScenario: Scenario | null
  /** How many there are, where only so many were read. */
  eventCount: number
  cdrCount: number
}

/** How a call ended that was not answered. */
export type FailureOutcome = 'busy' | 'no answer' | 'rejected' | 'cancelled' | 'unreachable' | 'failed'

export type Outcome = 'in progress' | 'answered' | FailureOutcome | 'unknown'

/** What a code means; its outcome is null where it only points to another code. */
export interface CodeMeaning {
  en: string
  zh: string
  outcome: 'answered' | FailureOutcome | null
}

export type Meanings = ReadonlyMap<number, CodeMeaning>

/** State codes and release points mean different things in each product. */
export type Product = 'voice' | 'privateNumber'

export interface ServiceType {
  scenario: CallScenario
  mode: Mode | null
}

export interface CodeTables {
  releasePoints: Readonly<Record<Product, Meanings>>
  stateCodes: Readonly<Record<Product, Meanings>>
  q850: Meanings
  sip: Meanings
  serviceTypes: ReadonlyMap<string, ServiceType>
}

/** Keys of 32 bytes from rtc.keys. */
export interface ReferenceKeys {
  /** Purpose `ref`: for fields of facts with a verified signature, and for call_ref. */
  signed: Buffer
  /** Purpose `ref_unsigned`: for everything else. */
  unsigned: Buffer
}

export interface FoldContext {
  codes: CodeTables
  /** rtc.apps: appKey → scenario, without those that declare none. */
  scenarios: ReadonlyMap<string, Scenario>
  references: ReferenceKeys
  now: number
  /** SHOW_USER_DATA: the owner declares that userData holds nothing personal. */
  showUserData: boolean
}

export type ReasonSource = 'release point' | 'state code' | 'Q.850' | 'SIP'

export type Party = Side | 'platform'

export type RecordingState = 'none' | 'there' | 'expired'

/** A row of ops.calls, without version and folded_at. No whole phone number anywhere in it. */
export interface CallRow {
  /** 32 hex digits in the form of a UUID. */
  call_ref: string
  session_id: string | null
  app_key: string | null
  sp_id: string | null
  scenario: CallScenario | null
  service_type: string | null
  mode: Mode | null
  direction: number | null
  bound_party: Side | null
  bind_num: string | null
  bind_ref: string | null
  a_number: string | null
  b_number: string | null
  shown_to_a: string | null
  shown_to_b: string | null
  a_ref: string | null
  b_ref: string | null
  user_data_ref: string | null
  subscription_ref: string | null
  user_data: string | null
  started_at: number
  a_started_at: number | null
  a_ringing_at: number | null
  a_answered_at: number | null
  a_ended_at: number | null
  b_started_at: number | null
  b_ringing_at: number | null
  b_answered_at: number | null
  b_ended_at: number | null
  ringing_at: number | null
  answered_at: number | null
  ended_at: number | null
  /** yyyy-MM-dd, Asia/Shanghai. */
  bill_day: string | null
  ring_seconds: number | null
  talk_seconds: number | null
  post_dial_delay_seconds: number | null
  a_seconds: number | null
  b_seconds: number | null
  a_post_dial_delay_seconds: number | null
  b_post_dial_delay_seconds: number | null
  first_received_at: number
  last_received_at: number
  cdr_received_at: number | null
  outcome: Outcome
  is_live: boolean
  end_seen: boolean
  is_finished: boolean
  is_effective: boolean
  reason_code: number | null
  reason_source: ReasonSource | null
  reason_en: string | null
  reason_zh: string | null
  release_point: number | null
  a_q850: number | null
  b_q850: number | null
  sip_status: number | null
  state_code: number | null
  hung_up_by: Party | null
  party_type: string | null
  digits: string | null
  digit_count: number | null
  recording: RecordingState
  recording_started_at: number | null
  a_minutes: number | null
  b_minutes: number | null
  minutes_estimated: boolean
  event_count: number
  cdr_count: number
  recheck_at: number | null
}

/** A row of rtc.calls_private, without folded_at. */
export interface PrivateCallRow {
  call_ref: string
  session_id: string
  a_number: string | null
  b_number: string | null
  shown_to_a: string | null
  shown_to_b: string | null
  bind_num: string | null
  user_data: string | null
  subscription_id: string | null
  extension: string | null
  digits: string | null
  record_domain: string | null
  record_bucket_name: string | null
  record_object_name: string | null
  record_file_download_url: string | null
}

export interface FoldedCall {
  call: CallRow
  privateCall: PrivateCallRow
}
