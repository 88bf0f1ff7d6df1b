import { createSecretKey, type KeyObject } from 'node:crypto'
import type pg from 'pg'
import { insertCdrs } from './cdrs.ts'
import { durabilityWarnings } from './durability.ts'
import { publicError } from './errors.ts'
import { insertEvents } from './events.ts'
import { readDigestKey } from './keys.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import { Partitions } from './partitions.ts'
import { createPool, transaction, withClient } from './pool.ts'

export interface PostgresOptions {
  databaseUrl: string
  migrateDatabaseUrl: string
  /** `manual` leaves migrating to `rtc-receiver migrate` and only checks that it was done. */
  migrate: 'auto' | 'manual'
  poolSize: number
  pooler: 'transaction' | undefined
  statementTimeoutMs: number
  partitionBy: 'month' | 'day'
  /** Brings Postgres back where it is ours to start; does nothing when it runs. */
  revive?: () => Promise<unknown>
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
}

/** What a commit needs besides a connection. */
export interface CommitContext {
  digestKey: KeyObject
  partitions: Partitions
}

/** Thrown where Postgres was never reached, so that its digest key is not known yet. */
export class NotConnectedError extends Error {
  readonly code = '08001'
}

/**
 * The receiver's Postgres. It may be absent when the receiver starts: `probe` does then what starting would have done
 * (migrations, the digest key, partitions ahead) as soon as it can be reached.
 */
export class Postgres {
  readonly pool: pg.Pool
  readonly partitions: Partitions
  readonly #options: PostgresOptions
  #context: CommitContext | undefined

  constructor(options: PostgresOptions) {
    this.#options = options
    this.pool = createPool({
      databaseUrl: options.databaseUrl,
      size: options.poolSize,
      pooler: options.pooler,
      statementTimeoutMs: options.statementTimeoutMs,
      onError: (error) => options.log.warn({ err: publicError(error) }, 'a Postgres connection broke'),
    })
    this.partitions = new Partitions(options.partitionBy)
  }

  get isConnected(): boolean {
    return this.#context !== undefined
  }

  /** Runs `work` on a connection of the pool; a connection that broke is thrown away. */
  async withClient<T>(work: (client: pg.PoolClient, context: CommitContext) => Promise<T>): Promise<T> {
    const context = this.#context
    if (!context) throw new NotConnectedError('Postgres has not been reached yet')
    return withClient(this.pool, (client) => work(client, context))
  }

  /** Rejects while Postgres cannot be written to. Both tables are asked, with no rows: that takes the locks of rows. */
  async probe(): Promise<void> {
    await this.#options.revive?.()
    if (!this.#context) await this.#connect()
    try {
      await this.withClient((client) =>
        transaction(client, async () => {
          await insertEvents(client, [])
          await insertCdrs(client, [])
        }),
      )
    } catch (error) {
      // A table that is not as we think it is: Postgres is there, and the other table need not wait for it.
      if (!publicError(error).code?.startsWith('42')) throw error
    }
  }

  async #connect(): Promise<void> {
    const { log } = this.#options
    await this.#migrate()
    const digestKey = createSecretKey(await withClient(this.pool, readDigestKey))
    await this.partitions.createAhead(this.pool)
    for (const warning of await withClient(this.pool, durabilityWarnings)) log.warn({}, warning)
    this.#context = { digestKey, partitions: this.partitions }
  }

  async #migrate(): Promise<void> {
    const { migrateDatabaseUrl: databaseUrl, log } = this.#options
    if (this.#options.migrate === 'auto') {
      const names = await migrate({ databaseUrl })
      if (names.length > 0) log.info({ migrations: names }, 'migrated')
    } else {
      const pending = await pendingMigrations({ databaseUrl })
      if (pending.length > 0) throw new Error(`migrations are pending, run rtc-receiver migrate: ${pending.join(', ')}`)
    }
  }

  async close(): Promise<void> {
    await this.pool.end()
  }
}
