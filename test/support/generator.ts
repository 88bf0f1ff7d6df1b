import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../src/platform/record.ts'
import { Random } from './random.ts'

/** The body of the answer to everything that is taken, byte for byte. */
const ACCEPTED = '{"resultcode":"0","resultdesc":"Success"}'

/** The beginning of a callback, answered 400. */
const GARBAGE = '{"eventType":"answer","statusInfo":'

export type Variant = 'a' | 'b'

/** What is remembered of a record: what was sent of it, and what was answered 200. */
export interface SentRecord {
  table: 'call_events' | 'cdrs'
  /** It lacks its key time, so it belongs into the quarantine. */
  bad: boolean
  sent: Set<Variant>
  acknowledged: Set<Variant>
  attempts: number
}

export interface GeneratorOptions {
  seed: number
  /** Begins every session id of this run. */
  run: string
  /** Where to post; with several each callback goes to one of them at random. */
  urls: string[]
  /** Callbacks a second. */
  rate: number
  /** Callbacks on their way at a time; what comes beyond is not sent and counted as held back. */
  concurrency?: number
  /** New records only, one a callback, events and CDRs in turn, on kept connections: for measurements at a given rate. */
  plain?: boolean
}

interface Planned {
  path: '/rtc/status' | '/rtc/fee'
  body: string
  /** Number and variant of each record. */
  records: [number, Variant][]
}

export interface Answered {
  /** Milliseconds since the generator started, and from sending to the whole answer. */
  at: number
  ms: number
}

/** Times are counted back from here, so that a number always gives the same record. */
const now = Date.now()
const eventTypes = ['callout', 'alerting', 'answer', 'disconnect', 'callin', 'collectInfo']
/** Records in a CDR callback: mostly few, now and then none, as many as documented, or more. */
const feeSizes = [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 5, 8, 13, 0, 50, 51, 60]
const heldForMs = 300
/** After the first try and after later ones: longer and longer. */
const resendAfterMs = 500
const resendWithinMs = 5_000
const mostAttempts = 30

/**
 * Posts uniquely numbered events and CDRs and remembers what was answered 200. Among them are duplicates, records that
 * come late, batches of odd sizes, other orders of keys and blanks, bad records, and CDRs whose key another one has.
 * Like the platform it sends CDRs again that were not answered 200, and events only once.
 */
export class Generator {
  readonly records = new Map<number, SentRecord>()
  readonly answered: Answered[] = []
  /** How often each status or error came instead of 200. */
  readonly refusals = new Map<string, number>()
  /** Answers that break the protocol: there should be none. */
  readonly wrong: string[] = []
  callbacks = 0
  accepted = 0
  heldBack = 0
  urls: string[]
  rate: number
  readonly #options: GeneratorOptions
  readonly #random: Random
  readonly #agent: Agent
  readonly #inFlight = new Set<Promise<void>>()
  readonly #held: { due: number; planned: Planned }[] = []
  readonly #resend: { due: number; record: [number, Variant] }[] = []
  #next = 1
  #running: Promise<void> | undefined
  #stopping = false
  #startedAt = 0

  constructor(options: GeneratorOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#agent = new Agent({ keepAlive: true, maxSockets: 128, scheduling: 'fifo' })
    this.urls = options.urls
    this.rate = options.rate
  }

  start(): void {
    this.#startedAt = performance.now()
    this.#running = this.#run()
  }

  /** Milliseconds since the start. */
  get elapsed(): number {
    return performance.now() - this.#startedAt
  }

  /** Records answered 200 at least once. */
  get acknowledged(): number {
    let count = 0
    for (const { acknowledged } of this.records.values()) if (acknowledged.size > 0) count++
    return count
  }

  /** Sends what is held back and what is to be sent again, waits for the answers, and ends. */
  async stop(patienceMs = 20_000): Promise<void> {
    this.#stopping = true
    await this.#running
    const until = performance.now() + patienceMs
    for (;;) {
      this.#sendDue(true)
      await Promise.all(this.#inFlight)
      if (this.#resend.length === 0 || performance.now() > until) break
      await sleep(100)
    }
    this.#agent.destroy()
  }

  async #run(): Promise<void> {
    let sent = 0
    let since = performance.now()
    let rate = this.rate
    while (!this.#stopping) {
      if (rate !== this.rate) {
        rate = this.rate
        since = performance.now()
        sent = 0
      }
      const due = ((performance.now() - since) / 1000) * rate
      for (; sent < due; sent++) {
        if (this.#inFlight.size >= (this.#options.concurrency ?? 300)) this.heldBack++
        else this.#step()
      }
      this.#sendDue(false)
      await sleep(5)
    }
  }

  #step(): void {
    const planned = this.#options.plain ? this.#plain() : this.#plan()
    if (this.#random.chance(0.1) && !this.#options.plain) {
      this.#held.push({ due: performance.now() + this.#random.next() * heldForMs, planned })
    } else this.#send(planned)
  }

  #sendDue(all: boolean): void {
    const time = performance.now()
    for (let i = this.#held.length - 1; i >= 0; i--) {
      const { due, planned } = this.#held[i] as { due: number; planned: Planned }
      if (due > time && !all) continue
      this.#held.splice(i, 1)
      this.#send(planned)
    }
    // In a composition of their own, as the platform does.
    const again = this.#resend.filter(({ due }) => due <= time || all)
    if (again.length === 0) return
    this.#resend.splice(0, this.#resend.length, ...this.#resend.filter(({ due }) => due > time && !all))
    const records = this.#random.shuffled(again.map(({ record }) => record))
    for (let i = 0; i < records.length; i += 40) this.#send(this.#fee(records.slice(i, i + 40)))
  }

  #plain(): Planned {
    return this.#next % 2 === 0 ? this.#event(this.#fresh('call_events')) : this.#fee([[this.#fresh('cdrs'), 'a']])
  }

  #plan(): Planned {
    const dice = this.#random.next()
    if (dice < 0.5) return this.#event(this.#fresh('call_events'))
    if (dice < 0.51) return this.#event(this.#fresh('call_events', true))
    if (dice < 0.59) return this.#again()
    if (dice < 0.6) return { path: '/rtc/status', body: GARBAGE, records: [] }
    const size = this.#random.pick(feeSizes)
    const records = Array.from({ length: size }, (): [number, Variant] => {
      if (this.#random.chance(0.02)) return [this.#contested(), this.#random.pick(['a', 'b'])]
      return [this.#fresh('cdrs', this.#random.chance(0.02)), 'a']
    })
    return this.#fee(records)
  }

  /** Something that was sent before, in another dress. */
  #again(): Planned {
    const n = this.#random.whole(Math.max(1, this.#next - 2_000), this.#next - 1)
    const record = this.records.get(n)
    if (!record) return this.#event(this.#fresh('call_events'))
    if (record.table === 'call_events') return this.#event(n)
    const others = Array.from({ length: this.#random.whole(0, 4) }, (): [number, Variant] => [this.#fresh('cdrs'), 'a'])
    return this.#fee(
      this.#random.shuffled<[number, Variant]>([
        ...others,
        [n, record.sent.has('b') && this.#random.chance(0.5) ? 'b' : 'a'],
      ]),
    )
  }

  #fresh(table: SentRecord['table'], bad = false): number {
    const n = this.#next++
    this.records.set(n, { table, bad, sent: new Set(), acknowledged: new Set(), attempts: 0 })
    return n
  }

  /** A CDR sent a moment ago, to be sent with another content; or a new one. */
  #contested(): number {
    const n = this.#random.whole(Math.max(1, this.#next - 200), this.#next)
    const record = this.records.get(n)
    return record && record.table === 'cdrs' && !record.bad ? n : this.#fresh('cdrs')
  }

  #event(n: number): Planned {
    const bad = this.records.get(n)?.bad ?? false
    return { path: '/rtc/status', body: this.#write(eventOf(this.#options.run, n, bad)), records: [[n, 'a']] }
  }

  #fee(records: [number, Variant][]): Planned {
    const list = records.map(([n, variant]) => cdrOf(this.#options.run, n, variant, this.records.get(n)?.bad ?? false))
    const feeLst = list.length === 1 && !this.#options.plain && this.#random.chance(0.1) ? list[0] : list
    // Now and then at the wrong path: eventType decides.
    const path = this.#random.chance(0.05) ? '/rtc/status' : '/rtc/fee'
    return { path, body: this.#write({ eventType: 'fee', feeLst }), records }
  }

  #write(body: JsonObject): string {
    if (this.#options.plain || this.#random.chance(0.8)) return JSON.stringify(body)
    return JSON.stringify(reversed(body), null, this.#random.pick([0, 1, '\t']))
  }

  #send(planned: Planned): void {
    const sending = this.#post(planned).finally(() => this.#inFlight.delete(sending))
    this.#inFlight.add(sending)
  }

  async #post({ path, body, records }: Planned): Promise<void> {
    for (const [n, variant] of records) {
      const record = this.records.get(n)
      record?.sent.add(variant)
      if (record) record.attempts++
    }
    this.callbacks++
    const started = performance.now()
    const url = this.#random.pick(this.urls) + path
    const keepAlive = this.#options.plain || this.#random.chance(0.7)
    const answer = await post(url, body, keepAlive ? this.#agent : false).catch((error: Error) => error)
    if (!(answer instanceof Error) && answer.status === 200) {
      if (answer.body !== ACCEPTED || body === GARBAGE) this.wrong.push(answer.body)
      this.accepted++
      this.answered.push({ at: started - this.#startedAt, ms: performance.now() - started })
      for (const [n, variant] of records) this.records.get(n)?.acknowledged.add(variant)
      return
    }
    this.#refused(answer, body)
    for (const [n, variant] of records) {
      const record = this.records.get(n)
      if (record?.table !== 'cdrs' || record.attempts >= mostAttempts) continue
      const wait = Math.min(resendWithinMs, resendAfterMs * 2 ** record.attempts)
      this.#resend.push({ due: performance.now() + (wait * (1 + this.#random.next())) / 2, record: [n, variant] })
    }
  }

  #refused(answer: Answer | Error, body: string): void {
    const what =
      answer instanceof Error ? ((answer as NodeJS.ErrnoException).code ?? answer.message) : `${answer.status}`
    this.refusals.set(what, (this.refusals.get(what) ?? 0) + 1)
    if (answer instanceof Error || (answer.status === 400 && body === GARBAGE)) return
    if (answer.status !== 503 || answer.retryAfter === undefined) this.wrong.push(`${answer.status} ${answer.body}`)
  }
}

interface Answer {
  status: number
  retryAfter: string | undefined
  body: string
}

function post(url: string, body: string, agent: Agent | false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const outgoing = request(url, { method: 'POST', agent, headers, timeout: 30_000 })
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('no answer'), { code: 'NO_ANSWER' })))
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('error', reject)
      // Without the end of the body it was not answered.
      response.on('close', () => {
        if (!response.complete) return reject(Object.assign(new Error('answer cut'), { code: 'ANSWER_CUT' }))
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body: text })
      })
    })
    outgoing.end(body)
  })
}

/** The session id of a record's number, and back. */
export function sessionOf(run: string, n: number): string {
  return `${run}-${n}`
}

export function numberOf(run: string, sessionId: string): number | undefined {
  const n = sessionId.startsWith(`${run}-`) ? Number(sessionId.slice(run.length + 1)) : Number.NaN
  return Number.isInteger(n) ? n : undefined
}

/** What the field userData of a record says, to know it again. */
export function mark(n: number, variant: Variant): string {
  return `u${n}${variant}`
}

function eventOf(run: string, n: number, bad: boolean): JsonObject {
  const statusInfo = {
    sessionId: sessionOf(run, n),
    ...(bad ? {} : { timestamp: timeOf(n) }),
    caller: '+8613800000022',
    called: '+8613800000021',
    userData: mark(n, 'a'),
  }
  return { eventType: eventTypes[n % eventTypes.length] ?? 'answer', statusInfo }
}

function cdrOf(run: string, n: number, variant: Variant, bad: boolean): JsonObject {
  return {
    direction: 0,
    spId: 'sp',
    appKey: 'app',
    icid: `icid-${n}`,
    bindNum: '+8675500000000',
    sessionId: sessionOf(run, n),
    callerNum: '+8613800000022',
    calleeNum: '+8613800000021',
    ...(bad ? {} : { callEndTime: timeOf(n) }),
    ulFailReason: n % 7,
    userData: mark(n, variant),
    somethingNew: { kept: n },
  }
}

/** Mostly of these days; some of last month, so that partitions are made on the way; some from before 2024. */
export function timeOf(n: number): string {
  const back = n % 97 === 0 ? 40 * 86_400_000 : n % 101 === 0 ? 7 * 365 * 86_400_000 : (n % 7_200) * 1000
  return new Date(now - back).toISOString().slice(0, 19).replace('T', ' ')
}

/** The same with the members of each object in opposite order. */
function reversed(value: unknown): JsonObject {
  const walk = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(walk)
    if (typeof inner !== 'object' || inner === null) return inner
    return Object.fromEntries(
      Object.entries(inner)
        .reverse()
        .map(([key, member]) => [key, walk(member)]),
    )
  }
  return walk(value) as JsonObject
}
