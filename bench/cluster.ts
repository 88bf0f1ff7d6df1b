import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/embedded-postgres/embedded.ts'
import { migrate } from '../src/store/migrate.ts'
import { Partitions } from '../src/store/partitions.ts'
import { monthStart } from './callbacks.ts'

/**
 * The Postgres of a run: the embedded one as the receiver starts it (fsync, synchronous_commit and full_page_writes
 * on), and one database for each of those that are compared.
 */
export class Cluster {
  readonly #directory: string
  readonly #settings: Record<string, string>
  #server: EmbeddedPostgres
  isUp = true
  #admin: pg.Client | undefined

  private constructor(directory: string, settings: Record<string, string>, server: EmbeddedPostgres) {
    this.#directory = directory
    this.#settings = settings
    this.#server = server
  }

  static async start(settings: Record<string, string>): Promise<Cluster> {
    const directory = await mkdtemp(join(tmpdir(), 'rtc-receiver-bench-'))
    await chmod(directory, 0o755) // as root the server runs as another user
    return new Cluster(directory, settings, await startServer(directory, settings))
  }

  get directory(): string {
    return this.#directory
  }

  get postmaster(): number {
    return this.#server.pid
  }

  url(database: string): string {
    const url = new URL(this.#server.url)
    url.pathname = `/${database}`
    return url.href
  }

  /** Makes a database with the receiver's tables, the partitions of this month among them. */
  async create(database: string): Promise<string> {
    await this.query(`CREATE DATABASE ${database}`)
    const url = this.url(database)
    await migrate({ databaseUrl: url })
    await withClient(url, async (client) => {
      await new Partitions().createAhead(client, new Date(monthStart() * 1000))
    })
    return url
  }

  /** Makes a database with nothing in it. */
  async createEmpty(database: string): Promise<string> {
    await this.query(`CREATE DATABASE ${database}`)
    return this.url(database)
  }

  /** Resolves when there is no session left to be folded. */
  async folded(database: string): Promise<void> {
    await withClient(this.url(database), async (client) => {
      const isLeft = async () => (await client.query('SELECT FROM rtc.unfolded LIMIT 1')).rowCount !== 0
      while (await isLeft()) await sleep(100)
    })
  }

  async query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    if (!this.#admin) {
      this.#admin = new pg.Client({ connectionString: this.#server.url })
      this.#admin.on('error', () => {}) // told by the query that fails
      await this.#admin.connect()
    }
    return (await this.#admin.query<Row>(sql)).rows
  }

  /** Bytes of WAL written since the cluster was made; 0 while it is down. */
  async walBytes(): Promise<number> {
    if (!this.isUp) return 0
    const [row] = await this.query<{ bytes: string }>("SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes")
    return Number(row?.bytes)
  }

  async setting(name: string): Promise<string> {
    const [row] = await this.query<Record<string, string>>(`SHOW ${name}`)
    return Object.values(row ?? {})[0] ?? ''
  }

  /** Takes Postgres away, as a restart of its machine would. */
  async down(): Promise<void> {
    this.isUp = false
    await this.#admin?.end()
    this.#admin = undefined
    await this.#server.stop()
  }

  /** Brings it back, at the same port. */
  async up(): Promise<void> {
    this.#server = await startServer(this.#directory, this.#settings)
    this.isUp = true
  }

  async remove(): Promise<void> {
    await this.down().catch(() => {})
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

function startServer(directory: string, settings: Record<string, string>): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    directory: join(directory, 'postgres'),
    settings,
    log: { info: () => {}, warn: (line) => process.stderr.write(`${line}\n`) },
    refuge: directory,
  })
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
