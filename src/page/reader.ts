import type pg from 'pg'
import { inLookUp, inReadOnly } from '../store/page/transaction.ts'
import { createPool } from '../store/pool.ts'
import { type Failed, whyFailed } from './failures.ts'

/** What a panel shows, or why there is nothing to show. */
export type Answer<T> = { ok: true; value: T } | { ok: false; failed: Failed }

/** Connections for people who look, beside those for callbacks. */
const connections = 3
/** Milliseconds for one query, and for getting a connection. */
const timeoutMs = 5_000
/** For so long at least everybody who looks at the overview sees the same answer, milliseconds. */
const sharedMs = 5_000
/** And for so many times as long as it took: what is slow does not keep Postgres busy because somebody looks. */
const sharedTimes = 10

type Query<T> = (client: pg.ClientBase) => Promise<T>

/**
 * Reads for the page, over a pool of its own, so that people who look cannot take the connections that callbacks need.
 * Nothing here rejects: an answer that failed says why.
 */
export class Reader {
  readonly #receivers: () => pg.Pool
  readonly #pooler: 'transaction' | undefined
  readonly #shared = new Map<string, { until: number; answer: Promise<unknown> }>()
  /** Queries that have a connection, and when one last got or left it. */
  #inUse = 0
  #usedAt = Number.NEGATIVE_INFINITY
  #pool: pg.Pool | undefined
  #poolBeside: pg.Pool | undefined

  /** @param receivers the receiver's pool: another one when Postgres has moved; throws while it is not known where it is */
  constructor(receivers: () => pg.Pool, pooler: 'transaction' | undefined) {
    this.#receivers = receivers
    this.#pooler = pooler
  }

  read<T>(query: Query<T>): Promise<Answer<T>> {
    return this.#answer(inReadOnly, query)
  }

  /** The same name gives the same answer for some seconds: a wall of screens costs no more than one. */
  share<T>(name: string, query: Query<T>): Promise<Answer<T>> {
    const shared = this.#shared.get(name)
    if (shared && shared.until > performance.now()) return shared.answer as Promise<Answer<T>>
    const asked = performance.now()
    const answer = this.read(query)
    const entry = { until: Number.POSITIVE_INFINITY, answer }
    this.#shared.set(name, entry)
    void answer.then(() => {
      const now = performance.now()
      entry.until = Math.max(asked + sharedMs, now + (now - asked) * sharedTimes)
    })
    return answer
  }

  /** For what is looked up by personal data, which Postgres writes down. */
  lookUp<T>(query: Query<T>): Promise<Answer<T>> {
    return this.#answer(inLookUp, query)
  }

  /** After a change everything is read again. */
  forget(): void {
    this.#shared.clear()
  }

  async close(): Promise<void> {
    await this.#pool?.end()
  }

  async #answer<T>(transaction: typeof inReadOnly, query: Query<T>): Promise<Answer<T>> {
    const asked = performance.now()
    try {
      return { ok: true, value: await transaction(this.#ownPool(), timeoutMs, (client) => this.#using(query(client))) }
    } catch (error) {
      // The driver says the same whether Postgres cannot be reached or other queries have all connections.
      const isBusy = isWaitedInVain(error) && (this.#inUse > 0 || this.#usedAt >= asked)
      return { ok: false, failed: isBusy ? { why: 'busy' } : whyFailed(error) }
    }
  }

  async #using<T>(query: Promise<T>): Promise<T> {
    this.#inUse++
    try {
      return await query
    } finally {
      this.#inUse--
      this.#usedAt = performance.now()
    }
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
        statementTimeoutMs: timeoutMs,
        onError: () => {}, // the receiver's own pool tells of it
      })
    }
    return this.#pool
  }
}

/** No connection was to be had in time. */
function isWaitedInVain(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect'
}
