#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { callCommand } from './commands/call.ts'
import { checkCommand } from './commands/check.ts'
import { migrateCommand } from './commands/migrate.ts'
import { partitionsCommand } from './commands/partitions.ts'
import { quarantineCommand } from './commands/quarantine.ts'
import { serveCommand } from './commands/serve.ts'
import { simulateCommand } from './commands/simulate.ts'
import { spoolCommand } from './commands/spool.ts'
import { sqlCommand } from './commands/sql.ts'
import { urlsCommand } from './commands/urls.ts'

const program = new Command('rtc-receiver')
  .description('Receives the status and CDR callbacks of VoiceCall and stores them in Postgres')
  .showHelpAfterError('(--help shows what there is)')
  .exitOverride()
for (const command of [
  serveCommand,
  migrateCommand,
  urlsCommand,
  checkCommand,
  sqlCommand,
  partitionsCommand,
  quarantineCommand,
  spoolCommand,
  callCommand,
  simulateCommand,
])
  program.addCommand(command())

try {
  await program.parseAsync()
} catch (error) {
  // Commander has said what is wrong with the arguments.
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else {
    process.stderr.write(`rtc-receiver: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}
