import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

export interface CommandLine {
  args: string[]
  env: Record<string, string>
  input: string
}

const script = fileURLToPath(new URL('warm-cli.mjs', import.meta.url))

/** A process that has loaded the commands, and runs one at a time: warm-cli.mjs says how. */
export class WarmCli {
  readonly #child: ChildProcess
  readonly #ended: Promise<never>
  isBusy = false

  constructor(program: string) {
    const { PATH = '' } = process.env
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const
    // Where no .env lies.
    this.#child = fork(script, [program], { cwd: tmpdir(), env: { PATH }, execArgv: [], stdio: [...stdio] })
    // Its end is ours: without the channel nothing keeps it.
    this.#child.unref()
    this.#child.channel?.unref()
    this.#ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the process that runs commands ended with ${code}`)
    })
    this.#ended.catch(() => {})
  }

  /** Resolves to what the command wrote and how it ended. */
  async run<Exit>(command: CommandLine): Promise<Exit> {
    this.isBusy = true
    const answer = new Promise<Exit>((resolve) => this.#child.once('message', (exit) => resolve(exit as Exit)))
    this.#child.send(command)
    try {
      return await Promise.race([answer, this.#ended])
    } finally {
      this.isBusy = false
    }
  }
}
