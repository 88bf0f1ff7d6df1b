import { type Command, InvalidArgumentError, Option } from 'commander'

export function quarantineCommand(command: Command): void {
  list(command.command('list'))
  show(command.command('show'))
  replay(command.command('replay'))
  accept(command.command('accept'))
  resolve(command.command('resolve'))
}

/** What they do is loaded when one is run. */
const run = () => import('./run/quarantine.ts')

const json = () => new Option('--json', 'print JSON')

function list(command: Command): void {
  command
    .description('the entries that came last, newest first')
    .option('--all', 'resolved ones too')
    .option('--reason <code>', 'only those with this reason')
    .option('--limit <n>', 'how many', wholeNumber, 100)
    .addOption(json())
    .action(async (options: { all?: boolean; reason?: string; limit: number; json?: boolean }) =>
      (await run()).list(options),
    )
}

function show(command: Command): void {
  command
    .description('one entry: what is wrong where, and the shape of the body')
    .argument('<id>', 'its id', wholeNumber)
    .option('--raw', 'write the body as it was kept to standard output: it may hold phone numbers')
    .addOption(json())
    .action(async (id: number, options: { raw?: boolean; json?: boolean }) => (await run()).show(id, options))
}

function replay(command: Command): void {
  command
    .description('try entries again with the code of today')
    .argument('[ids...]', 'their ids', (text, ids: number[]) => [...ids, wholeNumber(text)], [])
    .option('--reason <code>', 'all open ones with this reason')
    .addOption(json())
    .action(async (ids: number[], options: { reason?: string; json?: boolean }) => (await run()).replay(ids, options))
}

function accept(command: Command): void {
  command
    .description('put a conflicting CDR in the place of the stored one')
    .argument('<id>', 'its id', wholeNumber)
    .action(async (id: number) => (await run()).accept(id))
}

function resolve(command: Command): void {
  command
    .description('close entries that nothing more is to be done about')
    .argument('<ids...>', 'their ids', (text, ids: number[] | undefined) => [...(ids ?? []), wholeNumber(text)])
    .requiredOption('--why <text>', 'what was found or done')
    .action(async (ids: number[], { why }: { why: string }) => (await run()).resolve(ids, why))
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('it should be a whole number')
  return Number(text)
}
