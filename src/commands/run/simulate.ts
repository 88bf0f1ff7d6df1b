import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Config } from '../../config/config.ts'
import type { RecordKind } from '../../platform/record.ts'
import { callbackUrls } from '../../platform/urls.ts'
import { Ledger } from '../../simulator/ledger.ts'
import { refuseForeign } from '../../simulator/loopback.ts'
import { servePlatform } from '../../simulator/platform-server.ts'
import { reportOf } from '../../simulator/report.ts'
import { Simulator } from '../../simulator/simulator.ts'
import { commandConfig } from '../database.ts'
import { noteLines, printJson, printLines } from '../output.ts'
import { bar, progressLine } from '../progress.ts'
import type { SimulateOptions } from '../simulate.ts'

export async function simulate(options: SimulateOptions, command: Command): Promise<void> {
  const config = await commandConfig()
  const urls = targetsOf(config, options.target, command)
  await refuseForeign(urls.status).catch((error) => {
    command.error(`error: ${error.message}`)
  })
  if (options.signature !== 'none' && config.apps.length === 0)
    throw new Error('--signature needs RTC_APPS: appKey:appSecret of each application')
  const callsAsked = command.getOptionValueSource('calls') !== 'default'
  const isOne = options.event !== undefined && !callsAsked
  const calls = isOne ? 1 : options.serve === undefined || callsAsked ? options.calls : 0
  const ledger = options.ledger === undefined ? undefined : new Ledger()
  const simulator = new Simulator({
    ...options,
    calls,
    speed: options.speed ?? (options.serve === undefined ? undefined : 10),
    urls,
    ...signedUrlsOf(config),
    apps: config.apps,
    seed: options.seed ?? randomInt(2 ** 32),
    // A single call is one of the last minute.
    startAt: options.start ?? Math.floor(Date.now() / 1000) - (isOne ? 60 : options.over),
    overS: isOne ? 1 : options.over,
    clockSkewS: options.clockSkew,
    resendMs: options.resendInterval * 1000,
    timeoutMs: options.timeout * 1000,
    keepAlive: options.connections === 'keep-alive',
    ledger,
  })
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  const server = options.serve === undefined ? undefined : await serve(simulator, config, options)
  const stopWatching = watch(simulator, calls)
  const running = simulator.run()
  try {
    await Promise.race([interrupted, ...(server ? [] : [running])])
  } finally {
    await simulator.close()
    await server?.close()
    stopWatching()
  }
  await running
  const summary = simulator.tally.summary()
  if (options.ledger !== undefined && ledger) {
    await writeFile(options.ledger, [...ledger.entries()].map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  }
  if (options.json) printJson(summary)
  else printLines(...reportOf(summary))
  const missed = summary.callbacks.sent - summary.callbacks.acknowledged
  if (missed > 0 || Object.keys(summary.failures).length > 0)
    throw new Error(`${missed} callbacks were not acknowledged`)
}

async function serve(simulator: Simulator, config: Config, { serve: port, outcome, answer }: SimulateOptions) {
  if (config.apps.length === 0) throw new Error('--serve needs RTC_APPS: appKey:appSecret of each application')
  const { apps } = config
  const server = await servePlatform(simulator, { apps, outcome, answer, port: port === true ? 0 : (port ?? 0) })
  noteLines(`RTC_API_URL=${server.url} takes verification calls; Ctrl-C stops it`)
  return server
}

/** Where callbacks go. A path token of the environment is used and shown nowhere. */
function targetsOf(config: Config, target: string | undefined, command: Command): Record<RecordKind, string> {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const base = target ?? `${config.tls ? 'https' : 'http'}://${host === '0.0.0.0' ? '127.0.0.1' : host}:${config.port}`
  if (!URL.canParse(base)) command.error('error: --target is no URL: it should be as http://127.0.0.1:3000')
  const { status, fee } = callbackUrls({ publicUrls: [base], tokens: config.pathTokens })
  return { status: status[0] ?? '', fee: fee[0] ?? '' }
}

/** Digests sign the URLs as the receiver is configured, not as it is reached here. */
function signedUrlsOf(config: Config): { signedUrls?: Record<RecordKind, string> } {
  const { status, fee } = callbackUrls({ ...config, tokens: config.pathTokens })
  return status[0] && fee[0] ? { signedUrls: { status: status[0], fee: fee[0] } } : {}
}

function watch(simulator: Simulator, calls: number): () => void {
  const line = progressLine()
  const show = () => {
    const { tally } = simulator
    const share = calls === 0 ? 1 : tally.calls / calls
    const refused = tally.sent - tally.acknowledged
    line.show(`${bar(share)} ${tally.calls} calls, ${tally.acknowledged} acknowledged, ${refused} not`)
  }
  const timer = setInterval(show, 100)
  return () => {
    clearInterval(timer)
    line.end()
  }
}
