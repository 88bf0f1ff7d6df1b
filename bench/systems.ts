import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { app, publicUrl } from './callbacks.ts'

/** A program under load, in a process of its own. */
export interface System {
  name: string
  port: number
  /** Of the receiver's metrics. */
  adminPort: number
  pid: number
  /** It computes calls in the background from what it has stored. */
  folds: boolean
  stop(): Promise<void>
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** What the receiver is started with: everything on. */
const settings = {
  RTC_APPS: `${app.key}:${app.secret}`,
  RTC_AUTH: 'enforce',
  PUBLIC_URL: publicUrl,
}

/** A program of the benchmark that tells its port when it listens. */
export async function startOwn(
  name: 'noop' | 'naive',
  directory: string,
  env: Record<string, string>,
): Promise<System> {
  const child = fork(path(`${name}.ts`), { env: environment({ ...settings, ...env }), stdio: output(directory, name) })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { name, port, adminPort: 0, pid: child.pid as number, folds: false, stop: () => stop(child) }
}

/**
 * A built receiver, as it is deployed: its log goes to a file, where it says at which ports it listens.
 *
 * @param main its main.js: of this checkout where nothing else is said
 */
export async function startReceiver(
  name: string,
  directory: string,
  env: Record<string, string>,
  { execArgv = [], main = path('../dist/main.js') }: { execArgv?: string[]; main?: string } = {},
): Promise<System> {
  const dataDir = join(directory, name)
  await mkdir(dataDir, { recursive: true })
  const child = fork(main, {
    env: environment({
      ...settings,
      DATA_DIR: dataDir,
      PORT: '0',
      ADMIN_PORT: '0',
      SPOOL_MAX_BYTES: '8 GiB',
      ...env,
    }),
    execArgv,
    stdio: output(directory, name),
  })
  const isThere = () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: see its log in ${directory}`)
    return sleep(50)
  }
  let listening = await listeningAt(directory, name)
  for (; !listening; listening = await listeningAt(directory, name)) await isThere()
  const { port, adminPort } = listening
  while (!(await isReady(adminPort))) await isThere()
  return { name, port, adminPort, pid: child.pid as number, folds: true, stop: () => stop(child) }
}

async function listeningAt(directory: string, name: string): Promise<{ port: number; adminPort: number } | undefined> {
  const log = await readFile(join(directory, `${name}.log`), 'utf8')
  const line = log.split('\n').find((line) => line.includes('"msg":"listening"'))
  if (line === undefined) return undefined
  const { url, adminUrl } = JSON.parse(line) as { url: string; adminUrl: string }
  return { port: Number(new URL(url).port), adminPort: Number(new URL(adminUrl).port) }
}

/** The values of one of the receiver's metrics, by their labels as they stand in braces. */
export async function metric({ adminPort }: System, name: string): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  const lines = text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? ([0-9.e+]+)$`, 'gm'))
  return new Map([...lines].map(([, labels = '', value]) => [labels, Number(value)]))
}

function environment(env: Record<string, string>): Record<string, string> {
  const { PATH = '', TMPDIR = '' } = process.env
  return { PATH, ...(TMPDIR ? { TMPDIR } : {}), ...env }
}

function output(directory: string, name: string): ['ignore', number, number, 'ipc'] {
  const log = openSync(join(directory, `${name}.log`), 'a')
  return ['ignore', log, log, 'ipc']
}

async function isReady(adminPort: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined)
  const body = (await response?.json().catch(() => undefined)) as { degraded?: string[] } | undefined
  return response?.status === 200 && body?.degraded?.length === 0
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const slow = setTimeout(() => child.kill('SIGKILL'), 30_000)
  await ended
  clearTimeout(slow)
}
