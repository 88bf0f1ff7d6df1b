import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)

test('npm run cli builds first where nothing is built, and only then', async () => {
  const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  const directory = await mkdtemp(join(tmpdir(), 'rtc-before-build-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await writeFile(
    join(directory, 'build.cjs'),
    `const fs = require('node:fs')
    fs.mkdirSync('dist', { recursive: true })
    fs.appendFileSync('dist/cli.js', 'console.log("built", process.argv[2]);')`,
  )
  const { precli, cli } = scripts
  await writeFile(
    join(directory, 'package.json'),
    JSON.stringify({ scripts: { build: 'node build.cjs', precli, cli } }),
  )
  for (const word of ['first', 'second']) {
    const { stdout } = await run('npm', ['run', '-s', 'cli', '--', word], { cwd: directory })
    expect(stdout).toBe(`built ${word}\n`)
  }
})
