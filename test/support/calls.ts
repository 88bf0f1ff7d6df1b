import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { CallRow } from '../../src/calls/types.ts'
import { writeCalls } from '../../src/store/calls.ts'
import { transaction, withClient } from '../../src/store/pool.ts'
import { countCalls, readCallMeasures } from '../../src/store/statistics.ts'

/** A row of ops.calls as far as a test minds it; times are ISO 8601. */
export type SomeCall = { started: string; ended?: string } & Partial<CallRow>

/** A notification of 30 seconds that was answered after 10, with its CDR, unless the test says otherwise. */
export function callRow({ started, ended, ...fields }: SomeCall): CallRow {
  const started_at = Date.parse(started)
  const isLive = fields.is_live ?? false
  const ended_at = ended === undefined ? (isLive ? null : started_at + 40_000) : Date.parse(ended)
  const answered_at = (fields.outcome ?? 'answered') === 'answered' ? started_at + 10_000 : null
  const talk_seconds = answered_at === null || ended_at === null ? null : (ended_at - answered_at) / 1000
  const cdr_count = fields.cdr_count ?? (isLive ? 0 : 1)
  const minutes = talk_seconds === null ? 0 : Math.max(1, Math.ceil(talk_seconds / 60))
  return {
    ...nothing,
    call_ref: randomUUID(),
    app_key: 'app',
    scenario: 'callnotify',
    bind_num: '+8675512345678',
    a_number: '+86138****0021',
    started_at,
    a_started_at: started_at,
    a_ringing_at: started_at + 3_000,
    a_answered_at: answered_at,
    a_ended_at: ended_at,
    ringing_at: started_at + 3_000,
    answered_at,
    ended_at,
    bill_day: ended_at === null ? null : new Date(ended_at + 8 * 3_600_000).toISOString().slice(0, 10),
    ring_seconds: answered_at === null ? null : 7,
    talk_seconds,
    a_seconds: talk_seconds,
    post_dial_delay_seconds: 3,
    a_post_dial_delay_seconds: 3,
    first_received_at: started_at + 1_000,
    last_received_at: (ended_at ?? started_at) + 3_000,
    cdr_received_at: cdr_count > 0 && ended_at !== null ? ended_at + 3_000 : null,
    outcome: 'answered',
    is_live: isLive,
    end_seen: ended_at !== null,
    is_finished: cdr_count > 0,
    is_effective: answered_at !== null,
    recording: 'none',
    a_minutes: cdr_count > 0 ? minutes : null,
    b_minutes: cdr_count > 0 ? 0 : null,
    minutes_estimated: false,
    event_count: 4,
    cdr_count,
    ...fields,
  }
}

/** Writes calls as the fold does, and counts them. */
export function putCalls(pool: pg.Pool, rows: readonly CallRow[]): Promise<void> {
  return withClient(pool, (client) =>
    transaction(client, async () => {
      const refs = rows.map(({ call_ref }) => call_ref)
      const before = await readCallMeasures(client, refs)
      await writeCalls(
        client,
        rows,
        rows.map((_, i) => i + 1),
      )
      await countCalls(client, refs, before)
    }),
  )
}

const nothing = {
  session_id: null,
  sp_id: null,
  service_type: null,
  mode: null,
  direction: null,
  bound_party: null,
  bind_ref: null,
  b_number: null,
  shown_to_a: null,
  shown_to_b: null,
  a_ref: null,
  b_ref: null,
  user_data_ref: null,
  subscription_ref: null,
  user_data: null,
  b_started_at: null,
  b_ringing_at: null,
  b_answered_at: null,
  b_ended_at: null,
  b_seconds: null,
  b_post_dial_delay_seconds: null,
  reason_code: null,
  reason_source: null,
  reason_en: null,
  reason_zh: null,
  release_point: null,
  a_q850: null,
  b_q850: null,
  sip_status: null,
  state_code: null,
  hung_up_by: null,
  party_type: null,
  digits: null,
  digit_count: null,
  recording_started_at: null,
  recheck_at: null,
} as const
