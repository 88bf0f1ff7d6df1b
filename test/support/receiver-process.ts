import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { variablesFor } from './route.ts'

const main = join(fileURLToPath(new URL('../../dist', import.meta.url)), 'main.js')
/** Lines of its log that are kept, to be shown when a test fails. */
const keptLines = 200

export interface ReceiverOptions {
  dataDir: string
  /** Absent: its embedded Postgres. */
  databaseUrl?: string
  env?: Record<string, string>
  /** Options of node, ahead of the program. */
  nodeArgs?: string[]
  /** A program to start it under, such as strace with its options. */
  under?: string[]
  user?: { uid: number; gid: number }
}

/** The built receiver as a process that may be killed and started again, always at the same ports. */
export class ReceiverProcess {
  readonly options: ReceiverOptions
  readonly url: string
  readonly adminUrl: string
  readonly log: string[] = []
  /** Process numbers of all starts, the present one last. */
  readonly pids: number[] = []
  readonly #database: Record<string, string>
  #child: ChildProcess | undefined
  #exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }> | undefined
  readonly #ports: { port: number; adminPort: number }

  private constructor(
    options: ReceiverOptions,
    ports: { port: number; adminPort: number },
    database: Record<string, string>,
  ) {
    this.options = options
    this.#database = database
    this.#ports = ports
    this.url = `http://127.0.0.1:${ports.port}`
    this.adminUrl = `http://127.0.0.1:${ports.adminPort}`
  }

  static async create(options: ReceiverOptions): Promise<ReceiverProcess> {
    const [port, adminPort] = await freePorts(2)
    const database = options.databaseUrl === undefined ? {} : await variablesFor(options.databaseUrl)
    return new ReceiverProcess(options, { port: port as number, adminPort: adminPort as number }, database)
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** What it wrote last. */
  get output(): string {
    return this.log.join('\n')
  }

  /** Starts it without waiting for anything. */
  spawn(more: Record<string, string> = {}): void {
    const { dataDir, env = {}, nodeArgs = [], under = [], user } = this.options
    const [command = '', ...args] = [...under, process.execPath, ...nodeArgs, main]
    const child = spawn(command, args, {
      env: {
        PATH: process.env.PATH ?? '',
        DATA_DIR: dataDir,
        ...this.#database,
        PORT: String(this.#ports.port),
        ADMIN_PORT: String(this.#ports.adminPort),
        LOG_LEVEL: 'warn',
        ...env,
        ...more,
      },
      // A pipe, for a limit on the size of files would hold for a log file, too.
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    })
    this.#child = child
    if (child.pid) this.pids.push(child.pid)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log.push(...text.trimEnd().split('\n'))
        if (this.log.length > keptLines) this.log.splice(0, this.log.length - keptLines)
      })
    }
    this.#exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
    this.#exited.catch(() => {})
  }

  /** Starts it and waits until it listens. */
  async start(more: Record<string, string> = {}): Promise<void> {
    this.spawn(more)
    await this.listening()
  }

  async listening(ms = 120_000): Promise<void> {
    const until = performance.now() + ms
    while (!(await answers(`${this.adminUrl}/livez`)) || !(await answers(`${this.url}/`))) {
      if (!this.isRunning) throw new Error(`the receiver ended:\n${this.output}`)
      if (performance.now() > until) throw new Error(`the receiver does not listen:\n${this.output}`)
      await sleep(20)
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.isRunning) this.#child?.kill(name)
  }

  /** Signals it and resolves to how it ended. */
  async end(name: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.signal(name)
    return this.exited
  }

  get exited(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return this.#exited ?? Promise.resolve({ code: null, signal: null })
  }

  async readiness(): Promise<{ status: number; body: { status: string; degraded: string[] } }> {
    const response = await fetch(`${this.adminUrl}/readyz`)
    return { status: response.status, body: (await response.json()) as { status: string; degraded: string[] } }
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    async (response) => (await response.arrayBuffer()).byteLength >= 0,
    () => false,
  )
}

/**
 * Ports that nobody has, below those that the system hands out for outgoing connections: from there somebody could take
 * one between two starts, and a client that tries again and again could even connect to itself.
 */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = 12_000 + Math.floor(Math.random() * 20_000)
    if (!ports.includes(port) && (await isFree(port))) ports.push(port)
  }
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
  }
}
