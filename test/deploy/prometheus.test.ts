import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { registerFoldMetrics } from '../../src/metrics/fold.ts'
import { privateListener } from '../ops/private-listener.ts'
import { freshDatabase } from '../support/database.ts'
import { TestFolder } from '../support/folder.ts'
import { publicApp } from '../support/public-app.ts'
import { directory, readDashboard } from './dashboard.ts'

const cwd = fileURLToPath(new URL('prometheus/', directory))

/** Throws what promtool said. */
async function promtool(...words: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)('promtool', words, { cwd })
    return stdout + stderr
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string }
    if (code === 'ENOENT')
      throw new Error("the tests of the alert rules need promtool: it is in Debian's package prometheus")
    throw new Error(stdout + stderr)
  }
}

interface Rule {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string; description: string }
}

async function rules(): Promise<Rule[]> {
  const text = await readFile(new URL('prometheus/alerts.yml', directory), 'utf8')
  return parse(text).groups.flatMap((group: { rules: Rule[] }) => group.rules)
}

const expressions = readDashboard().panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => expr ?? []))

describe('alert rules', () => {
  test('are rules', async () => {
    expect(await promtool('check', 'rules', 'alerts.yml')).toContain('SUCCESS')
    expect(await promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS')
  })

  test('fire on what they are for, and not beside it', async () => {
    expect(await promtool('test', 'rules', 'alerts.test.yml', 'silence.test.yml')).not.toContain('FAILED')
  }, 60_000)

  test('each is tried, has a severity and says what to do', async () => {
    const tests =
      (await readFile(join(cwd, 'alerts.test.yml'), 'utf8')) + (await readFile(join(cwd, 'silence.test.yml'), 'utf8'))
    for (const { alert, labels, annotations } of await rules()) {
      expect(tests, alert).toMatch(new RegExp(`alertname: ${alert}\\n +exp_alerts:`))
      expect(['page', 'ticket']).toContain(labels.severity)
      expect(annotations.summary && annotations.description, alert).toBeTruthy()
    }
  })
})

test('every expression of the dashboard is one', async () => {
  expect(expressions.length).toBeGreaterThan(5)
  const file = join(await mkdtemp(join(tmpdir(), 'rtc-rules-')), 'rules.yml')
  onTestFinished(() => rm(join(file, '..'), { recursive: true }))
  const lines = expressions.map((expr, i) => ({
    record: `dashboard:${i}`,
    expr: expr.replaceAll('$__rate_interval', '1m'),
  }))
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: lines }] }))
  expect(await promtool('check', 'rules', file)).toContain('SUCCESS')
})

test('every metric that is asked for is one of the receiver’s', async () => {
  const { registry } = await publicApp({ RTC_APPS: 'app:secret', PUBLIC_URL: 'https://cdr.example.com' })
  const { receiver } = await privateListener((await freshDatabase()).url)
  const { folder } = await TestFolder.on((await freshDatabase()).url)
  registerFoldMetrics(registry, folder)
  const metrics = [...registry.getMetricsAsArray(), ...receiver.registry.getMetricsAsArray()]
  const names = new Set(metrics.flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]))
  const asked = [...expressions, ...(await rules()).map(({ expr }) => expr)].join('\n').match(/rtc_[a-z_]+/g) ?? []
  expect([...new Set(asked)].filter((name) => !names.has(name))).toEqual([])
})
