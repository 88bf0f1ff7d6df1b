import { fold } from '../../src/calls/fold.ts'
import type { CdrFact, EventFact, FoldContext, FoldedCall, SessionFacts } from '../../src/calls/types.ts'
import { readAppScenarios, readCodeTables } from '../../src/store/codes.ts'
import { freshDatabase } from '../support/database.ts'

export const company = '+8675512345678'
export const display = '+8675587654321'
export const a = '+8613800000021'
export const b = '+8613900000022'
/** Private number: who calls, the number lent by the platform, and the callee. */
export const caller = '+8613800000031'
export const x = '+8617012340001'
export const callee = '+8613900000032'

const day = '2026-11-12'

/** 10:00:05 of the day of most tests, or a whole `yyyy-MM-dd HH:mm:ss`, as milliseconds; UTC. */
export function at(time: string): number {
  return Date.parse(`${time.length > 8 ? time.replace(' ', 'T') : `${day}T${time}`}Z`)
}

/** 10:00:05, of times of that day. */
export function clock(time: number | null): string | null {
  if (time === null) return null
  const text = new Date(time).toISOString()
  return text.startsWith(day) ? text.slice(11, 19) : text.slice(0, 19).replace('T', ' ')
}

let events = 0

/** An event that came a second after it happened. */
export function event(event_type: string, time: string, fields: Partial<EventFact> = {}): EventFact {
  return {
    occurred_at: at(time),
    received_at: at(time) + 1000,
    event_key: String(events++).padStart(32, '0'),
    event_type,
    state_code: null,
    call_rel_direction: null,
    caller: null,
    called: null,
    user_data: null,
    digit_info: null,
    party_type: null,
    subscription_id: null,
    notify_mode: null,
    signed_by: null,
    ...fields,
  }
}

type Times = {
  [Name in keyof CdrFact as Name extends `${string}_time` ? Name : never]?: string | null
}
export type CdrFields = Partial<Omit<CdrFact, keyof Times>> & Times

const keyTimes = [
  'call_end_time',
  'fail_time',
  'fwd_answer_time',
  'fwd_alerting_time',
  'fwd_start_time',
  'call_out_answer_time',
  'call_out_alerting_time',
  'call_out_start_time',
  'call_in_time',
] as const

/** A CDR that came three seconds after its key time; times as text. */
export function cdr(fields: CdrFields): CdrFact {
  const key = fields.cdr_time ?? keyTimes.map((name) => fields[name]).find((time) => time) ?? '10:00:00'
  const times = Object.entries(fields).filter(([name, value]) => name.endsWith('_time') && typeof value === 'string')
  return {
    received_at: at(key) + 3000,
    call_in_time: null,
    call_out_start_time: null,
    call_out_alerting_time: null,
    call_out_answer_time: null,
    fwd_start_time: null,
    fwd_alerting_time: null,
    fwd_answer_time: null,
    call_end_time: null,
    fail_time: null,
    dyn_ivr_start_time: null,
    record_start_time: null,
    direction: null,
    call_out_unasw_rsn: null,
    fwd_unasw_rsn: null,
    ul_fail_reason: null,
    sip_status_code: null,
    record_flag: null,
    call_rel_direction: null,
    icid: '',
    sp_id: null,
    app_key: null,
    bind_num: null,
    caller_num: null,
    callee_num: null,
    fwd_display_num: null,
    fwd_dst_num: null,
    service_type: null,
    user_data: null,
    subscription_id: null,
    extend_number: null,
    notify_mode: null,
    dyn_ivr_path: null,
    record_domain: null,
    record_bucket_name: null,
    record_object_name: null,
    record_file_download_url: null,
    signed_by: null,
    ...fields,
    ...Object.fromEntries(times.map(([name, time]) => [name, at(time as string)])),
    cdr_time: at(key),
  } as CdrFact
}

/** A notification that was answered at 10:00:05 and ended at 10:01:00. */
export function notification(fields: CdrFields = {}): CdrFact {
  return cdr({
    service_type: '001',
    app_key: 'app-note',
    bind_num: company,
    caller_num: display,
    callee_num: a,
    call_out_start_time: '10:00:00',
    call_out_alerting_time: '10:00:02',
    call_out_answer_time: '10:00:05',
    call_end_time: '10:01:00',
    ul_fail_reason: 0,
    ...fields,
  })
}

/** A callback: A answered at 10:00:06, B at 10:00:15, and it ended at 10:02:00. */
export function callback(fields: CdrFields = {}): CdrFact {
  return cdr({
    service_type: '002',
    app_key: 'app-callback',
    bind_num: company,
    caller_num: display,
    callee_num: a,
    fwd_display_num: display,
    fwd_dst_num: b,
    call_out_start_time: '10:00:00',
    call_out_alerting_time: '10:00:02',
    call_out_answer_time: '10:00:06',
    fwd_start_time: '10:00:07',
    fwd_alerting_time: '10:00:10',
    fwd_answer_time: '10:00:15',
    call_end_time: '10:02:00',
    ul_fail_reason: 0,
    ...fields,
  })
}

/** A private-number call, AXB: answered at 10:00:10 and ended at 10:02:10. */
export function privateNumber(fields: CdrFields = {}): CdrFact {
  return cdr({
    service_type: '004',
    app_key: 'app-private',
    direction: 1,
    bind_num: x,
    caller_num: caller,
    callee_num: x,
    fwd_display_num: x,
    fwd_dst_num: callee,
    subscription_id: 'binding-1',
    call_in_time: '10:00:00',
    fwd_start_time: '10:00:01',
    fwd_alerting_time: '10:00:04',
    fwd_answer_time: '10:00:10',
    call_end_time: '10:02:10',
    ul_fail_reason: 0,
    ...fields,
  })
}

export const legA = { caller: display, called: a }
export const legB = { caller: display, called: b }

/** Events of an answered callback, 10:00:00 to 10:02:00. */
export function callbackEvents(fields: Partial<EventFact> = {}): EventFact[] {
  return [
    event('callout', '10:00:00', { ...legA, ...fields }),
    event('alerting', '10:00:02', { ...legA, ...fields }),
    event('answer', '10:00:06', { ...legA, ...fields }),
    event('callout', '10:00:07', { ...legB, ...fields }),
    event('alerting', '10:00:10', { ...legB, ...fields }),
    event('answer', '10:00:15', { ...legB, ...fields }),
    event('disconnect', '10:02:00', { ...legB, state_code: 0, ...fields }),
    event('disconnect', '10:02:00', { ...legA, state_code: 0, ...fields }),
  ]
}

/** A context with the code tables as the migrations make them; it is three hours after the calls of most tests. */
export async function foldContext(fields: Partial<FoldContext> = {}): Promise<FoldContext> {
  const { pool, drop } = await freshDatabase()
  const context: FoldContext = {
    codes: await readCodeTables(pool),
    scenarios: await readAppScenarios(pool),
    references: { signed: Buffer.alloc(32, 1), unsigned: Buffer.alloc(32, 2) },
    now: at('13:00:00'),
    showUserData: false,
    ...fields,
  }
  await drop()
  return context
}

export function session(facts: (EventFact | CdrFact)[], fields: Partial<SessionFacts> = {}): SessionFacts {
  const events = facts.filter((fact) => 'event_key' in fact)
  const cdrs = facts.filter((fact) => 'cdr_time' in fact)
  return {
    sessionId: 'session-1',
    events,
    cdrs,
    placedScenario: null,
    eventCount: events.length,
    cdrCount: cdrs.length,
    ...fields,
  }
}

/** Folds facts of one session. */
export function folder(context: FoldContext) {
  return (facts: (EventFact | CdrFact)[], fields: Partial<FoldContext & SessionFacts> = {}): FoldedCall =>
    fold(session(facts, fields), { ...context, ...fields })
}

/** A callback body of the platform, as facts: for bodies as they are documented. */
export function factsOf(body: PlatformBody): (EventFact | CdrFact)[] {
  const { eventType, statusInfo, feeLst = [] } = body
  if (statusInfo) {
    const { timestamp, ...rest } = columns(statusInfo)
    return [{ ...event(eventType, timestamp as string), ...(rest as Partial<EventFact>) }]
  }
  return feeLst.map((record) => cdr(columns(record) as CdrFields))
}

export interface PlatformBody {
  eventType: string
  statusInfo?: Record<string, string | number>
  feeLst?: Record<string, string | number>[]
}

/** Text columns that a sender may fill with numbers; the receiver widens those to text. */
const texts = /^(digit_info|.*_num|service_type)$/

function columns(record: Record<string, string | number>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => {
      const column = name.replace('IVR', 'Ivr').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      return [column, texts.test(column) ? String(value) : value]
    }),
  )
}
