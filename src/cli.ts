#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { appsCommand } from './commands/apps.ts'
import { callCommand } from './commands/call.ts'
import { checkCommand } from './commands/check.ts'
import { distributeCommand } from './commands/distribute.ts'
import { eraseCommand } from './commands/erase.ts'
import { forwardCommand } from './commands/forward.ts'
import { listenCommand } from './commands/listen.ts'
import { migrateCommand } from './commands/migrate.ts'
import { printError } from './commands/output.ts'
import { partitionsCommand } from './commands/partitions.ts'
import { quarantineCommand } from './commands/quarantine.ts'
import { refoldCommand } from './commands/refold.ts'
import { rolesCommand } from './commands/roles.ts'
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
  rolesCommand,
  urlsCommand,
  checkCommand,
  sqlCommand,
  partitionsCommand,
  refoldCommand,
  distributeCommand,
  quarantineCommand,
  spoolCommand,
  listenCommand,
  forwardCommand,
  appsCommand,
  eraseCommand,
  callCommand,
  simulateCommand,
])
  program.addCommand(command())

// Whoever reads our output may have seen enough, as head has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

try {
  await program.parseAsync()
} catch (error) {
  // Commander has said what is wrong with the arguments.
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else {
    printError(error)
    process.exitCode = 1
  }
}
