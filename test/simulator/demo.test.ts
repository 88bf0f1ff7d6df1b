import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const script = fileURLToPath(new URL('../../dist/simulator/demo.js', import.meta.url))

test('the demo shows what ops see, and leaves nothing behind', { timeout: 240_000 }, async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'rtc-receiver-test-demo-'))
  onTestFinished(() => rm(temporary, { recursive: true, force: true }))
  await chmod(temporary, 0o755)
  // Whatever the caller's environment says, the demo has a receiver and a Postgres of its own.
  const env = { PATH: process.env.PATH ?? '', TMPDIR: temporary, DATABASE_URL: 'postgres://127.0.0.1:1/x', PORT: '1' }
  const child = spawn(process.execPath, [script, '--calls', '300'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
  }
  const [code] = await once(child, 'close')
  expect(code, text).toBe(0)
  expect(text).toMatch(/300 calls, [\d,]+ callbacks in .* all acknowledged/)
  expect(text).toMatch(/^ {2}callVerify +\d+ .* %/m)
  expect(text).toMatch(/^ {2}all +300 /m)
  expect(text).toMatch(/^ {2}no answer +\S.*\d %$/m)
  expect(text).toMatch(/CDR has not come: \d+ \(ops\.missing_cdrs\)/)
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(110)
  expect(await readdir(temporary)).toEqual([])
})
