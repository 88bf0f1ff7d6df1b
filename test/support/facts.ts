import { randomUUID } from 'node:crypto'
import type pg from 'pg'

/** Rows of rtc.call_events and rtc.cdrs, as far as a test minds them. Times are ISO 8601 with their zone. */
export interface Facts {
  events?: object[]
  cdrs?: object[]
}

/** Stores facts, marked as to be folded, in one transaction, or in that of the client. */
export async function storeFacts(client: pg.Pool | pg.ClientBase, { events = [], cdrs = [] }: Facts): Promise<void> {
  const received_at = new Date().toISOString()
  const defaults = { received_at, stored_at: received_at }
  const eventRows = events.map((row) => ({ ...defaults, event_key: randomUUID(), ...row }))
  const cdrRows = cdrs.map((row) => ({ ...defaults, icid: '', ...row }))
  // One statement, whose parts are of one transaction. The partitions come first: they are made by another one.
  const values = [JSON.stringify(eventRows), JSON.stringify(cdrRows)]
  await client.query(
    `SELECT rtc.ensure_period('call_events', e.occurred_at, 'month') FROM json_populate_recordset(NULL::rtc.call_events, $1) e
     UNION ALL SELECT rtc.ensure_period('cdrs', c.cdr_time, 'month') FROM json_populate_recordset(NULL::rtc.cdrs, $2) c`,
    values,
  )
  await client.query(
    `WITH e AS (
       INSERT INTO rtc.call_events SELECT * FROM json_populate_recordset(NULL::rtc.call_events, $1)
       ON CONFLICT DO NOTHING RETURNING session_id, occurred_at AS fact_time, event_key, NULL AS icid
     ), c AS (
       INSERT INTO rtc.cdrs SELECT * FROM json_populate_recordset(NULL::rtc.cdrs, $2)
       ON CONFLICT DO NOTHING RETURNING session_id, cdr_time AS fact_time, NULL::uuid AS event_key, icid
     )
     INSERT INTO rtc.unfolded (session_id, fact_time, event_key, icid) TABLE e UNION ALL TABLE c`,
    values,
  )
}

const company = '+8675512345678'

/** The time so many seconds after another. */
function after(start: Date, seconds: number): string {
  return new Date(start.getTime() + seconds * 1000).toISOString()
}

/** What the platform sends of an answered callback call of 48 seconds that begins then. */
export function callOf(sessionId: string, start: Date, { a = '+8613800000021', b = '+8613900000022' } = {}) {
  const event = (event_type: string, seconds: number, more: object = {}) => ({
    session_id: sessionId,
    event_type,
    occurred_at: after(start, seconds),
    signed_by: 'app',
    ...more,
  })
  const [first, second] = [
    { caller: company, called: a },
    { caller: company, called: b },
  ]
  const events = [
    event('callout', 0, first),
    event('alerting', 2, first),
    event('answer', 5, first),
    event('callout', 5, second),
    event('alerting', 7, second),
    event('answer', 12, second),
    event('disconnect', 60, { ...second, state_code: 0 }),
  ]
  const cdr = {
    session_id: sessionId,
    cdr_time: after(start, 60),
    call_out_start_time: after(start, 0),
    call_out_alerting_time: after(start, 2),
    call_out_answer_time: after(start, 5),
    fwd_start_time: after(start, 5),
    fwd_alerting_time: after(start, 7),
    fwd_answer_time: after(start, 12),
    call_end_time: after(start, 60),
    direction: 0,
    ul_fail_reason: 0,
    icid: `${sessionId}.1`,
    sp_id: 'sp',
    app_key: 'app',
    bind_num: company,
    caller_num: company,
    callee_num: a,
    fwd_display_num: company,
    fwd_dst_num: b,
    service_type: '002',
    record_flag: 0,
    signed_by: 'app',
  }
  return { events, cdrs: [cdr], cdr }
}
