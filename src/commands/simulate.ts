import { type Command, InvalidArgumentError, Option } from 'commander'
import { defaults, type SimulatorOptions } from '../simulator/options.ts'
import { callbackTypes, outcomes, scenarios } from '../simulator/outcomes.ts'
import { signatureForms } from '../simulator/signer.ts'

export interface SimulateOptions
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

export function simulateCommand(command: Command): void {
  command
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
        'one callback of this type, of one call (or of each of --calls); with --scenario and --outcome of such a call',
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
    .action(async (options: SimulateOptions, command: Command) =>
      (await import('./run/simulate.ts')).simulate(options, command),
    )
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
