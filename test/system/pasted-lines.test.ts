import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'
import { ACCEPTED } from '../support/http.ts'
import { eventually, startProgram } from '../support/program.ts'

test('the lines that a first start prints can be pasted, whatever PGPASSWORD and PGSSLMODE say', async () => {
  const tools = inject('tools')
  const PATH = [process.env.PATH, dirname(tools.curl), dirname(tools.psql)].join(':')
  // A Postgres that is still starting has no line yet: this one is left running, and there at once the second time.
  const first = await startProgram({ database: 'embedded' })
  first.signal('SIGKILL')
  await first.exited
  const misleading = { PGPASSWORD: 'wrong', PGSSLMODE: 'require' }
  const program = await startProgram({ database: 'embedded', dataDir: first.dataDir, env: { PATH, ...misleading } })
  // All of them are there once the last one is.
  await eventually(
    async () => program.output(),
    (output) => output.includes('Ctrl-C stops it'),
  )
  const told = (pattern: RegExp) => pattern.exec(program.output())?.[1] as string
  const env = { ...process.env, ...program.env }
  // Where the program was started.
  const cwd = tmpdir()
  const pasted = async (line: string) => (await promisify(execFile)('sh', ['-c', line], { cwd, env })).stdout

  expect(told(/statusUrl +(\S+)/)).toBe(`${program.url}/rtc/status`)
  expect(await pasted(told(/try it +(.+)/))).toBe(ACCEPTED)
  // The session is named once its call is computed.
  await eventually(
    () => pasted(told(/look +(.+)/)),
    (rows) => /callenabler245.*callout.*2019-01-24T03:04:24/.test(rows),
  )
  expect(await pasted(told(/or +(.*psql.+)/))).toContain('2019-01-24 03:04:24+00')
})
