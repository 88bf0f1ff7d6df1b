import { Argument, type Command, Option } from 'commander'
import { overDirectUrl } from './database.ts'

export function eraseCommand(command: Command): void {
  command
    .addHelpText('after', overDirectUrl)
    .addArgument(new Argument('<->', 'the number comes from standard input: arguments stand in lists of processes'))
    .option('--yes', 'do it; without, the rows that hold the number are only counted')
    .addOption(new Option('--json', 'print JSON'))
    .action(async (dash: string, options: { yes?: boolean; json?: boolean }) => {
      if (dash !== '-') command.error('error: the number is read from standard input: echo +86… | rtc-receiver erase -')
      await (await import('./run/erase.ts')).erase(options)
    })
}
