import type { Scenario } from '../calls/types.ts'
import { arrayOf } from './row-arrays.ts'
import { type Queryable, run } from './statement.ts'

/** A call we asked the platform for. There is no place for the code, and for the platform's text, which may repeat it. */
export interface PlacedCallRow {
  placedAt: Date
  /** Absent where no answer came. */
  httpStatus?: number | undefined
  resultCode?: string | undefined
  /** Absent where none was placed, as far as we know. */
  sessionId?: string | undefined
  appKey: string
  scenario: Scenario
  displayNbr: string
  calleeNbr: string
  userData?: string | undefined
}

const insert = {
  name: 'insert_placed_call',
  text: `INSERT INTO rtc.placed_calls
    (placed_at, http_status, result_code, session_id, app_key, scenario, display_nbr, callee_nbr, user_data)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
}

export async function insertPlacedCall(client: Queryable, row: PlacedCallRow): Promise<void> {
  const { placedAt, httpStatus, resultCode, sessionId, appKey, scenario, displayNbr, calleeNbr, userData } = row
  await run(client, insert, [
    placedAt.toISOString(),
    httpStatus ?? null,
    resultCode ?? null,
    sessionId ?? null,
    appKey,
    scenario,
    displayNbr,
    calleeNbr,
    userData ?? null,
  ])
}

export interface CallProgress {
  /** In the order of the call. */
  events: { event_type: string; occurred_at: Date; state_code: number | null; reason: string | null }[]
  /** Undefined while there is no CDR. */
  call: { outcome: string; reason: string | null; talk_seconds: number | null } | undefined
}

const selectEvents = {
  name: 'events_of_placed_call',
  text: `SELECT e.event_type, e.occurred_at, e.state_code, h.en AS reason
    FROM rtc.call_events e LEFT JOIN ops.hangup_reasons h ON h.code = e.state_code AND h.product = 'voice'
    WHERE e.session_id = $1 AND e.occurred_at >= $2::timestamptz - interval '1 hour'
    ORDER BY e.occurred_at,
      array_position(ARRAY['callin', 'callout', 'alerting', 'answer', 'collectInfo', 'disconnect'], e.event_type), e.received_at`,
}

const selectCall = {
  name: 'outcome_of_placed_call',
  text: `SELECT c.outcome, c.reason_en AS reason, c.talk_seconds
    FROM rtc.calls_private p JOIN ops.calls c ON c.call_ref = p.call_ref
    WHERE p.session_id = $1 AND c.started_at >= $2::timestamptz - interval '1 hour' AND c.cdr_count > 0`,
}

/** What has come of a call so far. */
export async function readCallProgress(client: Queryable, sessionId: string, placedAt: Date): Promise<CallProgress> {
  const values = [sessionId, placedAt.toISOString()]
  // The CDR comes last: when it is there, so are the events.
  const { rows: calls } = await run<NonNullable<CallProgress['call']>>(client, selectCall, values)
  const { rows: events } = await run<CallProgress['events'][number]>(client, selectEvents, values)
  return { events, call: calls[0] }
}

const selectScenarios = {
  name: 'placed_scenarios',
  text: 'SELECT session_id, scenario FROM rtc.placed_calls WHERE session_id = ANY($1::text[]) ORDER BY id DESC',
}

/** The scenarios of those of these sessions that were placed from here, by session id. */
export async function readPlacedScenarios(
  client: Queryable,
  sessionIds: readonly string[],
): Promise<Map<string, Scenario>> {
  const { rows } = await run<{ session_id: string; scenario: Scenario }>(client, selectScenarios, [arrayOf(sessionIds)])
  return new Map(rows.map(({ session_id, scenario }) => [session_id, scenario]))
}
