import { type Command, InvalidArgumentError } from 'commander'

export function forwardCommand(command: Command): void {
  status(command.command('status'))
  replay(command.command('replay'))
  discard(command.command('discard'))
}

/** What they do is loaded when one is run. */
const run = () => import('./run/forward.ts')

function status(command: Command): void {
  command
    .description('how far each forwarder has come, and its dead letters')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => (await run()).status(options))
}

function replay(command: Command): void {
  command
    .description('post dead letters to FORWARD_URL again, in order, and remove what is taken')
    .argument(
      '[positions...]',
      'which; default: all of the receiver',
      (text, all: number[]) => [...all, whole(text)],
      [],
    )
    .action(async (positions: number[]) => (await run()).replay(positions))
}

function discard(command: Command): void {
  command
    .description('remove dead letters that nobody needs any more')
    .argument('<positions...>', 'which', (text, all: number[] | undefined) => [...(all ?? []), whole(text)])
    .action(async (positions: number[]) => (await run()).discard(positions))
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('it should be a whole number')
  return Number(text)
}
