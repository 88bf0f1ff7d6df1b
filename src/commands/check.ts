import type { Command } from 'commander'

const help = `
Looks at URLs, TLS, database, roles, clock, disk, spool and at what came, and sends a callback as a self-test, which it
removes again. Exits with 1 when something is wrong.`

export function checkCommand(command: Command): void {
  command
    .addHelpText('after', help)
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => (await import('./run/check.ts')).check(options))
}
