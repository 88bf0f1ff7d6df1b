import { createSecretKey, type KeyObject } from 'node:crypto'
import type pg from 'pg'
import { copyCdrs } from './cdrs.ts'
import { durabilityWarnings } from './durability.ts'
import { ErasedKeys } from './erased-keys.ts'
import { publicError } from './errors.ts'
import { copyEvents } from './events.ts'
import { readDigestKey } from './keys.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import { Partitions } from './partitions.ts'
import { createPool, transaction, withClient } from './pool.ts'
import { makeRoles } from './roles.ts'

export interface PostgresOptions {
  /** Undefined: `revive` says where Postgres is. */
  databaseUrl: string | undefined
  /** Undefined: the same. */
  migrateDatabaseUrl: string | undefined
  /** `manual` leaves migrating to `rtc-receiver migrate` and only checks that it was done. */
  migrate: 'auto' | 'manual'
  poolSize: number
  pooler: 'transaction' | undefined
  statementTimeoutMs: number
  partitionBy: 'month' | 'day'
  /** Brings Postgres back where it is ours to start, and says where it is; does no more when it runs. */
  revive?: () => Promise<string>
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
}

/** How long a statement may take that no callback waits for. */
const backgroundTimeoutMs = 30_000

/** What a commit needs besides a connection. */
export interface CommitContext {
  digestKey: KeyObject
  partitions: Partitions
  erasedKeys: ErasedKeys
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
  readonly partitions: Partitions
  readonly #options: PostgresOptions
  #databaseUrl: string | undefined
  #pool: pg.Pool | undefined
  #background: pg.Pool | undefined
  #forwarding: pg.Pool | undefined
  #context: CommitContext | undefined

  constructor(options: PostgresOptions) {
    this.#options = options
    this.partitions = new Partitions(options.partitionBy)
    if (options.databaseUrl !== undefined) this.#moveTo(options.databaseUrl)
  }

  /** Throws NotConnectedError where it is not known yet where Postgres is. */
  get pool(): pg.Pool {
    if (!this.#pool) throw new NotConnectedError('Postgres has not been reached yet')
    return this.#pool
  }

  /** One connection beside those of callbacks, with time for longer statements. Throws while `isConnected` is false. */
  get background(): pg.Pool {
    if (!this.#background || !this.isConnected) throw new NotConnectedError('Postgres has not been reached yet')
    return this.#background
  }

  /** One more, opened when it is used: whoever forwards waits for no fold, and no fold for it. */
  get forwarding(): pg.Pool {
    if (!this.#forwarding || !this.isConnected) throw new NotConnectedError('Postgres has not been reached yet')
    return this.#forwarding
  }

  /** For those who watch: undefined until it is known where Postgres is. */
  get pools(): Record<'callbacks' | 'background' | 'forwarding', pg.Pool | undefined> {
    return { callbacks: this.#pool, background: this.#background, forwarding: this.#forwarding }
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
    const databaseUrl = await this.#options.revive?.()
    if (databaseUrl !== undefined) this.#moveTo(databaseUrl)
    if (!this.#context) await this.#connect()
    try {
      await this.withClient((client) =>
        transaction(client, async () => {
          await copyEvents(client, [], [])
          await copyCdrs(client, [], [])
        }),
      )
    } catch (error) {
      // A table that is not as we think it is: Postgres is there, and the other table need not wait for it.
      if (!publicError(error).code?.startsWith('42')) throw error
    }
  }

  /** An embedded Postgres that was started again may be at another port. */
  #moveTo(databaseUrl: string): void {
    if (databaseUrl === this.#databaseUrl) return
    const { poolSize: size, pooler, statementTimeoutMs, log } = this.#options
    const onError = (error: Error) => log.warn({ err: publicError(error) }, 'a Postgres connection broke')
    void this.#pool?.end().catch(() => {})
    void this.#background?.end().catch(() => {})
    void this.#forwarding?.end().catch(() => {})
    this.#pool = createPool({ databaseUrl, size, pooler, statementTimeoutMs, onError })
    const background = {
      databaseUrl,
      size: 1,
      pooler,
      statementTimeoutMs: backgroundTimeoutMs,
      connectTimeoutMs: statementTimeoutMs,
      onError,
    }
    this.#background = createPool(background)
    this.#forwarding = createPool(background)
    this.#databaseUrl = databaseUrl
  }

  async #connect(): Promise<void> {
    const { log } = this.#options
    await this.#migrate()
    if (this.#options.revive) await this.#makeRoles()
    const digestKey = createSecretKey(await withClient(this.pool, readDigestKey))
    await this.partitions.createAhead(this.#background ?? this.pool)
    for (const warning of await withClient(this.pool, durabilityWarnings)) log.warn({}, warning)
    this.#context = { digestKey, partitions: this.partitions, erasedKeys: new ErasedKeys() }
  }

  async #migrate(): Promise<void> {
    const { migrateDatabaseUrl, log } = this.#options
    const databaseUrl = migrateDatabaseUrl ?? this.#databaseUrl ?? ''
    if (this.#options.migrate === 'auto') {
      const names = await migrate({ databaseUrl })
      if (names.length > 0) log.info({ migrations: names }, 'migrated')
    } else {
      const pending = await pendingMigrations({ databaseUrl })
      if (pending.length > 0) throw new Error(`migrations are pending, run rtc-receiver migrate: ${pending.join(', ')}`)
    }
  }

  /** The embedded one is ours alone, and `rtc-receiver sql` reads there as rtc_ops: no step for people to forget. */
  async #makeRoles(): Promise<void> {
    try {
      await withClient(this.pool, makeRoles)
    } catch (error) {
      this.#options.log.warn(
        { err: publicError(error) },
        'the database roles could not be made: run rtc-receiver roles',
      )
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool?.end(), this.#background?.end(), this.#forwarding?.end()])
  }
}
