import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { clusterPaths } from '../../src/embedded-postgres/cluster.ts'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded.ts'
import { findPostmaster, stopPostmaster } from '../../src/embedded-postgres/postmaster.ts'
import { migrate } from '../../src/store/migrate.ts'

/** How Postgres can be made to stop: as by an operator, in a hurry, or by the OOM killer. */
export type StopMode = 'fast' | 'immediate' | 'kill'

const signals = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const
const PREFIX = 'rtc-receiver-faults-postgres-'
const log = { info: () => {}, warn: (line: string) => console.warn(line) }

/** A Postgres that may be broken, with the durability it has by default. */
export class OwnPostgres {
  readonly #directory: string
  readonly #settings: Record<string, string>
  readonly #admins = new Map<string, pg.Pool>()
  #url: string
  #pid: number
  #frozen = false

  private constructor(directory: string, settings: Record<string, string>, started: { url: string; pid: number }) {
    this.#directory = directory
    this.#settings = settings
    this.#url = started.url
    this.#pid = started.pid
  }

  static async start(settings: Record<string, string> = {}): Promise<OwnPostgres> {
    await removeAbandoned()
    const directory = await realpath(await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`)))
    await chmod(directory, 0o755) // as root the server runs as another user
    const started = await startEmbeddedPostgres({ directory: join(directory, 'postgres'), log, settings })
    return new OwnPostgres(directory, settings, started)
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: Number(new URL(this.#url).port) }
  }

  /** The URL of a database, as seen through `port` where that is given. */
  url(database: string, port?: number): string {
    const url = new URL(this.#url)
    url.pathname = `/${database}`
    if (port !== undefined) url.port = String(port)
    return url.href
  }

  /** A new database, migrated unless that is left to the receiver. */
  async createDatabase({ migrated = true } = {}): Promise<string> {
    const name = `faults_${randomBytes(5).toString('hex')}`
    await this.query('rtc', `CREATE DATABASE ${name}`)
    if (migrated) await migrate({ databaseUrl: this.url(name) })
    return name
  }

  /** Runs a statement on a connection of ours, directly. */
  async query<Row extends pg.QueryResultRow>(database: string, text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.admin(database).query<Row>(text, values)).rows
  }

  admin(database: string): pg.Pool {
    const known = this.#admins.get(database)
    if (known) return known
    const pool = new pg.Pool({ connectionString: this.url(database), max: 2, application_name: 'auditor' })
    pool.on('error', () => {})
    this.#admins.set(database, pool)
    return pool
  }

  /** The pool of a database that was ended. */
  forget(database: string): void {
    this.#admins.delete(database)
  }

  async stop(mode: StopMode): Promise<void> {
    await this.#endAdmins()
    await this.thaw()
    process.kill(this.#pid, signals[mode])
    while (isAlive(this.#pid)) await sleep(10)
  }

  async start(): Promise<void> {
    const started = await startEmbeddedPostgres({
      directory: join(this.#directory, 'postgres'),
      log,
      settings: this.#settings,
    })
    this.#url = started.url
    this.#pid = started.pid
  }

  /** Stops the postmaster and its children where they stand, as a machine that swaps or a paused one does. */
  async freeze(): Promise<void> {
    const backends = await this.query<{ pid: number }>('rtc', 'SELECT pid FROM pg_stat_activity')
    this.#frozen = true
    for (const pid of [this.#pid, ...backends.map(({ pid }) => pid)]) kill(pid, 'SIGSTOP')
    this.#stopped = backends.map(({ pid }) => pid)
  }

  #stopped: number[] = []

  async thaw(): Promise<void> {
    if (!this.#frozen) return
    this.#frozen = false
    for (const pid of [this.#pid, ...this.#stopped]) kill(pid, 'SIGCONT')
  }

  /** Ends for good and removes everything. */
  async remove(): Promise<void> {
    if (isAlive(this.#pid)) await this.stop('fast')
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  async #endAdmins(): Promise<void> {
    const pools = [...this.#admins.values()]
    this.#admins.clear()
    await Promise.all(pools.map((pool) => pool.end().catch(() => {})))
  }
}

/** Ends the servers of runs that were killed, and removes their directories. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX) || isAlive(Number.parseInt(name.slice(PREFIX.length), 10))) continue
    const directory = join(await realpath(tmpdir()), name)
    const { data } = clusterPaths(join(directory, 'postgres'))
    const left = await findPostmaster(data)
    if (left) await stopPostmaster(left.pid, data, log)
    await rm(directory, { recursive: true, force: true }).catch(() => {}) // another user's
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
