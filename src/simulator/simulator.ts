import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordKind } from '../platform/record.ts'
import { invent, makeCall, type SimulatedCall } from './call.ts'
import { CdrBatches, type ReadyCdr } from './cdr-batches.ts'
import type { SimulatorOptions } from './options.ts'
import { callFor, type Outcome, outcomeWeights, type Scenario, scenarioWeights } from './outcomes.ts'
import { Pusher } from './pusher.ts'
import { Random } from './random.ts'
import { type Summary, Tally } from './tally.ts'

/** A call that somebody ordered over the platform's API. */
export interface Order {
  appKey: string
  displayNbr: string
  calleeNbr: string
  userData?: string | undefined
  scenario: Scenario
  outcome?: Outcome | undefined
  /** Undefined: the simulator's own. */
  statusUrl?: string | undefined
  feeUrl?: string | undefined
}

/** Invented fixed-line numbers of the company. */
const displayNumbers = ['+867550000001', '+867550000002', '+862150000003'] as const
/** Applications of calls when none are given; of those that are given, these go with their scenario. */
export const inventedApps: Readonly<Record<Scenario, string>> = {
  callVerify: 'SimulatedVerification',
  callnotify: 'SimulatedNotification',
  click2Call: 'SimulatedCallback',
}
/** Ordered calls are numbered from here, generated ones from 1. */
const firstOrder = 1_000_000_000

/** A stand-in for the platform: makes calls and pushes their callbacks. */
export class Simulator {
  readonly tally = new Tally()
  readonly #options: SimulatorOptions
  readonly #pusher: Pusher
  readonly #batches = new CdrBatches()
  /** When the calls began that are still going on. */
  readonly #active = new Set<SimulatedCall>()
  readonly #playing = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #orders = 0

  constructor(options: SimulatorOptions) {
    this.#options = options
    this.#pusher = new Pusher(options, this.tally)
    setMaxListeners(0, this.#stop.signal) // one for each call that waits
  }

  /** Places the calls of the options. Resolves when every callback is acknowledged or given up, or after `stop`. */
  async run(): Promise<Summary> {
    this.#follow(this.#options.speed === undefined ? this.#runAtFullSpeed() : this.#runInTime())
    await this.settled()
    return this.tally.summary()
  }

  /** Places one call, which goes on by itself. */
  order(order: Order): SimulatedCall {
    const { appKey, displayNbr, calleeNbr, userData, scenario } = order
    const number = firstOrder + this.#orders++
    const random = new Random(this.#options.seed, number)
    const outcome = order.outcome ?? random.weighted(outcomeWeights)
    const startAt = this.#startNow()
    const { seed: run, unknownFields } = this.#options
    const wishes = { number, run, scenario, outcome, appKey, displayNbr, calleeNbr, userData, unknownFields, startAt }
    const call = makeCall(random, wishes)
    const { urls } = this.#options
    this.#follow(this.#play(call, random, { status: order.statusUrl ?? urls.status, fee: order.feeUrl ?? urls.fee }))
    return call
  }

  /** Resolves when no call goes on and nothing is left to be sent again. */
  async settled(): Promise<void> {
    while (this.#playing.size > 0) await Promise.all(this.#playing)
    await this.#pusher.settled()
  }

  /** No further calls or events; what is on its way is finished, what waits to be sent again is given up. */
  async close(): Promise<void> {
    this.#stop.abort()
    while (this.#playing.size > 0) await Promise.all(this.#playing)
    await this.#pusher.close()
  }

  /** Calls one after another in the order of their beginning, so many at a time, each as fast as it is answered. */
  async #runAtFullSpeed(): Promise<void> {
    const { calls, concurrency, urls } = this.#options
    const pace = this.#pacer()
    let next = 1
    let reached = 0
    const work = async () => {
      while (next <= calls && !this.#stop.signal.aborted) {
        const number = next++
        await pace(number)
        const random = new Random(this.#options.seed, number)
        const call = this.#generate(number, random, () => this.#beginningOf(number))
        reached = Math.max(reached, call.startedAt)
        await this.#play(call, random, urls)
        // No call that goes on or is to come ends before the earliest of them began.
        await this.#sendCdrsBefore(Math.min(reached, ...[...this.#active].map(({ startedAt }) => startedAt)))
      }
    }
    await Promise.all(Array.from({ length: concurrency }, work))
    await this.#sendCdrsBefore(Number.POSITIVE_INFINITY)
  }

  /** Calls at a rate, each taking the time it tells. */
  async #runInTime(): Promise<void> {
    const { calls, urls } = this.#options
    const pace = this.#pacer()
    for (let number = 1; number <= calls && !this.#stop.signal.aborted; number++) {
      await pace(number)
      const random = new Random(this.#options.seed, number)
      this.#follow(this.#play(this.#generate(number, random, this.#startNow()), random, urls))
    }
  }

  #generate(number: number, random: Random, startAt: (duration: number) => number): SimulatedCall {
    const { seed: run, apps, unknownFields, event } = this.#options
    const suited = event === undefined ? {} : callFor[event]
    const scenario = this.#options.scenario ?? suited.scenario ?? random.weighted(scenarioWeights)
    const outcome = this.#options.outcome ?? suited.outcome ?? random.weighted(outcomeWeights)
    const own = inventedApps[scenario]
    const isFree = apps.length === 0 || apps.some(({ appKey }) => appKey === own)
    const appKey = isFree ? own : random.pick(apps).appKey
    const displayNbr = random.pick(displayNumbers)
    const calleeNbr = invent(random)
    const userData = random.chance(0.7) ? `order-${String(number).padStart(6, '0')}` : undefined
    const wishes = { number, run, scenario, outcome, appKey, displayNbr, calleeNbr, userData, unknownFields, startAt }
    if (event === undefined) return makeCall(random, wishes)
    // Chance decides whether a callee presses a key.
    for (let tries = 0; tries < 1_000; tries++) {
      const call = makeCall(random, wishes)
      const events = call.events.filter(({ body }) => body.eventType === event).slice(0, 1)
      if (events.length > 0 || event === 'fee') return { ...call, events }
    }
    throw new Error(`no ${scenario} call with outcome ${outcome} has a callback ${event}`)
  }

  async #play(call: SimulatedCall, random: Random, urls: Record<RecordKind, string>): Promise<void> {
    const { reorder, malformed, lostCdrs, speed, event } = this.#options
    const isOrder = call.number >= firstOrder
    this.#active.add(call)
    this.tally.call(call)
    const due = this.#clockOf(call)
    const events = random.chance(reorder) ? random.shuffled(call.events) : call.events
    for (const { at, body } of events) {
      if (!(await due(at))) break
      await this.#pusher.event(random, body, call.appKey, urls)
    }
    if (random.chance(malformed)) await this.#pusher.malformed(random, call.appKey, urls)
    this.#active.delete(call)
    if (this.#stop.signal.aborted) return
    if (event !== undefined && event !== 'fee') return
    if (random.chance(lostCdrs)) {
      this.tally.lostCdrs += 1
      return
    }
    const { number, appKey, endedAt, cdr: record } = call
    this.#batches.add({ number, appKey, endedAt, feeUrl: urls.fee, record })
    // At full speed generated calls wait for those that end in the same second.
    if ((isOrder || speed !== undefined) && (await due(endedAt + 1))) await this.#sendCdrsBefore(endedAt + 1)
  }

  async #sendCdrsBefore(second: number): Promise<void> {
    for (const batch of this.#batches.takeBefore(second)) {
      await this.#pusher.cdrs(new Random(this.#options.seed, ~(batch[0] as ReadyCdr).number), batch)
    }
  }

  #follow(playing: Promise<void>): void {
    const followed = playing.finally(() => this.#playing.delete(followed))
    this.#playing.add(followed)
  }

  /** Waits until an instant of the call has come; at once at full speed. False when the simulator stops. */
  #clockOf({ startedAt }: SimulatedCall): (at: number) => Promise<boolean> {
    const { speed } = this.#options
    const began = performance.now()
    return async (at) => {
      const ms = speed === undefined ? 0 : began + ((at - startedAt) * 1000) / speed - performance.now()
      return ms <= 0 ? !this.#stop.signal.aborted : this.#pause(ms)
    }
  }

  /** The n-th call is due n/rate seconds after the beginning. */
  #pacer(): (number: number) => Promise<unknown> {
    const { rate } = this.#options
    const began = performance.now()
    return async (number) => {
      const ms = rate === undefined ? 0 : began + ((number - 1) * 1000) / rate - performance.now()
      if (ms > 0) await this.#pause(ms)
    }
  }

  #pause(ms: number): Promise<boolean> {
    return sleep(ms, true, { signal: this.#stop.signal }).catch(() => false)
  }

  /** Evenly spread, each no earlier than the one before it: the merging of CDRs goes by that. */
  #beginningOf(number: number): number {
    const { startAt, overS, calls, clockSkewS } = this.#options
    return clockSkewS + startAt + Math.floor(((number - 1) * overS) / calls)
  }

  /** So that the call ends when it has gone by: faster calls than real ones would lie in the future otherwise. */
  #startNow(): (duration: number) => number {
    const { speed = Number.POSITIVE_INFINITY, clockSkewS } = this.#options
    return (duration) => clockSkewS + Math.floor(Date.now() / 1000 - duration * (1 - Math.min(1, 1 / speed)))
  }
}
