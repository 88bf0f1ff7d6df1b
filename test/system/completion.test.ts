import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { cli } from '../support/program.ts'

const run = promisify(execFile)

/** What bash offers after a line. */
async function offered(script: string, ...words: string[]): Promise<string[]> {
  const [current = ''] = words.slice(-1)
  const program = `${script}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rtc_receiver; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await run(inject('tools').bash, ['-c', program, 'bash', 'rtc-receiver', ...words])
  const found = stdout.trim().split('\n')
  for (const word of found) expect(word.startsWith(current)).toBe(true)
  return found
}

describe('bash', () => {
  let script: string

  beforeAll(async () => {
    const { code, stdout } = await cli(['completion', 'bash'])
    expect(code).toBe(0)
    script = stdout
  })

  test('offers commands, their subcommands and their options', async () => {
    expect(await offered(script, 's')).toEqual(['serve', 'sql', 'spool', 'simulate'])
    expect(await offered(script, 'quarantine', '')).toEqual(
      expect.arrayContaining(['list', 'show', 'replay', 'accept', 'resolve']),
    )
    expect(await offered(script, 'quarantine', 'list', '--')).toEqual([
      '--all',
      '--reason',
      '--limit',
      '--json',
      '--help',
    ])
    expect(await offered(script, 'sql', '--js')).toEqual(['--json'])
  })

  test('offers the values of an option, and of an argument, where they are known', async () => {
    expect(await offered(script, 'simulate', '--outcome', 'b')).toEqual(['busy'])
    expect(await offered(script, 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
    expect(await offered(script, 'simulate', '--calls', '')).toEqual([''])
  })
})
