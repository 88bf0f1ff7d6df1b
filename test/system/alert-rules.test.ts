import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, onTestFinished, test } from 'vitest'
import { directory, readDashboard } from '../deploy/dashboard.ts'

const cwd = fileURLToPath(new URL('prometheus/', directory))

/** Throws what promtool said. */
async function promtool(...words: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(inject('tools').promtool, words, { cwd })
    return stdout + stderr
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(stdout + stderr || message)
  }
}

test('the alert rules are rules', async () => {
  expect(await promtool('check', 'rules', 'alerts.yml')).toContain('SUCCESS')
  expect(await promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS')
})

test('they fire on what they are for, and not beside it', async () => {
  expect(await promtool('test', 'rules', 'alerts.test.yml', 'silence.test.yml')).not.toContain('FAILED')
})

test('every expression of the dashboard is one', async () => {
  const expressions = readDashboard().panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => expr ?? []))
  expect(expressions.length).toBeGreaterThan(5)
  const file = join(await mkdtemp(join(tmpdir(), 'rtc-rules-')), 'rules.yml')
  onTestFinished(() => rm(join(file, '..'), { recursive: true }))
  const rules = expressions.map((expr, i) => ({
    record: `dashboard:${i}`,
    expr: expr.replaceAll('$__rate_interval', '1m'),
  }))
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  expect(await promtool('check', 'rules', file)).toContain('SUCCESS')
})
