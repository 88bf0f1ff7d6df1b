import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { appsCommand } from '../../src/commands/apps.ts'
import { distributeCommand } from '../../src/commands/distribute.ts'
import { forwardCommand } from '../../src/commands/forward.ts'
import { listenCommand } from '../../src/commands/listen.ts'
import { migrateCommand } from '../../src/commands/migrate.ts'
import { quarantineCommand } from '../../src/commands/quarantine.ts'
import { serveCommand } from '../../src/commands/serve.ts'
import { spoolCommand } from '../../src/commands/spool.ts'
import { sqlCommand } from '../../src/commands/sql.ts'
import { urlsCommand } from '../../src/commands/urls.ts'
import { cli } from '../support/program.ts'

/** A command and those under it, with the words that call it. */
function withSubcommands(command: Command, words: string[] = []): { words: string[]; command: Command }[] {
  const own = [...words, command.name()]
  return [{ words: own, command }, ...command.commands.flatMap((below) => withSubcommands(below, own))]
}

const commands = [
  serveCommand,
  migrateCommand,
  distributeCommand,
  urlsCommand,
  sqlCommand,
  quarantineCommand,
  spoolCommand,
  listenCommand,
  forwardCommand,
  appsCommand,
].flatMap((command) => withSubcommands(command()))

test('there is help for all of them, to standard output, with 0, without touching anything', async () => {
  const { code, stdout, stderr } = await cli(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const { words } of commands) if (words.length === 1) expect(stdout).toContain(`  ${words[0]} `)
  expect(await cli(['quarantine', 'replay', '--help'])).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^Usage: rtc-receiver quarantine replay \[options\] \[ids\.\.\.\]/),
  })
})

test.each(commands.map(({ words, command }) => [words.join(' '), command] as const))(
  '%s says what it is for, and what each of its options and arguments is',
  (_name, command) => {
    expect(command.description()).not.toBe('')
    for (const { description } of [...command.options, ...command.registeredArguments]) expect(description).not.toBe('')
    expect(command.helpInformation()).toMatch(/^Usage: /)
  },
)

test.each([
  ['no command', [], /Usage:/],
  ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
  ['an unknown option', ['urls', '--frobnicate'], /unknown option '--frobnicate'/],
  ['an argument that is missing', ['sql'], /missing required argument 'query'/],
  ['an argument too many', ['migrate', 'now'], /too many arguments/],
  ['an id that is no number', ['quarantine', 'show', 'one'], /it should be a whole number/],
  ['no reason given', ['quarantine', 'resolve', '1'], /required option '--why <text>' not specified/],
])('%s: told on standard error, not 0', async (_name, args, says) => {
  const { code, stdout, stderr } = await cli(args)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(says)
})

test.each([
  ['nobody listens', 'postgres://rtc:tops3cret@127.0.0.1:1/rtc', /ECONNREFUSED/],
  ['nobody listens at either address', 'postgres://rtc:tops3cret@localhost:1/rtc', /ECONNREFUSED/],
  ['no such host', 'postgres://rtc:tops3cret@host.invalid/rtc', /host\.invalid/],
  ['no URL', 'postgres://rtc:tops3cret@host:port/rtc', /DATABASE_URL/],
])('Postgres cannot be reached (%s): one clear line, not 0', async (_name, DATABASE_URL, says) => {
  const { code, stdout, stderr } = await cli(['sql', 'SELECT 1'], { env: { DATABASE_URL } })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^rtc-receiver: [^\n]+\n$/)
  expect(stderr).toMatch(says)
  expect(stderr).not.toContain('tops3cret')
})
