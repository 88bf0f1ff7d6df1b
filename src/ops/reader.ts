import type pg from 'pg'
import { inReadOnly } from '../store/ops.ts'
import { createPool } from '../store/pool.ts'
import { Cache } from './cache.ts'
import { type Failed, whyFailed } from './failures.ts'

/** What a panel shows: the rows, or why there are none. */
export type Answer<T> = { ok: true; value: T } | { ok: false; failed: Failed }

/** Connections for people who look, beside those for callbacks. */
const connections = 2
/** Milliseconds after which Postgres ends a query of the page, and after which nobody waits for its answer any more. */
const timeoutMs = 4_000
const patienceMs = 6_000

type Query<T> = (client: pg.ClientBase) => Promise<T>

/**
 * Reads for the page, over a pool of its own, so that people who look cannot take the connections that callbacks need.
 * Nothing here rejects: an answer that failed says why.
 */
export class Reader {
  readonly #receivers: () => pg.Pool
  readonly #pooler: 'transaction' | undefined
  readonly #cache = new Cache()
  readonly #waiting: (() => void)[] = []
  #running = 0
  #pool: pg.Pool | undefined
  #poolBeside: pg.Pool | undefined

  /** @param receivers the receiver's pool: another one when Postgres has moved; throws while it is not known where it is */
  constructor(receivers: () => pg.Pool, pooler: 'transaction' | undefined) {
    this.#receivers = receivers
    this.#pooler = pooler
  }

  /**
   * The same name and parameters give the same answer for so many milliseconds. Whoever does not get one in time sees
   * that it takes too long; the answer is kept for the next who asks.
   */
  async read<T>(name: string, freshMs: number, parameters: unknown[], query: Query<T>): Promise<Answer<T>> {
    const answer = this.#cache.get(JSON.stringify([name, parameters]), freshMs, () => this.once(query))
    return inTime(answer)
  }

  /** Not kept: for what is searched by personal data, and to see what was changed just now. */
  async once<T>(query: Query<T>): Promise<Answer<T>> {
    await this.#turn()
    try {
      return { ok: true, value: await inReadOnly(this.#ownPool(), timeoutMs, query) }
    } catch (error) {
      return { ok: false, failed: whyFailed(error) }
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }

  /** After a change everything is read anew. */
  forget(): void {
    this.#cache.clear()
  }

  async close(): Promise<void> {
    await this.#pool?.end()
  }

  /** Waiting for a connection counts as connecting in the pool, and would look as if Postgres were away. */
  async #turn(): Promise<void> {
    while (this.#running >= connections) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
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

function inTime<T>(answer: Promise<Answer<T>>): Promise<Answer<T>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer<T>>((resolve) => {
    timer = setTimeout(resolve, patienceMs, { ok: false, failed: { why: 'slow' } })
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
