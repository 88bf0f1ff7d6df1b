import { type Command, InvalidArgumentError } from 'commander'

export interface ListenOptions {
  app?: string
  scenario?: string
  type?: string
  outcome?: string
  from?: From
  whole?: boolean
  json?: boolean
  forwardTo?: string
  name: string
  timeout: number
}

/** A position, the time of one, or the first that is kept. */
export type From = number | Date | 'start'

export function listenCommand(command: Command): void {
  command
    .option('--app <appKey>', 'only of this application')
    .option('--scenario <name>', 'only of calls of this scenario, such as callVerify')
    .option('--type <type>', 'only this: event, cdr, call, or a type of events such as answer')
    .option('--outcome <outcome>', 'only calls with this outcome, such as "no answer"')
    .option('--from <where>', 'begin at a position, a time (ISO 8601 with zone), or start; default: now', from)
    .option('--whole', 'show whole numbers, where the login may read them')
    .option('--json', 'print what --forward-to would post, one JSON a line')
    .option(
      '--forward-to <url>',
      'post each, signed with FORWARD_SECRET, until it is taken; needs the login of the receiver',
    )
    .option('--name <name>', 'with --forward-to: the position is kept under it, and gone on from', 'listen')
    .option('--timeout <seconds>', 'with --forward-to: how long an answer is waited for', seconds, 10)
    .addHelpText('after', '\nEach line ends with call_ref.position. Ctrl-C ends it. See docs/feed.md.')
    .action(async (options: ListenOptions, command: Command) =>
      (await import('./run/listen.ts')).listen(options, command),
    )
}

function from(text: string): From {
  if (text === 'start') return text
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const ms = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('it should be a position, a time as 2026-01-31T08:00:00Z, or start')
  return new Date(ms)
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 300)) throw new InvalidArgumentError('it should be a number of seconds up to 300')
  return value
}
