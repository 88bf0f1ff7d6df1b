import { createHash } from 'node:crypto'
import type pg from 'pg'
import { storeFacts } from '../support/facts.ts'
import { foldAll } from '../support/folder.ts'

/**
 * A day of known calls, two days ago, so that everything about it is settled. Times are UTC; the day of Asia/Shanghai
 * runs from 16:00 of the day before to 16:00.
 */
export const day = dayFrom(-2)
export const dayAfter = dayFrom(-1)

export const company = '+8675512345678'
export const display = '+8675587654321'
/** The number of the private-number product that A dials. */
export const x = '+8613800000099'
/** A session id of that product: it holds the numbers. */
export const privateSession = '+8613800000031_+8613800000099_4_ab12cd'

function dayFrom(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
}

/** `HH:mm:ss` of the day, or `yyyy-MM-dd HH:mm:ss`, as ISO 8601. */
const at = (time: string) => `${(time.length > 8 ? time : `${day} ${time}`).replace(' ', 'T')}Z`
const late = (time: string, seconds: number) => new Date(Date.parse(at(time)) + seconds * 1000).toISOString()

/** A row of rtc.call_events or rtc.cdrs, as far as a test minds it. */
export type Fact = Record<string, unknown> & { session_id: string }
type Fields = Record<string, unknown>
type Event = [time: string, type: string, fields?: Fields]

/** Events arrive one second after they happen. */
export function events(session_id: string, app: string, list: Event[]): Fact[] {
  return list.map(([time, event_type, fields]) => {
    const event = {
      session_id,
      event_type,
      occurred_at: at(time),
      received_at: late(time, 1),
      signed_by: app,
      caller: event_type === 'collectInfo' ? null : display,
      called: event_type === 'collectInfo' ? null : '+8613800000021',
      ...fields,
    }
    // The same event again is a duplicate.
    return { ...event, event_key: createHash('md5').update(JSON.stringify(event)).digest('hex') }
  })
}

/** CDRs arrive three seconds after the end. */
export function cdr(session_id: string, end: string, fields: Fields): Fact {
  const times = Object.entries(fields).map(([name, value]) => [
    name,
    name.endsWith('_time') && typeof value === 'string' ? at(value) : value,
  ])
  return {
    session_id,
    icid: `CAE-${session_id}`,
    cdr_time: at(end),
    received_at: late(end, 3),
    signed_by: fields.app_key,
    direction: 0,
    bind_num: company,
    caller_num: display,
    callee_num: '+8613800000021',
    call_out_unasw_rsn: 0,
    fwd_unasw_rsn: 0,
    ul_fail_reason: 0,
    sip_status_code: 0,
    record_flag: 0,
    ...Object.fromEntries(times),
  }
}

const note = { app_key: 'app-note', service_type: '001' } as const
const callback = {
  app_key: 'app-callback',
  service_type: '002',
  fwd_display_num: display,
  fwd_dst_num: '+8613900000022',
} as const
const legB = { called: '+8613900000022' } as const

const note8 = cdr('note-digits', '03:11:08', {
  ...note,
  call_out_start_time: '03:10:00',
  call_out_alerting_time: '03:10:03',
  call_out_answer_time: '03:10:08',
  call_end_time: '03:11:08',
})
const verify = cdr('verify', '03:20:25', {
  app_key: 'app-verify',
  service_type: '001',
  call_out_start_time: '03:20:00',
  call_out_alerting_time: '03:20:02',
  call_out_answer_time: '03:20:05',
  call_end_time: '03:20:25',
  user_data: 'order-77',
  extra: { areaCode: '0755', password: 'secret' },
})
const verifyEvents = events('verify', 'app-verify', [
  ['03:20:00', 'callout'],
  ['03:20:02', 'alerting'],
  ['03:20:05', 'answer'],
  ['03:20:25', 'disconnect', { state_code: 0, state_desc: 'The user releases the call.' }],
])

export const cdrs: Fact[] = [
  cdr('callback-answered', '02:02:25', {
    ...callback,
    call_out_start_time: '02:00:00',
    call_out_alerting_time: '02:00:03',
    call_out_answer_time: '02:00:10',
    fwd_start_time: '02:00:10',
    fwd_alerting_time: '02:00:15',
    fwd_answer_time: '02:00:20',
    call_end_time: '02:02:25',
    record_flag: 1,
    record_start_time: '02:00:21',
    record_domain: 'ostor.example.com',
    record_object_name: '13800000021.wav',
  }),
  cdr('note-busy', '02:10:05', {
    ...note,
    call_out_start_time: '02:10:00',
    fail_time: '02:10:05',
    ul_fail_reason: 519,
    call_out_unasw_rsn: 17,
    sip_status_code: 486,
  }),
  cdr('note-no-answer', '02:21:05', {
    ...note,
    call_out_start_time: '02:20:00',
    call_out_alerting_time: '02:20:05',
    call_end_time: '02:21:05',
    fail_time: '02:21:05',
    ul_fail_reason: 514,
    call_out_unasw_rsn: 19,
  }),
  cdr('note-rejected', '02:30:10', {
    ...note,
    call_out_start_time: '02:30:00',
    call_out_alerting_time: '02:30:04',
    fail_time: '02:30:10',
    ul_fail_reason: 519,
    call_out_unasw_rsn: 21,
    sip_status_code: 603,
  }),
  cdr('callback-cancelled', '02:40:20', {
    ...callback,
    call_out_start_time: '02:40:00',
    call_out_alerting_time: '02:40:02',
    call_out_answer_time: '02:40:06',
    fwd_start_time: '02:40:06',
    fwd_alerting_time: '02:40:10',
    call_end_time: '02:40:20',
    ul_fail_reason: 552,
  }),
  cdr('callback-a-but-not-b', '02:50:50', {
    ...callback,
    call_out_start_time: '02:50:00',
    call_out_alerting_time: '02:50:02',
    call_out_answer_time: '02:50:05',
    fwd_start_time: '02:50:05',
    fwd_alerting_time: '02:50:09',
    fail_time: '02:50:50',
    ul_fail_reason: 518,
    fwd_unasw_rsn: 19,
  }),
  // The real failed call: rang a second, release point 518, SIP 480, both Q.850 0.
  cdr('callback-failed-q850-0', '03:00:07', {
    ...callback,
    call_out_start_time: '03:00:00',
    call_out_alerting_time: '03:00:03',
    call_out_answer_time: '03:00:05',
    fwd_start_time: '03:00:05',
    fwd_alerting_time: '03:00:06',
    call_end_time: '03:00:07',
    fail_time: '03:00:07',
    ul_fail_reason: 518,
    sip_status_code: 480,
  }),
  // Not one code that says why.
  cdr('note-failed-no-reason', '03:05:02', {
    ...note,
    call_out_start_time: '03:05:00',
    fail_time: '03:05:02',
    ul_fail_reason: 519,
  }),
  note8,
  verify,
  cdr(privateSession, '03:31:15', {
    app_key: 'app-private',
    service_type: '004',
    direction: 1,
    bind_num: x,
    caller_num: '+8613800000031',
    callee_num: x,
    fwd_display_num: x,
    fwd_dst_num: '+8613900000032',
    call_in_time: '03:30:00',
    fwd_start_time: '03:30:01',
    fwd_alerting_time: '03:30:05',
    fwd_answer_time: '03:30:15',
    call_end_time: '03:31:15',
    subscription_id: '8613800000031',
  }),
  cdr('lost-status', '03:40:34', {
    ...note,
    call_out_start_time: '03:40:00',
    call_out_alerting_time: '03:40:02',
    call_out_answer_time: '03:40:04',
    call_end_time: '03:40:34',
  }),
  cdr('late-cdr', '04:00:14', {
    ...note,
    call_out_start_time: '04:00:00',
    call_out_alerting_time: '04:00:02',
    call_out_answer_time: '04:00:04',
    call_end_time: '04:00:14',
    received_at: at('09:00:14'),
  }),
  cdr('corrected', '04:10:30', {
    ...note,
    call_out_start_time: '04:10:00',
    call_out_alerting_time: '04:10:02',
    call_out_answer_time: '04:10:05',
    call_end_time: '04:10:30',
  }),
  cdr('corrected', '04:10:50', {
    ...note,
    call_out_start_time: '04:10:00',
    call_out_alerting_time: '04:10:02',
    call_out_answer_time: '04:10:05',
    call_end_time: '04:10:50',
    received_at: at('05:10:50'),
  }),
  cdr('midnight-beijing', '16:01:10', {
    ...note,
    call_out_start_time: '15:59:30',
    call_out_alerting_time: '15:59:33',
    call_out_answer_time: '15:59:40',
    call_end_time: '16:01:10',
  }),
  cdr('midnight-utc', `${dayAfter} 00:00:20`, {
    ...note,
    call_out_start_time: '23:59:30',
    call_out_alerting_time: '23:59:33',
    call_out_answer_time: '23:59:40',
    call_end_time: `${dayAfter} 00:00:20`,
  }),
]

export const callEvents: Fact[] = [
  ...events('callback-answered', 'app-callback', [
    ['02:00:00', 'callout'],
    ['02:00:03', 'alerting'],
    ['02:00:10', 'answer'],
    ['02:00:10', 'callout', legB],
    ['02:00:15', 'alerting', legB],
    ['02:00:20', 'answer', legB],
    ['02:02:25', 'disconnect', { state_code: 0, party_type: 'callee' }],
    ['02:02:25', 'disconnect', { ...legB, state_code: 0, party_type: 'callee' }],
  ]),
  ...events('note-busy', 'app-note', [
    ['02:10:00', 'callout'],
    ['02:10:05', 'disconnect', { state_code: 8102 }],
  ]),
  ...events('note-no-answer', 'app-note', [
    ['02:20:00', 'callout'],
    ['02:20:05', 'alerting'],
    ['02:21:05', 'disconnect', { state_code: 8101 }],
  ]),
  ...events('note-rejected', 'app-note', [
    ['02:30:00', 'callout'],
    ['02:30:04', 'alerting'],
    ['02:30:10', 'disconnect', { state_code: 8001 }],
  ]),
  ...events('callback-cancelled', 'app-callback', [
    ['02:40:00', 'callout'],
    ['02:40:20', 'disconnect', { state_code: 8009 }],
  ]),
  ...events('callback-a-but-not-b', 'app-callback', [
    ['02:50:00', 'callout'],
    ['02:50:05', 'callout', legB],
    ['02:50:50', 'disconnect', { state_code: 8001 }],
  ]),
  ...events('callback-failed-q850-0', 'app-callback', [
    ['03:00:00', 'callout'],
    ['03:00:07', 'disconnect', { state_code: 8001 }],
  ]),
  ...events('note-failed-no-reason', 'app-note', [
    ['03:05:00', 'callout'],
    ['03:05:02', 'disconnect', { state_code: 8001 }],
  ]),
  ...events('note-digits', 'app-note', [
    ['03:10:00', 'callout'],
    ['03:10:03', 'alerting'],
    ['03:10:08', 'answer'],
    ['03:10:30', 'collectInfo', { digit_info: '1' }],
    ['03:10:50', 'collectInfo', { digit_info: '123456' }],
    ['03:11:08', 'disconnect', { state_code: 0 }],
  ]),
  ...verifyEvents,
  ...events(privateSession, 'app-private', [
    ['03:30:00', 'callin', { caller: '+8613800000031', called: x }],
    ['03:30:01', 'callout', { caller: x, called: '+8613900000032' }],
    ['03:30:05', 'alerting', { caller: x, called: '+8613900000032' }],
    ['03:30:15', 'answer', { caller: x, called: '+8613900000032' }],
    ['03:31:15', 'disconnect', { caller: x, called: '+8613900000032', state_code: 0, call_rel_direction: 1 }],
  ]),
  ...events('lost-cdr', 'app-note', [
    ['03:50:00', 'callout'],
    ['03:50:03', 'alerting'],
    ['03:50:06', 'answer'],
    ['03:51:16', 'disconnect', { state_code: 0 }],
  ]),
  ...events('late-cdr', 'app-note', [
    ['04:00:00', 'callout'],
    ['04:00:14', 'disconnect', { state_code: 0 }],
  ]),
  ...events('corrected', 'app-note', [
    ['04:10:00', 'callout'],
    ['04:10:50', 'disconnect', { state_code: 0 }],
  ]),
  ...events('midnight-beijing', 'app-note', [
    ['15:59:30', 'callout'],
    ['16:01:10', 'disconnect', { state_code: 0 }],
  ]),
  ...events('midnight-utc', 'app-note', [
    ['23:59:30', 'callout'],
    [`${dayAfter} 00:00:20`, 'disconnect', { state_code: 0 }],
  ]),
]

/** Stores the day and folds it; the duplicate of 'verify' comes by itself. */
export async function storeDay(pool: pg.Pool): Promise<void> {
  await pool.query(
    `INSERT INTO rtc.apps VALUES ('app-note', 'Notices', 'callnotify'), ('app-verify', 'Codes', 'callVerify')`,
  )
  await store(pool, cdrs, callEvents)
  await store(pool, [verify], verifyEvents)
}

/** Stores facts and folds them. */
export async function store(pool: pg.Pool, cdrs: readonly Fact[], events: readonly Fact[]): Promise<void> {
  await storeFacts(pool, { cdrs: [...cdrs], events: [...events] })
  await foldAll(pool)
}
