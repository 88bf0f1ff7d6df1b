import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Audit, audit } from './auditor.ts'
import { Generator } from './generator.ts'
import { sum } from './metrics.ts'
import type { OwnPostgres } from './own-postgres.ts'
import { PostgresRelay } from './postgres-relay.ts'
import { Random } from './random.ts'
import { type ReceiverOptions, ReceiverProcess } from './receiver-process.ts'
import { Watch } from './watch.ts'

/** What has to be known of a server. */
export type Server = Pick<OwnPostgres, 'address' | 'url' | 'createDatabase' | 'query' | 'admin'>

export interface WorldOptions<Postgres extends Server = OwnPostgres> {
  postgres: Postgres
  seed: number
  /** Callbacks a second. */
  rate?: number
  receivers?: number
  /** A deadline shorter than the default makes outages cheaper to test. */
  env?: Record<string, string>
  receiver?: Partial<Pick<ReceiverOptions, 'nodeArgs' | 'user' | 'under' | 'dataDir'>>
  /** False: Postgres is reached directly. */
  relayed?: boolean
  /** False: the receiver migrates. */
  migrated?: boolean
  plain?: boolean
  concurrency?: number
  /** False: receivers are started by the test. */
  started?: boolean
}

export interface Report extends Audit {
  callbacks: number
  accepted: number
  refusals: Record<string, number>
  wrong: string[]
  unbalanced: string[]
  scrapes: number
  /** Records still in a spool. */
  left: number
  setAside: number
}

/** A Postgres, a relay before it, receivers, and a generator that posts to them: what faults are brought into. */
export class World<Postgres extends Server = OwnPostgres> {
  readonly postgres: Postgres
  readonly database: string
  readonly relay: PostgresRelay
  readonly receivers: ReceiverProcess[]
  readonly watches: Watch[]
  readonly generator: Generator
  readonly random: Random
  readonly run: string
  readonly #directory: string
  readonly #relayed: boolean

  private constructor(parts: {
    options: WorldOptions<Postgres>
    database: string
    relay: PostgresRelay
    receivers: ReceiverProcess[]
    directory: string
    run: string
  }) {
    const { options, receivers, run } = parts
    this.postgres = options.postgres
    this.database = parts.database
    this.relay = parts.relay
    this.receivers = receivers
    this.watches = receivers.map((receiver) => new Watch(receiver))
    this.random = new Random(options.seed ^ 0x5eed)
    this.run = run
    this.#directory = parts.directory
    this.#relayed = options.relayed ?? true
    const { seed, rate = 150, plain = false, concurrency = 300 } = options
    this.generator = new Generator({ seed, run, urls: receivers.map(({ url }) => url), rate, plain, concurrency })
  }

  static async create<Postgres extends Server>(options: WorldOptions<Postgres>): Promise<World<Postgres>> {
    const { postgres, receivers: count = 1, env = {}, relayed = true, migrated = true, started = true } = options
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'rtc-receiver-faults-')))
    await chmod(directory, 0o777) // a receiver may run as another user
    const database = await postgres.createDatabase({ migrated })
    const relay = await PostgresRelay.start(postgres.address)
    const databaseUrl = postgres.url(database, relayed ? relay.port : undefined)
    const receivers = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        ReceiverProcess.create({ dataDir: join(directory, `data-${i}`), databaseUrl, env, ...options.receiver }),
      ),
    )
    const run = `r${randomBytes(4).toString('hex')}`
    const world = new World({ options, database, relay, receivers, directory, run })
    if (started) await Promise.all(receivers.map((receiver) => receiver.start()))
    for (const watch of world.watches) watch.start()
    return world
  }

  get receiver(): ReceiverProcess {
    return this.receivers[0] as ReceiverProcess
  }

  get watch(): Watch {
    return this.watches[0] as Watch
  }

  sql(text: string): Promise<Record<string, unknown>[]> {
    return this.postgres.query(this.database, text)
  }

  /** After Postgres was started again it may be elsewhere. */
  async restartPostgres(this: World): Promise<void> {
    await this.postgres.start()
    this.relay.target = this.postgres.address
  }

  /** Waits until a receiver says something in its metrics. */
  async until(holds: (metric: (name: string) => number) => boolean, what: string, ms = 30_000): Promise<void> {
    const until = performance.now() + ms
    for (;;) {
      const found = await this.watch.look()
      if (found && holds((name) => sum(found, name))) return
      if (performance.now() > until) throw new Error(`${what}: not within ${ms} ms\n${this.receiver.output}`)
      await sleep(50)
    }
  }

  /** Ends the load, waits until everything is drained, and compares. */
  async finish({ drainMs = 60_000, clockJumped = false } = {}): Promise<Report> {
    await this.generator.stop()
    const left = await this.#drained(drainMs)
    for (const watch of this.watches) await watch.stop()
    const setAside = this.watches.reduce(
      (total, { last }) => total + (last ? sum(last, 'rtc_spool_set_aside_total') : 0),
      0,
    )
    const found = await audit(this.postgres.admin(this.database), this.run, this.generator, { clockJumped })
    const { callbacks, accepted, refusals, wrong } = this.generator
    return {
      ...found,
      callbacks,
      accepted,
      refusals: Object.fromEntries(refusals),
      wrong,
      unbalanced: this.watches.flatMap(({ unbalanced }) => unbalanced),
      scrapes: this.watches.reduce((total, { scrapes }) => total + scrapes, 0),
      left,
      setAside,
    }
  }

  /** Ends what is left running and removes the files. The database goes with its server. */
  async remove(): Promise<void> {
    await this.generator.stop(0)
    for (const watch of this.watches) await watch.stop()
    for (const receiver of this.receivers) if (receiver.isRunning) await receiver.end('SIGKILL')
    await this.relay.stop()
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 })
  }

  async #drained(ms: number): Promise<number> {
    const until = performance.now() + ms
    for (;;) {
      const scrapes = await Promise.all(this.watches.map((watch) => watch.look()))
      const left = scrapes.reduce(
        (total, found) =>
          total + (found ? sum(found, 'rtc_spool_records') + sum(found, 'rtc_inflight_records') : Number.NaN),
        0,
      )
      if (left === 0 || performance.now() > until) return left
      await sleep(100)
    }
  }

  /** The port receivers use to reach Postgres. */
  get databaseUrl(): string {
    return this.postgres.url(this.database, this.#relayed ? this.relay.port : undefined)
  }
}
