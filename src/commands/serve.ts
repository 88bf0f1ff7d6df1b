import { Command } from 'commander'

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the receiver, configured by the environment (see README)')
    .action(async () => {
      await import('../main.ts')
    })
}
