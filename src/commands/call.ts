import { type Command, InvalidArgumentError } from 'commander'
import { withConnection } from './database.ts'

const exitHelp = `
Standard input: the number on the first line, the code on the second. Without a code one is made and shown once.
Environment: RTC_API_URL, RTC_APPS, DISPLAY_NUMBER, PRE_TONE; PUBLIC_URL for where the callbacks go.

Exit codes:
   0  placed; with --wait: answered
   1  nothing was placed: input, Postgres or a setting that is missing
   2  nothing was placed: the arguments are wrong
   3  the platform refused the call, or cannot be trusted; trying again does not help
   4  the platform refused the call for now or cannot be reached; trying again helps
   5  no answer that says: the call may have been placed
  78  nothing was placed: a setting is not valid
  with --wait also
  10  busy          11  no answer    12  rejected     13  cancelled
  14  unreachable   15  failed       16  unknown      20  no CDR in time`

export interface CallOptions {
  wait?: number | true
  app?: string
  posTone?: string
  times?: number
  json?: boolean
}

export function callCommand(command: Command): void {
  command
    .command('verify')
    .description('call a number and read a verification code to whoever answers')
    .option('--wait [seconds]', 'follow the call in Postgres until its CDR is there (120 seconds)', seconds)
    .option('--app <appKey>', 'which application of RTC_APPS; needed when there are several')
    .option('--pos-tone <name>', 'announcement after the code')
    .option('--times <n>', 'how often the code is played, 0 to 9; 0 = until somebody hangs up', Number)
    .option('--json', 'print JSON')
    .addHelpText('after', exitHelp)
    .action(async (options: CallOptions) => {
      const { callVerify } = await import('./run/call.ts')
      await withConnection((client, config) => callVerify(client, config, options))
    })
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 86_400)) throw new InvalidArgumentError('it should be a number of seconds')
  return value
}
