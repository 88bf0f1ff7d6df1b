import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { nowhere } from '../support/consumer.ts'
import { scrapeText } from '../support/metrics.ts'
import { startProgram } from '../support/program.ts'
import { directory, readDashboard } from './dashboard.ts'

const cwd = fileURLToPath(new URL('prometheus/', directory))

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

test('each alert rule is tried, has a severity and says what to do', async () => {
  const tests =
    (await readFile(join(cwd, 'alerts.test.yml'), 'utf8')) + (await readFile(join(cwd, 'silence.test.yml'), 'utf8'))
  for (const { alert, labels, annotations } of await rules()) {
    expect(tests, alert).toMatch(new RegExp(`alertname: ${alert}\\n +exp_alerts:`))
    expect(['page', 'ticket']).toContain(labels.severity)
    expect(annotations.summary && annotations.description, alert).toBeTruthy()
  }
})

test('every metric that is asked for is one of the receiver’s', async () => {
  const text = await scrapeText((await startProgram({ env: nowhere })).adminUrl)
  const metrics = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name)
  const names = new Set(metrics.flatMap((name) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]))
  const asked = [...expressions, ...(await rules()).map(({ expr }) => expr)].join('\n').match(/rtc_[a-z_]+/g) ?? []
  expect([...new Set(asked)].filter((name) => !names.has(name))).toEqual([])
})
