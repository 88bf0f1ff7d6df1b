import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { clusterPaths } from '../../src/embedded-postgres/cluster.ts'
import { findPostmaster, stopPostmaster } from '../../src/embedded-postgres/postmaster.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { atEndOfFile } from './end-of-file.ts'
import { send } from './http.ts'
import { leaks } from './leaks.ts'
import { variablesFor } from './route.ts'
import { WarmCli } from './warm-cli.ts'

const dist = fileURLToPath(new URL('../../dist', import.meta.url))

export interface LogLine {
  level: string
  time: string
  msg: string
  [field: string]: unknown
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface ProgramOptions {
  /** Variables beside DATABASE_URL, DATA_DIR, the ports and a patient deadline; nothing else of our own environment is passed on. */
  env?: Record<string, string>
  /** The program's Postgres: a fresh database by default, any URL, or its own embedded one. */
  database?: TestDatabase | 'embedded' | { url: string }
  /** One that is there already, for a second start. */
  dataDir?: string
  /** False: started with Postgres away, or with migrations pending. Only startProgram looks at it. */
  connected?: boolean
}

/** The built receiver in a process of its own. It is ended, and its data removed, at the end of the test file. */
export interface Program {
  url: string
  adminUrl: string
  dataDir: string
  pid: number
  /** What it was started with. */
  env: Record<string, string>
  lines: LogLine[]
  /** Everything it has written, log and all. */
  output(): string
  /** Resolves to the first log line with this message, now or later. */
  logged(message: string | RegExp): Promise<LogLine>
  signal(name: NodeJS.Signals): void
  exited: Promise<Exit>
}

/** A DATA_DIR that is gone after the test file, and with it the Postgres that may run in it. */
export async function temporaryDataDir(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'rtc-receiver-test-data-')))
  // When we are root the embedded Postgres runs as another user, who has to get in.
  await chmod(directory, 0o755)
  atEndOfFile(() => removeDataDir(directory))
  return directory
}

/**
 * Starts the receiver and resolves when it listens and has reached Postgres, for which it waits only a second itself:
 * what a test posts shall not come by way of the spool. Rejects with what it wrote when it ends before that.
 */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const program = await spawnProgram(options)
  const listening = program.logged('listening')
  const ended = program.exited.then(({ code, stdout, stderr }) => {
    throw new Error(`the receiver ended with ${code}: ${stderr || stdout}`)
  })
  const { url, adminUrl } = await Promise.race([listening, ended])
  if (options.connected ?? true) {
    const degraded = async (): Promise<string[]> =>
      JSON.parse((await send(`${adminUrl}/readyz`, undefined, { method: 'GET' })).body).degraded
    const isThere = (reasons: string[]) => !reasons.some((reason) => reason.startsWith('Postgres is away'))
    await Promise.race([eventually(degraded, isThere, 50_000), ended])
  }
  ended.catch(() => {})
  return Object.assign(program, { url: String(url), adminUrl: String(adminUrl) })
}

/** The same, without waiting for anything: for starts that fail or are interrupted. */
export async function spawnProgram(options: ProgramOptions = {}): Promise<Program> {
  const database = options.database ?? (await freshDatabase())
  const dataDir = options.dataDir ?? (await temporaryDataDir())
  const env = {
    DATA_DIR: dataDir,
    PORT: '0',
    ADMIN_PORT: '0',
    // On a busy machine Postgres may be late, and what a test looks for would come by way of the spool.
    COMMIT_DEADLINE_MS: '30000',
    // All it can say, so that `leaks` has all of it to look at.
    LOG_LEVEL: 'trace',
    ...(database === 'embedded' ? {} : await variablesFor(database.url)),
    ...options.env,
  }
  atEndOfFile(() => {
    const found = leaks(child.output(), env)
    expect(found, 'a program wrote what it must not: numbers, userData, tokens, secrets, digests').toEqual([])
  })
  const child = spawnNode(['main.js'], env)
  const lines: LogLine[] = []
  const waiting = new Set<() => void>()
  createInterface(child.process.stdout).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line))
    for (const look of waiting) look()
  })
  return {
    url: '',
    adminUrl: '',
    dataDir,
    pid: child.process.pid as number,
    env,
    lines,
    output: child.output,
    logged: (message) =>
      new Promise((resolve) => {
        const look = () => {
          const line = lines.find(({ msg }) => (typeof message === 'string' ? msg === message : message.test(msg)))
          if (!line) return
          waiting.delete(look)
          resolve(line)
        }
        waiting.add(look)
        look()
      }),
    signal: (name) => void child.process.kill(name),
    exited: child.exited,
  }
}

/**
 * Runs a command of ops to its end, in the environment of a program or another one. Commands that a test runs at the
 * same time, and those with variables that Node reads when it starts, have processes of their own.
 */
export async function cli(
  args: string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
): Promise<Exit> {
  const { PATH = '' } = process.env
  if (!warmCli?.isBusy && !Object.keys(env).some((name) => name.startsWith('NODE_'))) {
    warmCli ??= new WarmCli(join(dist, 'cli.js'))
    return warmCli.run({ args, env: { PATH, ...env }, input })
  }
  const child = spawnNode(['cli.js', ...args], env)
  child.process.stdin.end(input)
  return child.exited
}

/** Ends with the worker that runs the tests. */
let warmCli: WarmCli | undefined

/** Waits until a condition holds, and fails with what it found last. */
export async function eventually<T>(look: () => Promise<T>, holds: (found: T) => boolean, ms = 30_000): Promise<T> {
  const until = performance.now() + ms
  for (;;) {
    const found = await look()
    if (holds(found)) return found
    if (performance.now() > until) throw new Error(`not within ${ms} ms; found last: ${JSON.stringify(found)}`)
    await sleep(25)
  }
}

function spawnNode([script = '', ...args]: string[], env: Record<string, string>) {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [join(dist, script), ...args], {
    env: { PATH, ...env },
    // Where no .env lies.
    cwd: tmpdir(),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A command that ends early does not read all of its input.
  child.stdin.on('error', () => {})
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal, stdout, stderr }))
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  atEndOfFile(kill)
  return { process: child, exited, output: () => stdout + stderr }
}

async function removeDataDir(directory: string): Promise<void> {
  const postgres = join(directory, 'postgres')
  const moved = await readFile(join(postgres, 'moved-to'), 'utf8').catch(() => undefined)
  const base = moved?.trim() ?? postgres
  const { data } = clusterPaths(base)
  const left = await findPostmaster(data)
  if (left) await stopPostmaster(left.pid, data, { info: () => {}, warn: () => {} })
  for (const path of [directory, base]) await rm(path, { recursive: true, force: true, maxRetries: 5 })
}
