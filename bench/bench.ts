import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { recordsOf, type Shape } from './callbacks.ts'
import type { Cluster } from './cluster.ts'
import { commitRows } from './copy.ts'
import type { Result, Task } from './load.ts'
import { cpuSeconds, familyCpuSeconds } from './proc.ts'
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
  /** A built checkout of the first version, to compare with. */
  first?: string
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
  /** Sends again what the job before it sent to the same database. */
  again?: boolean
}

/** What one round of a job found. */
export type Round = Result & {
  records: number
  walBytes: number
  /** CPU seconds from the end of the load until all calls were computed. */
  fold: { program: number; postgres: number }
}

/** The rounds of one job. */
export interface Measured {
  job: Job
  rounds: Round[]
}

/** Runs jobs on one cluster, with the load in a process of its own. */
export class Bench {
  readonly cluster: Cluster
  readonly options: Options
  readonly #say: (line: string) => void
  readonly #load: ChildProcess
  /** Records made so far for each database and kind, so that nothing is sent twice. */
  readonly #made = new Map<string, number>()
  /** Which of them were sent last. */
  readonly #last = new Map<string, { from: number; sent: number }>()
  /** The most callbacks a second of each job so far, to know how many to make beforehand: a bad round says nothing. */
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
  async run(job: Job, seconds: number): Promise<Round> {
    const { shape, connections, systems, rate, again } = job
    const perCallback = job.copy ? commitRows : recordsOf(shape, 1)
    const made = `${job.database} ${shape.kind}`
    const last = this.#last.get(made)
    const next = Math.ceil((this.#made.get(made) ?? 0) / perCallback)
    const guess = rate ?? Math.max(this.#rates.get(keyOf(job)) ?? 0, 100, 4_000 / perCallback)
    const most = Math.ceil(guess * seconds * 1.5)
    const walBefore = await this.cluster.walBytes()
    const result = await this.#send({
      ports: systems.map(({ port }) => port),
      ...(job.copy ? { copyTo: this.cluster.url(job.database) } : {}),
      shape,
      connections,
      seconds,
      ...(rate === undefined ? {} : { rate }),
      ...(again ? { most: last?.sent ?? 0, from: last?.from ?? 0 } : { most, from: next }),
      programs: systems.map(({ pid }) => pid),
      postmaster: this.cluster.postmaster,
    })
    if (result.failures > 0) throw new Error(`${job.name}: ${result.failures} callbacks were not answered 200`)
    const walBytes = (await this.cluster.walBytes()) - walBefore
    if (!again) {
      this.#made.set(made, (next + result.sent) * perCallback)
      this.#last.set(made, { from: next, sent: result.sent })
    }
    const found = result.callbacks / result.seconds
    if (rate === undefined) this.#rates.set(keyOf(job), Math.max(found, this.#rates.get(keyOf(job)) ?? 0))
    return { ...result, records: result.callbacks * perCallback, walBytes, fold: await this.#foldOf(job) }
  }

  /** Waits until calls are computed from what was stored, lest that slow down what is measured next. */
  async #foldOf({ systems, database }: Job): Promise<Round['fold']> {
    const folding = systems.filter(({ folds }) => folds)
    if (folding.length === 0 || !this.cluster.isUp) return { program: 0, postgres: 0 }
    const cpu = () => ({
      program: folding.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
      postgres: familyCpuSeconds(this.cluster.postmaster),
    })
    const before = cpu()
    await this.cluster.folded(database)
    const after = cpu()
    return { program: after.program - before.program, postgres: after.postgres - before.postgres }
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
