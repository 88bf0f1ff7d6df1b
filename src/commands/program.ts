import { Command } from 'commander'
import { hasColours } from '../lib/terminal.ts'
import { version } from '../lib/version.ts'
import { commands } from './index.ts'
import { styleHelp } from './output.ts'

/**
 * The tree of commands. Of those that `wanted` does not name only names and descriptions are there, which is all that
 * the list needs.
 */
export async function buildProgram(wanted: (name: string) => boolean = () => true): Promise<Command> {
  const program = new Command('rtc-receiver')
    .description('Receives the status and CDR callbacks of VoiceCall and stores them in Postgres')
    .version(version)
    .showHelpAfterError('(--help shows what there is)')
    .configureHelp({ subcommandTerm: (command) => command.name(), ...styleHelp })
    .configureOutput({
      getOutHasColors: () => hasColours(process.stdout),
      getErrHasColors: () => hasColours(process.stderr),
    })
    .exitOverride()
  for (const [name, { description, load }] of Object.entries(commands)) {
    const command = program.command(name).description(description)
    if (wanted(name)) (await load())(command)
  }
  return program
}
