import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { buildProgram } from '../../src/commands/program.ts'
import { version } from '../../src/lib/version.ts'
import { cli } from '../support/program.ts'

/** Every command below one, with the words that call it. */
function below(command: Command, words: string[] = []): { words: string[]; command: Command }[] {
  return command.commands.flatMap((one) => {
    const own = [...words, one.name()]
    return [{ words: own, command: one }, ...below(one, own)]
  })
}

const commands = below(await buildProgram())

test('there is help for all of them, to standard output, with 0, without touching anything', async () => {
  const { code, stdout, stderr } = await cli(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const { words, command } of commands)
    if (words.length === 1) expect(stdout).toMatch(new RegExp(`^  ${words[0]} +${command.description()}$`, 'm'))
  const replay = {
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^Usage: rtc-receiver quarantine replay \[options\] \[ids\.\.\.\]/),
  }
  expect(await cli(['quarantine', 'replay', '--help'])).toMatchObject(replay)
  expect(await cli(['help', 'quarantine'])).toMatchObject({ code: 0, stdout: expect.stringContaining('\n  replay ') })
})

test('the lists of commands have a line for each, and no more', async () => {
  for (const args of [[], ['quarantine'], ['spool'], ['apps'], ['call']]) {
    const list = (await cli([...args, '--help'])).stdout.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? ''
    for (const line of list.trimEnd().split('\n')) {
      expect(line).toMatch(/^ {2}\w+ /)
      expect(line.length).toBeLessThanOrEqual(80)
    }
  }
})

test.each(commands.map(({ words, command }) => [words.join(' '), command] as const))(
  '%s says what it is for, and what each of its options and arguments is',
  (_name, command) => {
    expect(command.description()).not.toBe('')
    for (const { description } of [...command.options, ...command.registeredArguments]) expect(description).not.toBe('')
    expect(command.helpInformation()).toMatch(/^Usage: /)
  },
)

test('--version', async () => {
  const { version: ours } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(version).toBe(ours)
  expect(await cli(['--version'])).toMatchObject({ code: 0, stdout: `${ours}\n`, stderr: '' })
})

test.each(['README.md', 'README.zh-CN.md'])('%s lists every command', async (file) => {
  const readme = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
  const leaves = commands.filter(({ command }) => command.commands.length === 0)
  for (const { words } of leaves) expect(readme).toContain(`| \`${words.join(' ')}\` |`)
})

test('README.md says of each command what help says, and names no other', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const [, section = ''] = readme.split('\n## Commands\n')
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `(.+?)` \| (.+) \|$/gm)]
  const leaves = commands.filter(({ command }) => command.commands.length === 0)
  expect(rows.map(([, words, text]) => [words, text])).toEqual(
    leaves.map(({ words, command }) => [words.join(' '), command.description()]),
  )
})

test.each([
  ['no command', [], /Usage:/],
  ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
  ['an unknown option', ['urls', '--frobnicate'], /unknown option '--frobnicate'/],
  ['a command of a group that is missing', ['quarantine'], /Usage:/],
  ['no query', ['sql'], /say one of a query, --views or --describe <name>/],
  ['an argument too many', ['migrate', 'now'], /too many arguments/],
  ['an id that is no number', ['quarantine', 'show', 'one'], /it should be a whole number/],
  ['no reason given', ['quarantine', 'resolve', '1'], /required option '--why <text>' not specified/],
  ['no calls named', ['refold'], /say which calls/],
  ['a number among the arguments', ['erase', '+8613800000021'], /read from standard input/],
])('%s: told on standard error, with 2', async (_name, args, says) => {
  const { code, stdout, stderr } = await cli(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(says)
})

const configured = commands
  .filter(({ command }) => command.commands.length === 0 && !['completion', 'serve'].includes(command.name()))
  .map(({ words }) => words.join(' '))
/** What they want beside their name. */
const args: Record<string, string[]> = {
  sql: ['SELECT 1'],
  refold: ['--all'],
  erase: ['-'],
  'quarantine show': ['1'],
  'quarantine replay': ['1'],
  'quarantine accept': ['1'],
  'quarantine resolve': ['1', '--why', 'tried'],
  'forward discard': ['1'],
  'apps set': ['app', '--name', 'name'],
  'apps remove': ['app'],
}

test.each(configured)('a variable that is not valid ends %s with 78 and its name', async (name) => {
  const input = name === 'erase' ? '+8613800000021\n' : ''
  const { code, stdout, stderr } = await cli([...name.split(' '), ...(args[name] ?? [])], {
    env: { PORT: 'abc' },
    input,
  })
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
  expect(stderr).toMatch(/^rtc-receiver: PORT is not valid\. .*0 to 65535\n$/)
})

describe('colours', () => {
  const bold = '\u001b[1m'

  test('not into a pipe, unless FORCE_COLOR says so, and never with NO_COLOR', async () => {
    for (const [env, coloured] of [
      [{}, false],
      [{ FORCE_COLOR: '1' }, true],
      [{ FORCE_COLOR: '0' }, false],
      [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    ] as const) {
      expect((await cli(['--help'], { env })).stdout.includes(bold)).toBe(coloured)
      const wrong = await cli(['urls'], { env: { ...env, PORT: 'abc' } })
      expect(wrong.stderr.includes('\u001b[31m')).toBe(coloured)
    }
  })
})

test.each([
  ['nobody listens', 'postgres://rtc:tops3cret@127.0.0.1:1/rtc', /ECONNREFUSED/, 1],
  ['nobody listens at either address', 'postgres://rtc:tops3cret@localhost:1/rtc', /ECONNREFUSED/, 1],
  ['no such host', 'postgres://rtc:tops3cret@host.invalid/rtc', /host\.invalid/, 1],
  ['no URL', 'postgres://rtc:tops3cret@host:port/rtc', /DATABASE_URL/, 78],
])('Postgres cannot be reached (%s): one clear line, not 0', async (_name, DATABASE_URL, says, exit) => {
  const { code, stdout, stderr } = await cli(['sql', 'SELECT 1'], { env: { DATABASE_URL } })
  expect({ code, stdout }).toEqual({ code: exit, stdout: '' })
  expect(stderr).toMatch(/^rtc-receiver: [^\n]+\n$/)
  expect(stderr).toMatch(says)
  expect(stderr).not.toContain('tops3cret')
})
