/**
 * Invented calls of many days, shaped as the platform reports them, as rows in the text form of COPY. A call is a function
 * of its number alone, so a run that was stopped goes on with the same calls.
 */

export interface History {
  /** The last second that is over, since 1970: nothing has come after it. */
  ends: number
  calls: number
  days: number
}

export const eventColumns = [
  'occurred_at',
  'received_at',
  'stored_at',
  'state_code',
  'event_key',
  'session_id',
  'event_type',
  'caller',
  'called',
  'user_data',
  'digit_info',
  'party_type',
  'state_desc',
  'signed_by',
  'extra',
]

export const cdrColumns = [
  'cdr_time',
  'received_at',
  'stored_at',
  'call_in_time',
  'call_out_start_time',
  'call_out_alerting_time',
  'call_out_answer_time',
  'fwd_start_time',
  'fwd_alerting_time',
  'fwd_answer_time',
  'call_end_time',
  'fail_time',
  'record_start_time',
  'direction',
  'call_out_unasw_rsn',
  'fwd_unasw_rsn',
  'ul_fail_reason',
  'sip_status_code',
  'record_flag',
  'tts_play_times',
  'tts_trans_duration',
  'session_id',
  'icid',
  'sp_id',
  'app_key',
  'bind_num',
  'caller_num',
  'callee_num',
  'fwd_display_num',
  'fwd_dst_num',
  'service_type',
  'host_name',
  'user_data',
  'subscription_id',
  'record_domain',
  'record_bucket_name',
  'record_object_name',
  'signed_by',
]

/** Rows of rtc.apps: the notices of a third application nobody has registered. */
export const apps = [
  ['invented-notices-app-0000001', 'Notices', 'callnotify'],
  ['invented-codes-app-000000002', 'Codes', 'callVerify'],
] as const

interface Kind {
  /** Of a hundred calls. */
  of: number
  app: string
  service: '001' | '002' | '004'
  /** Share of answered calls; of a callback those that B answered too. */
  answered: number
  /** The company's numbers. */
  numbers: readonly string[]
}

const kinds: readonly Kind[] = [
  {
    of: 12,
    app: 'invented-callback-app-000003',
    service: '002',
    answered: 0.6,
    numbers: ['+867550000001', '+867550000002'],
  },
  {
    of: 50,
    app: apps[0][0],
    service: '001',
    answered: 0.66,
    numbers: ['+867550000010', '+867550000011', '+867550000012', '+862100000013'],
  },
  { of: 20, app: apps[1][0], service: '001', answered: 0.82, numbers: ['+867550000020'] },
  {
    of: 16,
    app: 'invented-surveys-app-0000004',
    service: '001',
    answered: 0.58,
    numbers: ['+867550000030', '+867550000031'],
  },
  {
    of: 2,
    app: 'invented-private-app-0000005',
    service: '004',
    answered: 0.7,
    numbers: ['+8613800000099', '+8613800000098'],
  },
]

/** Why a call was not answered, how often of a hundred, and what the records say. */
const failures = [
  { of: 38, rings: true, release: 514, q850: 19, sip: 0, state: 8101, desc: 'No answer from the callee.' },
  { of: 24, rings: false, release: 518, q850: 17, sip: 486, state: 8102, desc: 'The callee is busy.' },
  { of: 12, rings: true, release: 518, q850: 21, sip: 603, state: 8105, desc: 'The callee hangs up.' },
  { of: 9, rings: false, release: 518, q850: 20, sip: 480, state: 8104, desc: 'The callee is powered off.' },
  { of: 6, rings: true, release: 518, q850: 0, sip: 480, state: 8001, desc: 'Call failed.' },
  { of: 5, rings: true, release: 552, q850: 0, sip: 487, state: 8009, desc: 'The caller hangs up.' },
  { of: 4, rings: false, release: 518, q850: 1, sip: 404, state: 8100, desc: 'The number does not exist.' },
  { of: 2, rings: false, release: 519, q850: 0, sip: 0, state: 8103, desc: 'The callee is unreachable.' },
] as const
const success = { rings: true, release: 0, q850: 0, sip: 0, state: 0, desc: 'The user releases the call.' } as const

/** Shares of calls with something unusual about them. */
const lost = { cdr: 0.002, events: 0.003, disconnect: 0.001 }
const corrected = 0.001
const resent = 0.004

const daySeconds = 86_400
/** No record of a call is later than this after its beginning. */
const longestCall = 3 * 3600
const hosts = ['callenabler245.example.com', 'callenabler246.example.com']
const subscribers = 3_000_000
/** Numbers that are called again and again. */
const favourites = 400

const clock = Array.from({ length: daySeconds }, (_, second) => new Date(second * 1000).toISOString().slice(11, 19))
let knownDay = -1
let knownText = ''

/** `yyyy-MM-dd HH:mm:ss`, UTC. */
function time(seconds: number): string {
  const day = Math.floor(seconds / daySeconds)
  if (day !== knownDay) {
    knownDay = day
    knownText = new Date(day * daySeconds * 1000).toISOString().slice(0, 10)
  }
  return `${knownText} ${clock[seconds - day * daySeconds]}`
}

const preciseTime = (seconds: number) =>
  `${time(Math.floor(seconds))}.${String(Math.floor((seconds % 1) * 1000)).padStart(3, '0')}`
const orNull = (seconds: number | undefined) => (seconds === undefined ? '\\N' : time(seconds))

let state = 0
/** Begins the random numbers of a call. */
function seed(call: number): void {
  state = Math.imul(call + 1, 0x9e3779b1) >>> 0
}
/** In [0, 1): mulberry32. */
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), state | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

/** Where in a day of Asia/Shanghai that share of its calls has begun: busy by day, quiet at night. */
const curve = (() => {
  const weights = Array.from({ length: 1440 }, (_, minute) => {
    const hour = minute / 60
    return 0.06 + Math.max(0, Math.sin(((hour - 7.5) / 14) * Math.PI)) * (hour > 12 && hour < 13.5 ? 0.7 : 1)
  })
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  const minuteOf = new Uint16Array(1 << 16)
  let k = 0
  for (const [minute, weight] of weights.entries()) {
    sum += weight / total
    for (; k < minuteOf.length && k / minuteOf.length < sum; k++) minuteOf[k] = minute
  }
  minuteOf.fill(1439, k)
  return minuteOf
})()

/** The first second of the first day: a day of Asia/Shanghai. */
export function firstSecond({ ends, days }: History): number {
  const lastMidnight = Math.floor((ends + 8 * 3600) / daySeconds) * daySeconds - 8 * 3600
  return lastMidnight - (days - 1) * daySeconds
}

function begin(history: History, call: number): number {
  const perDay = Math.ceil(history.calls / history.days)
  const day = Math.floor(call / perDay)
  const share = ((call % perDay) + random()) / perDay
  const minute = curve[Math.floor(share * 65_536)] ?? 0
  return firstSecond(history) + day * daySeconds + minute * 60 + Math.floor(random() * 60)
}

function subscriber(): string {
  const n = random() < 0.01 ? Math.floor(random() * favourites) * 7919 : Math.floor(random() * subscribers)
  return `+861380${String((n * 3 + 1) % 10_000_000).padStart(7, '0')}`
}

function pick<Item extends { of: number }>(items: readonly Item[]): Item {
  let percent = random() * 100
  for (const item of items) {
    percent -= item.of
    if (percent < 0) return item
  }
  return items[0] as Item
}

const key = (call: number, n: number) => `${(call * 16 + n).toString(16).padStart(24, '0')}00000000`

interface Row {
  /** Its own time and when it came, in seconds. */
  at: number
  received: number
  text: string
}

/** What came of a call in one of the tables. */
function rowsOf(history: History, call: number, table: 'events' | 'cdrs'): Row[] {
  seed(call)
  const started = begin(history, call)
  const kind = pick(kinds)
  const isPrivate = kind.service === '004'
  const isCallback = kind.service === '002'
  const a = subscriber()
  const b = isPrivate || isCallback ? subscriber() : undefined
  const own = kind.numbers[Math.floor(random() * kind.numbers.length)] as string
  const isAnswered = random() < kind.answered
  const end = isAnswered ? success : pick(failures)
  // In a callback it is mostly B who does not answer.
  const failsAtB = b !== undefined && !isAnswered && (isPrivate || random() < 0.6)
  const stamp = time(started).replace(/[- :]/g, '')
  const session = isPrivate
    ? `${a}_${own}_4_${call.toString(16)}`
    : `1201_${call % 2048}_4294967295_${stamp}@${hosts[call % 2]}`
  const host = hosts[call % 2] as string
  const userData = random() < 0.7 ? `order-${call}` : '\\N'

  let now = started
  const after = (least: number, spread: number) => {
    now += least + Math.floor(random() * spread)
    return now
  }
  const reachesA = b === undefined ? isAnswered : isAnswered || failsAtB
  const aRings = isPrivate ? undefined : reachesA || end.rings ? after(1, 5) : undefined
  const aAnswers = !isPrivate && reachesA ? after(3, 18) : undefined
  const bStarts = b !== undefined && reachesA ? after(0, 2) : undefined
  const bRings = bStarts !== undefined && (isAnswered || end.rings) ? after(2, 6) : undefined
  const bAnswers = b !== undefined && isAnswered ? after(3, 18) : undefined
  const keys =
    kind.service === '001' && isAnswered && kind.app !== apps[1][0] && random() < 0.2 ? after(4, 12) : undefined
  const ended = isAnswered ? after(6, 20) + Math.floor(random() ** 4 * 900) : after(2, end.rings ? 50 : 4)

  const rows: Row[] = []
  const hasEvents = random() >= lost.events
  let n = 0
  const event = (
    type: string,
    at: number | undefined,
    caller: string,
    called: string,
    { code = '\\N', desc = '\\N', party = '\\N', digits = '\\N' } = {},
  ) => {
    if (at === undefined || !hasEvents) return
    const received = at + 0.2 + random() ** 8 * 20
    if (table !== 'events') return
    const receivedText = preciseTime(received)
    rows.push({
      at,
      received,
      text: `${time(at)}\t${receivedText}\t${receivedText}\t${code}\t${key(call, n++)}\t${session}\t${type}\t${caller}\t${called}\t${userData}\t${digits}\t${party}\t${desc}\t${kind.app}\t\\N\n`,
    })
  }
  const losesDisconnect = random() < lost.disconnect
  const disconnect = {
    code: String(end.state),
    desc: end.desc as string,
    party: isCallback && isAnswered ? (random() < 0.5 ? 'callee' : 'caller') : '\\N',
  }
  if (isPrivate) {
    event('callin', started, a, own)
  } else {
    event('callout', started, own, a)
    event('alerting', aRings, own, a)
    event('answer', aAnswers, own, a)
  }
  if (b !== undefined) {
    event('callout', bStarts, own, b)
    event('alerting', bRings, own, b)
    event('answer', bAnswers, own, b)
    if (bStarts !== undefined && !losesDisconnect) event('disconnect', ended, own, b, disconnect)
  }
  event('collectInfo', keys, '\\N', '\\N', { digits: String(1 + Math.floor(random() * 4)) })
  if (!losesDisconnect && !isPrivate) event('disconnect', ended, own, a, disconnect)

  if (random() < lost.cdr || table === 'events') return rows
  const cdr = (at: number, received: number, number: number) => {
    const receivedText = preciseTime(received)
    const isRecorded = isCallback && isAnswered
    rows.push({
      at,
      received,
      text:
        `${time(at)}\t${receivedText}\t${receivedText}\t${isPrivate ? time(started) : '\\N'}\t${isPrivate ? '\\N' : time(started)}\t` +
        `${orNull(aRings)}\t${orNull(aAnswers)}\t${orNull(bStarts)}\t${orNull(bRings)}\t${orNull(bAnswers)}\t${time(at)}\t` +
        `${isAnswered ? '\\N' : time(at)}\t${isRecorded ? orNull(bAnswers) : '\\N'}\t${isPrivate ? 1 : 0}\t` +
        `${failsAtB ? 0 : end.q850}\t${failsAtB ? end.q850 : 0}\t${end.release}\t${end.sip}\t${isRecorded ? 1 : 0}\t${kind.service === '001' ? 1 : 0}\t0\t` +
        `${session}\tCAE-${stamp}-${call}${number === 0 ? '' : `-${number}`}\tInvented_01\t${kind.app}\t${own}\t` +
        `${isPrivate ? a : own}\t${isPrivate ? own : a}\t${b === undefined ? '\\N' : own}\t${b ?? '\\N'}\t${kind.service}\t${host}\t${userData}\t` +
        `${isPrivate ? `${a}_${call}` : '\\N'}\t${isRecorded ? 'ostor.example.com' : '\\N'}\t${isRecorded ? 'sp-invented' : '\\N'}\t` +
        `${isRecorded ? `${stamp}${call}.wav` : '\\N'}\t${kind.app}\n`,
    })
  }
  // Those that were not answered 200 at once come again an hour apart.
  const comes = ended + 2 + random() ** 4 * 60 + (random() < resent ? 3600 * Math.ceil(random() * 6) : 0)
  cdr(ended, comes, 0)
  if (random() < corrected) cdr(ended + 1 + Math.floor(random() * 30), comes + 1800, 1)
  return rows
}

const pieceBytes = 2 ** 22
/** No call has more. */
const callBytes = 2 ** 13

/** Rows of a table whose time is in [from, to), in seconds, a piece for each COPY. */
export function* pieces(
  history: History,
  table: 'events' | 'cdrs',
  from: number,
  to: number,
): Generator<{ text: Buffer; rows: number }> {
  const perDay = Math.ceil(history.calls / history.days)
  const dayOf = (seconds: number) => Math.floor((seconds - firstSecond(history)) / daySeconds)
  const first = Math.max(0, dayOf(from - longestCall) * perDay)
  const last = Math.min(history.calls, (dayOf(to) + 1) * perDay)
  // Not one long text: text that grows by pieces is a tree, and the garbage collector would do most of the work.
  let buffer = Buffer.allocUnsafe(pieceBytes)
  let length = 0
  let rows = 0
  for (let call = first; call < last; call++) {
    for (const row of rowsOf(history, call, table)) {
      if (row.at < from || row.at >= to || row.received >= history.ends) continue
      length += buffer.write(row.text, length, 'latin1')
      rows++
    }
    if (length < pieceBytes - callBytes) continue
    yield { text: buffer.subarray(0, length), rows }
    buffer = Buffer.allocUnsafe(pieceBytes)
    length = 0
    rows = 0
  }
  if (rows > 0) yield { text: buffer.subarray(0, length), rows }
}
