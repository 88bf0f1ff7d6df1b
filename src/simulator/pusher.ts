import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject, RecordKind } from '../platform/record.ts'
import { MAX_BATCH, type ReadyCdr } from './cdr-batches.ts'
import type { Delivery } from './ledger.ts'
import type { SimulatorOptions } from './options.ts'
import type { Random } from './random.ts'
import { Signer } from './signer.ts'
import { Slots } from './slots.ts'
import type { Tally } from './tally.ts'
import { Wire } from './wire.ts'

type Urls = Record<RecordKind, string>

/** Up to six times, an hour apart (protocol.md: retries). */
export const RESENDS = 6

/** Sends callbacks by the platform's rules: a status event once, a CDR until it is taken or six re-sends failed. */
export class Pusher {
  readonly #options: SimulatorOptions
  readonly #tally: Tally
  readonly #wire: Wire
  readonly #signer: Signer
  readonly #slots: Slots
  readonly #resending = new Set<Promise<void>>()
  readonly #stop = new AbortController()

  constructor(options: SimulatorOptions, tally: Tally) {
    this.#options = options
    this.#tally = tally
    this.#wire = new Wire(options)
    this.#signer = new Signer({ ...options, form: options.signature })
    this.#slots = new Slots(options.concurrency)
    setMaxListeners(0, this.#stop.signal) // one for each callback that waits to be sent again
  }

  /** Never rejects; nor is it sent again, whatever became of it. */
  async event(random: Random, body: JsonObject, appKey: string, urls: Urls): Promise<void> {
    await this.#pushEvent(random, body, appKey, urls)
    if (!random.chance(this.#options.duplicates)) return
    this.#tally.duplicates += 1
    await this.#pushEvent(random, body, appKey, urls)
  }

  /** Resolves after the first try. What has to be sent again goes on by itself; see `settled`. */
  async cdrs(random: Random, batch: readonly ReadyCdr[]): Promise<void> {
    const [{ appKey, feeUrl } = { appKey: '', feeUrl: '' }] = batch
    const records = batch.map(({ record }) => record)
    const { duplicates, malformed } = this.#options
    const list = [...records]
    for (const record of records) {
      if (list.length >= MAX_BATCH || !random.chance(duplicates)) continue
      this.#tally.duplicates += 1
      list.push(record)
    }
    if (list.length < MAX_BATCH && random.chance(malformed)) {
      this.#tally.malformed += 1
      // One record without any time among good ones, whose neighbours must not suffer.
      list.splice(random.whole(0, list.length), 0, withoutTimes(records[0] ?? {}))
    }
    const body = JSON.stringify({ eventType: 'fee', feeLst: list })
    const send = () => this.#pushCdrs(random, body, records, appKey, feeUrl)
    if (await send()) return
    const resending = this.#resend(send, records.length).finally(() => this.#resending.delete(resending))
    this.#resending.add(resending)
  }

  /** A callback that no receiver can store: cut off, or an event without a session. */
  async malformed(random: Random, appKey: string, urls: Urls): Promise<void> {
    this.#tally.malformed += 1
    const cut = random.chance(0.5)
    const text = JSON.stringify({
      eventType: 'answer',
      statusInfo: { timestamp: '2024-03-05 07:15:00', userData: `malformed-${random.whole(0, 1e9)}` },
    })
    const headers = this.#headers(random, 'status', appKey, urls)
    const answer = await this.#slots.run(() =>
      this.#wire.post(urls.status, headers, cut ? text.slice(0, -9) : text).catch(() => undefined),
    )
    const expected = cut ? 400 : 200
    if (answer !== undefined && answer.status !== expected) {
      this.#tally.wrongAnswer(`malformed callback answered ${answer.status}`)
    }
  }

  /** Resolves when nothing is left to be sent again. */
  async settled(): Promise<void> {
    while (this.#resending.size > 0) await Promise.all(this.#resending)
  }

  /** Gives up what still had to be sent again. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.settled()
    this.#wire.close()
  }

  async #pushEvent(random: Random, body: JsonObject, appKey: string, urls: Urls): Promise<void> {
    const delivery = await this.#push(random, 'status', JSON.stringify(body), 1, appKey, urls)
    this.#options.ledger?.note('status', body, appKey, delivery)
  }

  async #pushCdrs(
    random: Random,
    body: string,
    records: readonly JsonObject[],
    appKey: string,
    feeUrl: string,
  ): Promise<boolean> {
    const delivery = await this.#push(random, 'fee', body, records.length, appKey, { status: feeUrl, fee: feeUrl })
    for (const record of records) this.#options.ledger?.note('fee', record, appKey, delivery)
    return delivery === 'acknowledged'
  }

  async #resend(send: () => Promise<boolean>, records: number): Promise<void> {
    for (let tries = 0; tries < RESENDS; tries++) {
      const waited = await sleep(this.#options.resendMs, true, { signal: this.#stop.signal }).catch(() => false)
      if (!waited) break
      this.#tally.resent += 1
      if (await send()) return
    }
    this.#tally.givenUp += records
  }

  async #push(
    random: Random,
    kind: RecordKind,
    body: string,
    records: number,
    appKey: string,
    urls: Urls,
  ): Promise<Delivery> {
    return this.#slots.run(async () => {
      const headers = this.#headers(random, kind, appKey, urls)
      const sentAt = performance.now()
      const { delivery, failure } = await this.#wire.post(urls[kind], headers, body).then(
        ({ status, body }) => judge(kind, status, body),
        (error: NodeJS.ErrnoException) => ({ delivery: deliveryOf(error), failure: error.code ?? error.name }),
      )
      this.#tally.callback(kind, records, delivery, performance.now() - sentAt, failure)
      return delivery
    })
  }

  #headers(random: Random, kind: RecordKind, appKey: string, urls: Urls): Record<string, string> {
    const { urls: own, signedUrls } = this.#options
    const isOwn = urls[kind] === own[kind]
    return this.#signer.headers(random, kind, appKey, isOwn && signedUrls ? signedUrls : urls)
  }
}

/** 200 counts; where a CDR callback's answer has a resultcode, that must be "0" (protocol.md: answer). */
function judge(kind: RecordKind, status: number, body: string): { delivery: Delivery; failure?: string } {
  if (status !== 200) return { delivery: 'refused', failure: `HTTP ${status}` }
  const [, resultcode] = /"resultcode"\s*:\s*"?([^",}\s]*)/.exec(body) ?? []
  if (kind === 'status' || resultcode === undefined || resultcode === '0') return { delivery: 'acknowledged' }
  return { delivery: 'refused', failure: 'resultcode is not 0' }
}

/** Without a connection nothing was sent. */
function deliveryOf({ code, syscall }: NodeJS.ErrnoException): Delivery {
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'NOT_LOOPBACK' ? 'refused' : 'unanswered'
}

function withoutTimes(record: JsonObject): JsonObject {
  const kept = Object.entries(record).filter(([name]) => !name.endsWith('Time'))
  return { ...Object.fromEntries(kept), userData: 'malformed' }
}
