import { createHash } from 'node:crypto'
import type pg from 'pg'
import { storeFacts } from '../support/facts.ts'
import { foldAll } from '../support/folder.ts'
import type { Fact } from './scripted-day.ts'

/** Ways for a call to end: how often of a hundred, and what its CDR says. */
const endings = [
  { of: 62, answers: true, release: 0, q850: 0, sip: 0, state: 0 },
  { of: 12, answers: false, release: 518, q850: 19, sip: 480, state: 8101 },
  { of: 9, answers: false, release: 518, q850: 17, sip: 486, state: 8102 },
  { of: 5, answers: false, release: 518, q850: 20, sip: 480, state: 8104 },
  { of: 4, answers: false, release: 518, q850: 21, sip: 603, state: 8105 },
  { of: 3, answers: false, release: 515, q850: 0, sip: 487, state: 8009 },
  { of: 3, answers: false, release: 7003, q850: 0, sip: 0, state: 7003 },
  { of: 2, answers: false, release: 518, q850: 1, sip: 404, state: 8100 },
] as const

export interface DayOptions {
  now?: Date
  calls?: number
  /** Hours back from now. */
  hours?: number
}

/** A random number in [0, 1) that depends on its arguments alone. */
function chance(seed: string | number, what: string): number {
  return createHash('md5').update(`${seed} ${what}`).digest().readUInt32BE() / 2 ** 32
}

/** Calls of the last day, busy by day in China and quiet at night, as rows: callbacks, with two applications. */
export async function insertDayOfCalls(pool: pg.Pool, options: DayOptions = {}): Promise<void> {
  const { now = new Date(), calls = 1500, hours = 24 } = options
  const events: Fact[] = []
  const cdrs: Fact[] = []
  for (let i = 0; i < calls; i++) {
    // The platform's times are whole seconds.
    const started = Math.floor((now.getTime() - chance(i, 'start') * hours * 3_600_000) / 1000) * 1000
    const hourOfDay = new Date(started + 8 * 3_600_000).getUTCHours()
    if (chance(i, 'busy') > 0.12 + 0.88 * Math.max(0, Math.sin(((hourOfDay - 6) / 17) * Math.PI))) continue
    const [itsEvents, itsCdrs] = callOf(i, started)
    const past = ({ received_at }: Fact) => Date.parse(String(received_at)) <= now.getTime()
    events.push(...itsEvents.filter(past))
    cdrs.push(...itsCdrs.filter(past))
  }
  await store(pool, events, cdrs)
}

/** Stores facts and folds them, with the peaks that maintenance finds. */
export async function store(pool: pg.Pool, events: readonly Fact[], cdrs: readonly Fact[]): Promise<void> {
  await storeFacts(pool, { events: [...events], cdrs: [...cdrs] })
  await foldAll(pool)
  await pool.query('SELECT rtc.find_peaks(10000)')
  await pool.query('ANALYZE ops.calls, rtc.call_events, rtc.cdrs')
}

function callOf(i: number, started: number): [Fact[], Fact[]] {
  const isCallback = chance(i, 'app') < 0.7
  const app_key = isCallback ? 'CallbackApp' : 'NotificationApp'
  const [shown, a, b] = ['+867550000001', `+861380000${pad(i)}`, `+861390000${pad(i * 7)}`]
  const session_id = `1201_${i}_4294967295_${stamp(started)}@callenabler1.example.com`
  const end = ending(chance(i, 'ending') * 100)
  const answersB = end.answers || !isCallback
  let clock = started
  const after = (seconds: number) => {
    clock += Math.max(1, Math.round(seconds)) * 1000
    return clock
  }
  const [alert, answer] = [
    after(2 + chance(i, 'pdd') * 4),
    end.answers || isCallback ? after(3 + chance(i, 'ring') * 14) : undefined,
  ]
  const [fwdStart, fwdAlert] = isCallback ? [after(1), after(2 + chance(i, 'pdd2') * 5)] : [undefined, undefined]
  const fwdAnswer = isCallback && end.answers ? after(2 + chance(i, 'ring2') * 18) : undefined
  const ended = after(end.answers ? 8 + chance(i, 'talk') ** 2 * 400 : 12 + chance(i, 'wait') * 20)

  const legA = { caller: shown, called: a }
  const legB = { caller: shown, called: b }
  const event = (event_type: string, at: number | undefined, fields: Record<string, unknown>) =>
    at === undefined
      ? []
      : [
          {
            session_id,
            event_type,
            occurred_at: iso(at),
            signed_by: app_key,
            received_at: iso(at + 300 + chance(`${i} ${event_type}`, 'delay') ** 6 * 9_000),
            ...fields,
          },
        ]
  const events = [
    ...event('callout', started, legA),
    ...event('alerting', alert, legA),
    ...event('answer', answersB || isCallback ? answer : undefined, legA),
    ...event('callout', fwdStart, legB),
    ...event('alerting', fwdAlert, legB),
    ...event('answer', fwdAnswer, legB),
    ...(isCallback ? event('disconnect', ended, { ...legB, state_code: end.state }) : []),
    ...event('disconnect', ended, { ...legA, state_code: end.state }),
  ]
  // A few CDRs never come.
  if (chance(i, 'lost') < 0.01) return [events, []]
  const cdr = {
    session_id,
    icid: `${session_id}.1`,
    cdr_time: iso(ended),
    direction: 0,
    app_key,
    signed_by: app_key,
    bind_num: shown,
    caller_num: shown,
    callee_num: a,
    call_out_start_time: iso(started),
    call_out_alerting_time: iso(alert),
    call_out_answer_time: answer === undefined ? null : iso(answer),
    call_out_unasw_rsn: isCallback ? 0 : end.q850,
    fwd_dst_num: isCallback ? b : null,
    fwd_display_num: isCallback ? shown : null,
    fwd_start_time: fwdStart === undefined ? null : iso(fwdStart),
    fwd_alerting_time: fwdAlert === undefined ? null : iso(fwdAlert),
    fwd_answer_time: fwdAnswer === undefined ? null : iso(fwdAnswer),
    fwd_unasw_rsn: isCallback ? end.q850 : 0,
    call_end_time: iso(ended),
    fail_time: end.answers ? null : iso(ended),
    ul_fail_reason: end.release,
    sip_status_code: end.sip,
    service_type: isCallback ? '002' : '001',
    record_flag: isCallback && end.answers ? 1 : 0,
    user_data: `order-${i}`,
    received_at: iso(ended + 2_000 + chance(i, 'fee') ** 4 * 70_000),
  }
  return [events, [cdr]]
}

function ending(percent: number): (typeof endings)[number] {
  let below = 0
  return (
    endings.find(({ of }) => {
      below += of
      return percent < below
    }) ?? endings[0]
  )
}

function pad(n: number): string {
  return String(n % 10_000).padStart(4, '0')
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** 20261122090000, as session ids have it. */
function stamp(ms: number): string {
  return iso(ms).slice(0, 19).replace(/\D/g, '')
}
