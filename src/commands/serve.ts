import type { Command } from 'commander'

export function serveCommand(command: Command): void {
  command.action(async () => {
    await import('../main.ts')
  })
}
