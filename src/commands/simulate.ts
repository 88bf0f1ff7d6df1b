import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type Config, loadConfig } from '../config/config.ts'
import type { RecordKind } from '../platform/record.ts'
import { callbackUrls } from '../platform/urls.ts'
import { Ledger } from '../simulator/ledger.ts'
import { defaults, type SimulatorOptions } from '../simulator/options.ts'
import { callbackTypes, outcomes, scenarios } from '../simulator/outcomes.ts'
import { servePlatform } from '../simulator/platform-server.ts'
import { reportOf } from '../simulator/report.ts'
import { signatureForms } from '../simulator/signer.ts'
import { Simulator } from '../simulator/simulator.ts'
import { noteLines, printJson, printLines } from './output.ts'
import { bar, progressLine } from './progress.ts'

interface Options
  extends Omit<SimulatorOptions, 'urls' | 'signedUrls' | 'apps' | 'startAt' | 'overS' | 'ledger' | 'keepAlive'> {
  target?: string
  calls: number
  start?: number
  over: number
  connections: 'short' | 'keep-alive'
  resendInterval: number
  timeout: number
  clockSkew: number
  ledger?: string
  serve?: number | true
  answer?: string
  json?: boolean
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('a stand-in for the platform: places invented calls and pushes their callbacks, to this machine only')
    .option('--target <url>', 'the receiver, as http://127.0.0.1:3000; default: as HOST, PORT and PATH_TOKEN say')
    .option('--calls <n>', 'how many calls; with --serve none unless this is given', whole, defaults.calls)
    .option('--rate <n>', 'calls a second; default: as many as the receiver takes', positive)
    .option('--concurrency <n>', 'callbacks on their way at a time', whole, defaults.concurrency)
    .option('--seed <n>', 'the same seed and --start give the same calls; default: a random one', seed)
    .option(
      '--start <time>',
      'when the first call begins, ISO 8601 with zone; default: so that the last begins now',
      time,
    )
    .option('--over <seconds>', 'time over which the calls are spread', positive, defaults.overS)
    .option('--speed <factor>', 'let calls take their time, so much faster than real ones, beginning now', positive)
    .addOption(new Option('--scenario <name>', 'one scenario for all calls').choices(scenarios))
    .addOption(new Option('--outcome <name>', 'one outcome for all calls').choices(outcomes))
    .addOption(
      new Option(
        '--event <type>',
        'one callback of this type, of one call; with --scenario and --outcome of such a call',
      ).choices(callbackTypes),
    )
    .option('--duplicates <share>', 'callbacks sent twice, from 0 to 1', share, defaults.duplicates)
    .option('--reorder <share>', 'calls whose events come in any order', share, defaults.reorder)
    .option('--malformed <share>', 'calls with something that cannot be stored', share, defaults.malformed)
    .option('--unknown-fields <share>', 'records with fields of no document', share, defaults.unknownFields)
    .option('--lost-cdrs <share>', 'calls whose CDR never comes', share, defaults.lostCdrs)
    .option('--clock-skew <seconds>', "how far the platform's clock is ahead", number, defaults.clockSkewS)
    .option('--resend-interval <seconds>', 'between the tries of a CDR; an hour in reality', positive, 2)
    .option('--timeout <seconds>', 'how long an answer is waited for', positive, 10)
    .addOption(
      new Option('--connections <kind>', 'kind of connections').choices(['short', 'keep-alive']).default('short'),
    )
    .addOption(
      new Option(
        '--signature <form>',
        'X-AKSK with the secrets of RTC_APPS: what stands between URL, nonce and time, and which URL',
      )
        .choices(signatureForms)
        .default(defaults.signature),
    )
    .addOption(
      new Option('--created-zone <zone>', 'time that Created tells').choices(['utc', 'beijing']).default('utc'),
    )
    .option(
      '--serve [port]',
      'serve callVerify with the apps of RTC_APPS until Ctrl-C; calls are ten times as fast as real ones unless --speed says otherwise',
      port,
    )
    .option('--answer <code>', 'with --serve: answer with this result code instead of placing calls')
    .option('--ledger <file>', 'write every record that was sent, and what became of it, as lines of JSON')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', '\nExits with 1 when a callback was not acknowledged that should have been.')
    .action(simulate)
}

async function simulate(options: Options, command: Command): Promise<void> {
  const config = await loadConfig()
  if (options.signature !== 'none' && config.apps.length === 0)
    throw new Error('--signature needs RTC_APPS: appKey:appSecret of each application')
  const callsAsked = command.getOptionValueSource('calls') !== 'default'
  const one = options.event !== undefined && !callsAsked
  const calls = one ? 1 : options.serve === undefined || callsAsked ? options.calls : 0
  const ledger = options.ledger === undefined ? undefined : new Ledger()
  const simulator = new Simulator({
    ...options,
    calls,
    speed: options.speed ?? (options.serve === undefined ? undefined : 10),
    urls: targetsOf(config, options.target),
    ...signedUrlsOf(config),
    apps: config.apps,
    seed: options.seed ?? randomInt(2 ** 32),
    startAt: options.start ?? Math.floor(Date.now() / 1000) - (one ? 60 : options.over),
    overS: one ? 1 : options.over,
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

async function serve(simulator: Simulator, config: Config, { serve: port, outcome, answer }: Options) {
  if (config.apps.length === 0) throw new Error('--serve needs RTC_APPS: appKey:appSecret of each application')
  const { apps } = config
  const server = await servePlatform(simulator, { apps, outcome, answer, port: port === true ? 0 : (port ?? 0) })
  noteLines(`RTC_API_URL=${server.url} takes verification calls; Ctrl-C stops it`)
  return server
}

/** Where callbacks go. A path token of the environment is used and shown nowhere. */
function targetsOf(config: Config, target: string | undefined): Record<RecordKind, string> {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const base = target ?? `${config.tls ? 'https' : 'http'}://${host === '0.0.0.0' ? '127.0.0.1' : host}:${config.port}`
  if (!URL.canParse(base)) throw new Error('--target is no URL: it should be as http://127.0.0.1:3000')
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

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('it should be a number')
  return value
}

function positive(text: string): number {
  const value = number(text)
  if (value <= 0) throw new InvalidArgumentError('it should be a number above 0')
  return value
}

function share(text: string): number {
  const value = number(text)
  if (value < 0 || value > 1) throw new InvalidArgumentError('it should be a number from 0 to 1')
  return value
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('it should be a whole number')
  return Number(text)
}

function seed(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32) {
    throw new InvalidArgumentError('it should be a whole number below 4294967296')
  }
  return Number(text)
}

function port(text: string): number {
  const value = whole(text)
  if (value > 65_535) throw new InvalidArgumentError('it should be a port')
  return value
}

/** @returns seconds since 1970 */
function time(text: string): number {
  const ms = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw new InvalidArgumentError('it should be a time as 2026-01-31T08:00:00Z')
  return Math.floor(ms / 1000)
}
