import type pg from 'pg'
import { inReadOnly } from '../store/ops.ts'
import { createPool } from '../store/pool.ts'
import { Cache } from './cache.ts'
import { type Failed, whyFailed } from './failures.ts'
import { Turns } from './turns.ts'

/** What a panel shows: the rows and when they were read, or why there are none. */
export type Answer<T> = { ok: true; value: T; at: Date } | { ok: false; failed: Failed }

export interface Pace {
  /** Milliseconds for which an answer is shown to others, at least. */
  freshMs: number
  /** Milliseconds after which Postgres ends the query. */
  timeoutMs: number
  /** Whose turn it takes. */
  lane: keyof typeof lanes
}

/**
 * Connections for people who look, beside those for callbacks: two for what everybody sees, which may take its time and
 * is there when the next one looks, and one for what somebody searches for and waits for.
 */
const lanes = { everybody: 2, somebody: 1 }
const connections = lanes.everybody + lanes.somebody

const longestMs = 60_000
/** Lists and searches. */
export const quick: Pace = { freshMs: 10_000, timeoutMs: 5_000, lane: 'somebody' }
/** The plots of the overview, and what changes slowly. */
export const plots: Pace = { freshMs: 10_000, timeoutMs: longestMs, lane: 'everybody' }
export const slow: Pace = { freshMs: 60_000, timeoutMs: longestMs, lane: 'everybody' }

/** Milliseconds after which nobody waits any more. */
const patienceMs = 5_500
/** Milliseconds for reaching Postgres. */
const connectMs = 3_000

type Query<T> = (client: pg.ClientBase) => Promise<T>

/**
 * Reads for the page, over a pool of its own, so that people who look cannot take the connections that callbacks need.
 * Nothing here rejects: an answer that failed says why.
 */
export class Reader {
  readonly #receivers: () => pg.Pool
  readonly #pooler: 'transaction' | undefined
  readonly #cache = new Cache()
  readonly #turns = { everybody: new Turns(lanes.everybody), somebody: new Turns(lanes.somebody) }
  #pool: pg.Pool | undefined
  #poolBeside: pg.Pool | undefined

  /** @param receivers the receiver's pool: another one when Postgres has moved; throws while it is not known where it is */
  constructor(receivers: () => pg.Pool, pooler: 'transaction' | undefined) {
    this.#receivers = receivers
    this.#pooler = pooler
  }

  /**
   * The same name and parameters give the same answer for a while. Whoever does not get one in time sees the one before,
   * or that it takes too long; what comes later is there for the next who asks.
   */
  async read<T>(name: string, pace: Pace, parameters: unknown[], query: Query<T>): Promise<Answer<T>> {
    const { value, before } = this.#cache.get(JSON.stringify([name, parameters]), pace.freshMs, () =>
      this.once(query, pace),
    )
    const answer = await inTime(value)
    const isSlow = !answer.ok && answer.failed.why === 'slow'
    return isSlow && before?.ok ? before : answer
  }

  /** Not kept: for what is searched by personal data, and to see what was changed just now. */
  async once<T>(query: Query<T>, { timeoutMs, lane }: Pace = quick): Promise<Answer<T>> {
    return this.#turns[lane].take(async () => {
      try {
        return { ok: true, value: await inReadOnly(this.#ownPool(), timeoutMs, query), at: new Date() }
      } catch (error) {
        return { ok: false, failed: whyFailed(error) }
      }
    })
  }

  /** After a change everything is read anew. */
  forget(): void {
    this.#cache.clear()
  }

  async close(): Promise<void> {
    await this.#pool?.end()
  }

  #ownPool(): pg.Pool {
    const beside = this.#receivers()
    if (this.#pool === undefined || this.#poolBeside !== beside) {
      this.#pool?.end().catch(() => {})
      this.#poolBeside = beside
      this.#pool = createPool({
        databaseUrl: beside.options.connectionString ?? '',
        size: connections,
        pooler: this.#pooler,
        statementTimeoutMs: longestMs,
        connectTimeoutMs: connectMs,
        onError: () => {}, // the receiver's own pool tells of it
      })
    }
    return this.#pool
  }
}

function inTime<T>(answer: Promise<Answer<T>>): Promise<Answer<T>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer<T>>((resolve) => {
    timer = setTimeout(resolve, patienceMs, { ok: false, failed: { why: 'slow' } })
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
