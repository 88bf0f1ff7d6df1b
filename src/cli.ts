#!/usr/bin/env node
import { CommanderError } from 'commander'
import { exitCodeOf } from './commands/exit-codes.ts'
import { printError } from './commands/output.ts'
import { buildProgram } from './commands/program.ts'

// Whoever reads our output may have seen enough, as head has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

// The second word may be the command too: `help sql`.
const words = process.argv.slice(2, 4)
try {
  const program = await buildProgram((name) => words.includes(name))
  await program.parseAsync()
} catch (error) {
  // Commander has said what is wrong with the arguments.
  if (!(error instanceof CommanderError)) printError(error)
  process.exitCode = exitCodeOf(error)
}
