import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { Forwarder } from '../../src/feed/forwarder.ts'
import { Sender } from '../../src/feed/sender.ts'
import { registerFoldMetrics } from '../../src/metrics/fold.ts'
import { registerForwardMetrics } from '../../src/metrics/forward.ts'
import { privateListener } from '../page/private-listener.ts'
import { freshDatabase } from '../support/database.ts'
import { TestFolder } from '../support/folder.ts'
import { publicApp } from '../support/public-app.ts'
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
  const { registry } = await publicApp({ RTC_APPS: 'app:secret', PUBLIC_URL: 'https://cdr.example.com' })
  const { receiver } = await privateListener((await freshDatabase()).url)
  const sender = new Sender({ url: 'http://127.0.0.1:1', keys: [], timeoutMs: 1_000, connections: 1 })
  const { folder } = await TestFolder.on((await freshDatabase()).url)
  registerFoldMetrics(registry, folder)
  registerForwardMetrics(
    registry,
    new Forwarder({ pool: () => receiver.postgres.forwarding, name: 'x', sender, log: receiver.log }),
  )
  const metrics = [...registry.getMetricsAsArray(), ...receiver.registry.getMetricsAsArray()]
  const names = new Set(metrics.flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]))
  const asked = [...expressions, ...(await rules()).map(({ expr }) => expr)].join('\n').match(/rtc_[a-z_]+/g) ?? []
  expect([...new Set(asked)].filter((name) => !names.has(name))).toEqual([])
})
