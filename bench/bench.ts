import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { recordsOf, type Shape } from './callbacks.ts'
import type { Cluster } from './cluster.ts'
import { commitRows } from './copy.ts'
import type { Result, Task } from './load.ts'
import type { System } from './systems.ts'

export interface Options {
  rounds: number
  /** Seconds of load in one round. */
  seconds: number
  quick: boolean
  /** CDRs stored beforehand in the comparison of full tables; 0 leaves it out. */
  stored: number
  /** Where receivers leave their CPU profiles. */
  profile?: string
}

/** One thing to be measured again and again. */
export interface Job {
  name: string
  /** Programs that share the load; none for COPY. */
  systems: System[]
  /** Name of the database, which tells whose records were sent before. */
  database: string
  shape: Shape
  connections: number
  rate?: number
  /** COPY into the database instead of HTTP. */
  copy?: boolean
}

/** The rounds of one job. */
export interface Measured {
  job: Job
  rounds: (Result & { records: number; walBytes: number })[]
}

/** Runs jobs on one cluster, with the load in a process of its own. */
export class Bench {
  readonly cluster: Cluster
  readonly options: Options
  readonly #say: (line: string) => void
  readonly #load: ChildProcess
  /** Records made so far for each database and kind, so that nothing is sent twice. */
  readonly #made = new Map<string, number>()
  /** Callbacks a second of each job when it was last run, to know how many to make beforehand. */
  readonly #rates = new Map<string, number>()

  constructor(cluster: Cluster, options: Options, say: (line: string) => void) {
    this.cluster = cluster
    this.options = options
    this.#say = say
    this.#load = fork(fileURLToPath(new URL('load.ts', import.meta.url)))
  }

  say(line: string): void {
    this.#say(line)
  }

  /** All jobs one after the other, round after round, so that what disturbs the machine disturbs them alike. */
  async rounds(
    jobs: Job[],
    { rounds, seconds }: Pick<Options, 'rounds' | 'seconds'> = this.options,
  ): Promise<Measured[]> {
    const measured = jobs.map((job): Measured => ({ job, rounds: [] }))
    for (const { job } of measured) if (!this.#rates.has(keyOf(job))) await this.run(job, Math.min(1, seconds))
    for (let round = 1; round <= rounds; round++) {
      for (const { job, rounds } of measured) {
        const result = await this.run(job, seconds)
        rounds.push(result)
        this.say(
          `round ${round}: ${job.name}: ${Math.round(result.records / result.seconds)} records/s, p50 ${result.p50.toFixed(2)} ms, p99 ${result.p99.toFixed(1)} ms`,
        )
      }
    }
    return measured
  }

  /** One job for some seconds. */
  async run(job: Job, seconds: number): Promise<Measured['rounds'][number]> {
    const { shape, connections, systems, rate } = job
    const perCallback = job.copy ? commitRows : recordsOf(shape, 1)
    const made = `${job.database} ${shape.kind}`
    const from = Math.ceil((this.#made.get(made) ?? 0) / perCallback)
    const guess = rate ?? this.#rates.get(keyOf(job)) ?? Math.max(100, 4_000 / perCallback)
    const walBefore = await this.cluster.walBytes()
    const result = await this.#send({
      ports: systems.map(({ port }) => port),
      ...(job.copy ? { copyTo: this.cluster.url(job.database) } : {}),
      shape,
      connections,
      seconds,
      ...(rate === undefined ? {} : { rate }),
      most: Math.ceil(guess * seconds * 1.3),
      from,
      programs: systems.map(({ pid }) => pid),
      postmaster: this.cluster.postmaster,
    })
    if (result.failures > 0) throw new Error(`${job.name}: ${result.failures} callbacks were not answered 200`)
    const walBytes = (await this.cluster.walBytes()) - walBefore
    this.#made.set(made, (from + result.sent) * perCallback)
    if (rate === undefined) this.#rates.set(keyOf(job), result.callbacks / result.seconds)
    return { ...result, records: result.callbacks * perCallback, walBytes }
  }

  /** Records of a kind that were sent to a database: the next one is not stored yet. */
  madeFor(database: string, kind: Shape['kind']): number {
    return this.#made.get(`${database} ${kind}`) ?? 0
  }

  /** Leaves out records that are stored already. */
  skip(database: string, kind: Shape['kind'], records: number): void {
    this.#made.set(`${database} ${kind}`, records)
  }

  async #send(task: Task): Promise<Result> {
    const answer = once(this.#load, 'message')
    this.#load.send(task)
    const [{ result, error }] = (await answer) as [{ result?: Result; error?: string }]
    if (!result) throw new Error(error)
    return result
  }

  end(): void {
    this.#load.kill()
  }
}

function keyOf({ name, shape, connections }: Job): string {
  return `${name} ${shape.kind} ${shape.records} ${connections}`
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** Records a second in each round. */
export function rates({ rounds }: Measured): number[] {
  return rounds.map(({ records, seconds }) => records / seconds)
}

/**
 * The median of the ratios of each round: what slowed the machine for a while slowed both of a round.
 */
export function ratio(over: number[], under: number[]): number {
  return median(over.map((value, i) => value / (under[i] as number)))
}
