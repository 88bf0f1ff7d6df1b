import pg from 'pg'
import type { CdrFact, EventFact } from '../calls/types.ts'
import { arrayOf } from './row-arrays.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** Facts of one session. */
export interface CountedFacts {
  events: EventFact[]
  cdrs: CdrFact[]
  /** How many there are, where only some were read. */
  eventCount: number
  cdrCount: number
  /** Earliest key time of all, milliseconds. */
  earliest: number
}

const eventColumns: Record<keyof EventFact, 'plain' | 'time'> = {
  occurred_at: 'time',
  received_at: 'time',
  event_key: 'plain',
  event_type: 'plain',
  state_code: 'plain',
  call_rel_direction: 'plain',
  caller: 'plain',
  called: 'plain',
  user_data: 'plain',
  digit_info: 'plain',
  party_type: 'plain',
  subscription_id: 'plain',
  notify_mode: 'plain',
  signed_by: 'plain',
}

const cdrColumns: Record<keyof CdrFact, 'plain' | 'time'> = {
  cdr_time: 'time',
  received_at: 'time',
  call_in_time: 'time',
  call_out_start_time: 'time',
  call_out_alerting_time: 'time',
  call_out_answer_time: 'time',
  fwd_start_time: 'time',
  fwd_alerting_time: 'time',
  fwd_answer_time: 'time',
  call_end_time: 'time',
  fail_time: 'time',
  dyn_ivr_start_time: 'time',
  record_start_time: 'time',
  direction: 'plain',
  call_out_unasw_rsn: 'plain',
  fwd_unasw_rsn: 'plain',
  ul_fail_reason: 'plain',
  sip_status_code: 'plain',
  record_flag: 'plain',
  call_rel_direction: 'plain',
  icid: 'plain',
  sp_id: 'plain',
  app_key: 'plain',
  bind_num: 'plain',
  caller_num: 'plain',
  callee_num: 'plain',
  fwd_display_num: 'plain',
  fwd_dst_num: 'plain',
  service_type: 'plain',
  user_data: 'plain',
  subscription_id: 'plain',
  extend_number: 'plain',
  notify_mode: 'plain',
  dyn_ivr_path: 'plain',
  record_domain: 'plain',
  record_bucket_name: 'plain',
  record_object_name: 'plain',
  record_file_download_url: 'plain',
  signed_by: 'plain',
}

// The driver would make a Date of each time, which costs more than all else of reading a row. Seconds since 1970 come as
// numeric, and nothing else of a fact does.
const numeric: number = pg.types.builtins.NUMERIC
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === numeric ? (text: string) => Math.round(Number(text) * 1000) : pg.types.getTypeParser(oid, format),
}

const events = `SELECT session_id, ${selected(eventColumns)} FROM rtc.call_events`
const cdrs = `SELECT session_id, ${selected(cdrColumns)} FROM rtc.cdrs`

// From a time on, so that only the partitions of the last days are searched: an index look-up in each of 24 months costs
// ten times as much, and reads cold pages of all of them.
const eventsStatement: Statement = {
  name: 'events_of_sessions',
  text: `${events} WHERE session_id = ANY($1::text[]) AND occurred_at >= $2::timestamptz LIMIT $3`,
  types,
}
const cdrsStatement: Statement = {
  name: 'cdrs_of_sessions',
  text: `${cdrs} WHERE session_id = ANY($1::text[]) AND cdr_time >= $2::timestamptz LIMIT $3`,
  types,
}

/**
 * All facts of these sessions with a key time from `from` (milliseconds; null: all times) on, by session id. Resolves to
 * undefined where there are more than `most` events or CDRs of them together.
 */
export async function readFacts(
  client: Queryable,
  sessionIds: readonly string[],
  from: number | null,
  most: number,
): Promise<Map<string, CountedFacts> | undefined> {
  const since = from === null ? '-infinity' : new Date(from).toISOString()
  const values = [arrayOf(sessionIds), since, most + 1]
  const events = await run<EventFact & OfSession>(client, eventsStatement, values)
  if (events.rows.length > most) return undefined
  const cdrs = await run<CdrFact & OfSession>(client, cdrsStatement, values)
  if (cdrs.rows.length > most) return undefined

  const sessions = new Map<string, CountedFacts>()
  const of = ({ session_id }: OfSession, time: number): CountedFacts => {
    const facts = sessions.get(session_id) ?? { events: [], cdrs: [], eventCount: 0, cdrCount: 0, earliest: time }
    facts.earliest = Math.min(facts.earliest, time)
    sessions.set(session_id, facts)
    return facts
  }
  for (const event of events.rows) {
    const facts = of(event, event.occurred_at)
    facts.eventCount = facts.events.push(event)
  }
  for (const cdr of cdrs.rows) {
    const facts = of(cdr, cdr.cdr_time)
    facts.cdrCount = facts.cdrs.push(cdr)
  }
  return sessions
}

// Signed ones first, which others must not crowd out; else those that a call begins and ends with.
const someEventsStatement: Statement = {
  name: 'some_events_of_session',
  text: `(${events} WHERE session_id = $1 ORDER BY signed_by IS NULL, occurred_at, event_key LIMIT $2)
    UNION (${events} WHERE session_id = $1 ORDER BY signed_by IS NULL, occurred_at DESC, event_key DESC LIMIT $2)`,
  types,
}
// The one received last counts.
const someCdrsStatement: Statement = {
  name: 'some_cdrs_of_session',
  text: `${cdrs} WHERE session_id = $1 ORDER BY signed_by IS NULL, received_at DESC, cdr_time DESC, icid DESC LIMIT $2`,
  types,
}
const countStatement: Statement = {
  name: 'count_facts_of_session',
  text: `SELECT e.n AS "eventCount", c.n AS "cdrCount", extract(epoch FROM least(e.t, c.t)) AS earliest
    FROM (SELECT count(*)::int AS n, min(occurred_at) AS t FROM rtc.call_events WHERE session_id = $1) e,
      (SELECT count(*)::int AS n, min(cdr_time) AS t FROM rtc.cdrs WHERE session_id = $1) c`,
  types,
}

/** Of a session with too many facts to read: up to `most` of each kind, the same ones in whatever order they came. */
export async function readSomeFacts(client: Queryable, sessionId: string, most: number): Promise<CountedFacts> {
  const counted = await run<Omit<CountedFacts, 'events' | 'cdrs'>>(client, countStatement, [sessionId])
  const events = await run<EventFact>(client, someEventsStatement, [sessionId, most >> 1])
  const cdrs = await run<CdrFact>(client, someCdrsStatement, [sessionId, most])
  const [counts = { eventCount: 0, cdrCount: 0, earliest: 0 }] = counted.rows
  return { ...counts, events: events.rows, cdrs: cdrs.rows }
}

interface OfSession {
  session_id: string
}

function selected(columns: Readonly<Record<string, 'plain' | 'time'>>): string {
  return Object.entries(columns)
    .map(([name, type]) => (type === 'time' ? `extract(epoch FROM ${name}) AS ${name}` : name))
    .join(', ')
}
