import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type pg from 'pg'
import type { Config } from '../config/config.ts'
import { FoldRunner } from '../maintenance/fold-runner.ts'
import { FoldTables } from '../maintenance/fold-tables.ts'
import { timeInZone } from '../store/clock.ts'
import { retryFolds } from '../store/fold-later.ts'
import { readFreshness } from '../store/freshness.ts'
import { extentOfFacts, markNextSlice, markSessions, unfoldedState } from '../store/unfolded.ts'
import { withConnection } from './database.ts'
import { readInput } from './input.ts'
import { printJson, printLines } from './output.ts'
import { bar, progressLine } from './progress.ts'

/** Facts whose sessions are marked at once, and rows that may wait when that is done: new calls wait behind them. */
const sliceRows = 50_000
const waitingRows = 10_000
/** How long nothing has to move before it is taken that no receiver folds. */
const patienceMs = 5_000
const pollMs = 250

interface Options {
  from?: string
  to?: string
  all?: boolean
  session?: string[]
  json?: boolean
}

const help = `
For after a change of code tables, of applications (apps set) or of the rules of a release. The running receiver computes
them, or this command where none runs. Calls some of whose facts retention has removed stay as they are. Calls that could
not be computed before are tried again.`

export function refoldCommand(command: Command): void {
  command
    .option(
      '--from <time>',
      'calls with a fact at this time or later: yyyy-MM-dd or yyyy-MM-dd HH:mm, in TIME_ZONE',
      time,
    )
    .option('--to <time>', 'and before this time', time)
    .option('--all', 'all calls')
    .option(
      '--session <id...>',
      'these sessions; - reads ids from standard input, one a line: those of private numbers may hold phone numbers, and arguments stand in lists of processes',
    )
    .addOption(new Option('--json', 'print JSON'))
    .addHelpText('after', help)
    .action(async (options: Options) => {
      const { from, to, all, session } = options
      const ways = [from ?? to, all, session].filter((way) => way !== undefined)
      if (ways.length !== 1) command.error('error: say which calls: --from and --to, or --all, or --session')
      const sessions = session && (await sessionIds(session))
      await withConnection((client, config) => refold(client, config, { ...options, sessions }))
    })
}

async function sessionIds(words: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (const word of words) {
    if (word !== '-') {
      ids.push(word)
      continue
    }
    ids.push(...(await readInput()).split('\n').flatMap((line) => line.trim() || []))
  }
  if (ids.length === 0) throw new Error('there is no session id on standard input')
  return ids
}

async function refold(
  client: pg.Client,
  config: Config,
  { from, to, sessions: ids, json }: Options & { sessions?: string[] | undefined },
): Promise<void> {
  const line = progressLine()
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const folding = new Folding(client, config, stop.signal)
  let sessions = 0
  try {
    await retryFolds(client)
    if (ids) {
      await markSessions(client, ids)
      sessions = new Set(ids).size
    } else {
      const { first, last } = await extentOfFacts(client)
      const inZone = (text?: string) => (text === undefined ? undefined : timeInZone(client, text, config.timeZone))
      const [begin, end] = [await inZone(from), await inZone(to)]
      // Both ends: times are whole seconds, and the first one belongs to it.
      let done = new Date((begin ?? first ?? new Date()).getTime() - 1)
      const until = new Date(Math.min(end?.getTime() ?? Number.POSITIVE_INFINITY, (last ?? done).getTime() + 1))
      const whole = until.getTime() - done.getTime()
      const whence = done.getTime()
      while (!stop.signal.aborted) {
        const slice = await markNextSlice(client, done, until, sliceRows)
        if (!slice) break
        done = slice.last
        sessions += slice.sessions
        const share = (done.getTime() - whence) / whole
        await folding.untilFewerThan(waitingRows, (rows) =>
          line.show(`${bar(share)} ${count(sessions)} sessions, ${count(rows)} wait`),
        )
      }
    }
    await folding.untilAllOfNow((rows) => line.show(`${bar(1)} ${count(sessions)} sessions, ${count(rows)} wait`))
  } finally {
    line.end()
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
  if (stop.signal.aborted) throw new Error('interrupted: what was marked by then is computed by the receiver')
  const { failed_sessions: failed = 0, large_sessions: large = 0 } = (await readFreshness(client)) ?? {}
  if (json) printJson({ sessions, failed, large })
  else {
    printLines(`${count(sessions)} sessions were computed again`)
    if (large > 0) printLines(`${count(large)} of very many facts are put off: they are computed within the hour`)
  }
  if (failed > 0) throw new Error(`${failed} calls could not be computed: the log of who folded says why`)
}

/** Waits for whoever folds, and does it itself where nobody does. */
class Folding {
  readonly #client: pg.Client
  readonly #signal: AbortSignal
  readonly #runner: FoldRunner
  /** The first row that waits, and since when it is the first. */
  #first: number | null = null
  #since = performance.now()
  #folds = false

  constructor(client: pg.Client, config: Config, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
    const say = (fields: object, message: string) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
    this.#runner = new FoldRunner({
      tables: new FoldTables(config.showUserData),
      log: { info: () => {}, warn: say, error: say },
    })
  }

  async untilFewerThan(most: number, show: (rows: number) => void): Promise<void> {
    await this.#wait(({ rows }) => rows < most, show)
  }

  /** Until all is folded that waits now. */
  async untilAllOfNow(show: (rows: number) => void): Promise<void> {
    const { last } = await unfoldedState(this.#client, 0)
    if (last !== null) await this.#wait(({ first }) => first === null || first > last, show)
  }

  async #wait(
    isOver: (state: { rows: number; first: number | null }) => boolean,
    show: (rows: number) => void,
  ): Promise<void> {
    this.#since = performance.now()
    for (;;) {
      const state = await unfoldedState(this.#client, 1_000_000)
      if (isOver(state) || this.#signal.aborted) return
      show(state.rows)
      if (state.first !== this.#first) this.#since = performance.now()
      this.#first = state.first
      this.#folds ||= performance.now() - this.#since > patienceMs
      const outcome = this.#folds && (await this.#runner.run(this.#client, async () => !this.#signal.aborted))
      if (outcome !== 'done' && outcome !== 'more')
        await sleep(pollMs, undefined, { signal: this.#signal }).catch(() => {})
    }
  }
}

function time(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?$/.test(text))
    throw new InvalidArgumentError('it should be yyyy-MM-dd or yyyy-MM-dd HH:mm')
  return text
}

function count(n: number): string {
  return n.toLocaleString('en')
}
