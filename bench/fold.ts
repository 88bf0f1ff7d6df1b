import { parseArgs } from 'node:util'
import { fold } from '../src/calls/fold.ts'
import type { CdrFact, CodeTables, EventFact, FoldContext, SessionFacts } from '../src/calls/types.ts'
import { median } from './bench.ts'

const help = `tsx bench/fold.ts

  What the fold of a call costs Node, in µs of CPU time: of a notification with five events and a CDR, of a callback with
  eight events and a CDR, and of a call that has no CDR yet. No database.
`

const rounds = 30
/** Rounds until V8 has compiled what is hot. */
const warmUp = 10
const sessions = 2000

const start = Date.UTC(2026, 10, 12, 2)
const answered = {
  en: 'answered call, then a party hung up normally',
  zh: '接通后主动挂机',
  outcome: 'answered',
} as const
const voice = new Map([[0, answered]])
const codes: CodeTables = {
  releasePoints: { voice, privateNumber: voice },
  stateCodes: { voice, privateNumber: voice },
  q850: new Map(),
  sip: new Map(),
  serviceTypes: new Map([
    ['001', { scenario: 'playback', mode: null }],
    ['002', { scenario: 'click2Call', mode: null }],
  ]),
}
const context: FoldContext = {
  codes,
  scenarios: new Map([['app-note', 'callnotify']]),
  references: { signed: Buffer.alloc(32, 1), unsigned: Buffer.alloc(32, 2) },
  now: start + 3_600_000,
  showUserData: false,
}
const shown = '+8675587654321'

function event(i: number, event_type: string, second: number, fields: Partial<EventFact>): EventFact {
  const occurred_at = start + i * 1000 + second * 1000
  return {
    occurred_at,
    received_at: occurred_at + 300,
    event_key: `${i} ${event_type} ${fields.called}`,
    event_type,
    state_code: null,
    call_rel_direction: null,
    caller: null,
    called: null,
    user_data: `order-${i}`,
    digit_info: null,
    party_type: null,
    subscription_id: null,
    notify_mode: null,
    signed_by: 'app-note',
    ...fields,
  }
}

function cdr(i: number, end: number, fields: Partial<CdrFact>): CdrFact {
  const at = start + i * 1000
  return {
    cdr_time: at + end * 1000,
    received_at: at + end * 1000 + 3000,
    call_in_time: null,
    call_out_start_time: at,
    call_out_alerting_time: at + 3000,
    call_out_answer_time: at + 9000,
    fwd_start_time: null,
    fwd_alerting_time: null,
    fwd_answer_time: null,
    call_end_time: at + end * 1000,
    fail_time: null,
    dyn_ivr_start_time: null,
    record_start_time: null,
    direction: 0,
    call_out_unasw_rsn: 0,
    fwd_unasw_rsn: 0,
    ul_fail_reason: 0,
    sip_status_code: 0,
    record_flag: 0,
    call_rel_direction: null,
    icid: `CAE-20261112100000-${i}`,
    sp_id: 'Example_01',
    app_key: 'app-note',
    bind_num: '+8675512345678',
    caller_num: shown,
    callee_num: number(138, i),
    fwd_display_num: null,
    fwd_dst_num: null,
    service_type: '001',
    user_data: `order-${i}`,
    subscription_id: null,
    extend_number: null,
    notify_mode: null,
    dyn_ivr_path: null,
    record_domain: null,
    record_bucket_name: null,
    record_object_name: null,
    record_file_download_url: null,
    signed_by: 'app-note',
    ...fields,
  }
}

function number(prefix: number, i: number): string {
  return `+86${prefix}0000${String(i).padStart(4, '0')}`
}

function session(i: number, events: EventFact[], cdrs: CdrFact[]): SessionFacts {
  const sessionId = `1201_${i}_4294967295_20261112020000@callenabler01.example.com`
  return { sessionId, events, cdrs, placedScenario: null, eventCount: events.length, cdrCount: cdrs.length }
}

function notification(i: number): SessionFacts {
  const a = { caller: shown, called: number(138, i) }
  const events = [
    event(i, 'callout', 0, a),
    event(i, 'alerting', 3, a),
    event(i, 'answer', 9, a),
    event(i, 'collectInfo', 20, { digit_info: '1' }),
    event(i, 'disconnect', 41, { ...a, state_code: 0 }),
  ]
  return session(i, events, [cdr(i, 41, {})])
}

function callback(i: number, hasCdr: boolean): SessionFacts {
  const a = { caller: shown, called: number(138, i) }
  const b = { caller: shown, called: number(139, i) }
  const events = [
    event(i, 'callout', 0, a),
    event(i, 'alerting', 3, a),
    event(i, 'answer', 9, a),
    event(i, 'callout', 10, b),
    event(i, 'alerting', 14, b),
    event(i, 'answer', 20, b),
    event(i, 'disconnect', 80, { ...b, state_code: 0, party_type: 'callee' }),
    event(i, 'disconnect', 80, { ...a, state_code: 0, party_type: 'callee' }),
  ]
  const at = start + i * 1000
  const legB = { fwd_start_time: at + 10_000, fwd_alerting_time: at + 14_000, fwd_answer_time: at + 20_000 }
  const cdrs = hasCdr
    ? [cdr(i, 80, { service_type: '002', fwd_display_num: shown, fwd_dst_num: b.called, ...legB })]
    : []
  return session(i, events, cdrs)
}

function measure(facts: SessionFacts[]): number {
  const figures = []
  for (let round = 0; round < rounds + warmUp; round++) {
    const before = process.cpuUsage()
    for (const one of facts) fold(one, context)
    const { user, system } = process.cpuUsage(before)
    if (round >= warmUp) figures.push((user + system) / facts.length)
  }
  return median(figures)
}

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } })
if (values.help) {
  process.stdout.write(help)
} else {
  const numbered = Array.from({ length: sessions }, (_, i) => i)
  const kinds = {
    'notification, 5 events and a CDR': numbered.map(notification),
    'callback, 8 events and a CDR': numbered.map((i) => callback(i, true)),
    'callback, 8 events': numbered.map((i) => callback(i, false)),
  }
  for (const [name, facts] of Object.entries(kinds)) {
    process.stdout.write(`${name.padEnd(34)} ${measure(facts).toFixed(1)} µs a fold\n`)
  }
}
