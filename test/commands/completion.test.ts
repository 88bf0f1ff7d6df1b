import { expect, test } from 'vitest'
import { nodesOf } from '../../src/commands/completion.ts'
import { buildProgram } from '../../src/commands/program.ts'
import { cli } from '../support/program.ts'

test.each(['zsh', 'fish'])('%s: every command and every option is there', async (shell) => {
  const { code, stdout } = await cli(['completion', shell])
  expect(code).toBe(0)
  for (const { path, subcommands, options } of nodesOf(await buildProgram())) {
    expect(stdout).toContain(path)
    for (const { word, description } of [...subcommands, ...options]) {
      expect(stdout).toContain(word.replace(/^--/, ''))
      expect(stdout).toContain(description.replaceAll("'", "'\\''"))
    }
  }
})

test('another shell is a usage error', async () => {
  expect(await cli(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' })
})
