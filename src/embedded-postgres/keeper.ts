import { within } from '../lib/within.ts'
import { type EmbeddedPostgres, findEmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
import type { Log } from './postmaster.ts'

/** How often it is looked at, in milliseconds: one that is shutting down still serves whom it knows, and nobody else. */
const checkMs = 5_000

/** Keeps the embedded Postgres of a directory running for as long as the receiver runs. */
export class EmbeddedKeeper {
  readonly #directory: string
  readonly #log: Log
  #starting: Promise<EmbeddedPostgres> | undefined
  #current: EmbeddedPostgres | undefined
  #stopping = false
  #check: NodeJS.Timeout | undefined

  constructor(options: { directory: string; log: Log }) {
    this.#directory = options.directory
    this.#log = options.log
  }

  /**
   * Starts or adopts it. Undefined when that takes longer than `patienceMs`, as recovering after a crash may: it goes
   * on, and `ensure` says when it is there. Throws what keeps it from starting.
   */
  async start(patienceMs: number): Promise<EmbeddedPostgres | undefined> {
    // What keeps it from starting is told by whoever needs it next.
    this.#check = setInterval(() => void this.ensure().catch(() => {}), checkMs).unref()
    const started = await within(patienceMs, this.#start())
    if (!started) this.#log.warn('embedded Postgres is still starting: callbacks go to the spool until it is there')
    return started
  }

  /** Its URL, once it runs: started again when it has died, perhaps at another port. */
  async ensure(): Promise<string> {
    const alive = this.#starting ? undefined : await findEmbeddedPostgres(this.#directory)
    return (alive ?? (await this.#start())).url
  }

  /** Stops it for good, also one that is just being started. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearInterval(this.#check)
    await this.#starting?.catch(() => {})
    await this.#current?.stop()
  }

  #start(): Promise<EmbeddedPostgres> {
    if (this.#stopping) return Promise.reject(new Error('the receiver is shutting down'))
    if (this.#current && !this.#starting) this.#log.warn('the embedded Postgres is gone: starting it again')
    this.#starting ??= startEmbeddedPostgres({ directory: this.#directory, log: this.#log })
      .then(async (started) => {
        // Of one that is dead this only stops the handling of its log.
        if (this.#current?.pid !== started.pid) await this.#current?.stop()
        this.#current = started
        return started
      })
      .finally(() => {
        this.#starting = undefined
      })
    return this.#starting
  }
}
