import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseMetrics } from '../../src/commands/check/metrics.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { nowhere } from '../support/consumer.ts'
import { send } from '../support/http.ts'
import { scrapeText } from '../support/metrics.ts'
import { startProgram } from '../support/program.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const document = read('docs/metrics.md')

const words = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string)

/** The rows of the tables about metrics. */
const rows = new Map(
  [...document.matchAll(/^\| `(rtc_\w+)` \|(.*)\|$/gm)].map(([, name, rest = '']) => {
    const [type = '', labels, , alerts] = rest.split('|').map((cell) => cell.trim())
    return [name as string, { type, labels: words(labels), alerts: words(alerts) }]
  }),
)

let text: string
beforeAll(async () => {
  const { url, adminUrl } = await startProgram({
    env: { RTC_APPS: 'app:secret-of-the-app', RTC_AUTH: 'report', PUBLIC_URL: 'https://cdr.example.com', ...nowhere },
  })
  await send(`${url}/rtc/status`, event('metrics'))
  await send(`${url}/rtc/fee`, fee(cdr('metrics', { recordFlag: 'no' })))
  await send(`${url}/rtc/fee`, { ...fee(cdr('metrics')), more: 1 })
  text = await scrapeText(adminUrl)
})

test('docs/metrics.md has every metric of a scrape under its type, and no other', () => {
  const types = [...text.matchAll(/^# TYPE (rtc_\w+) (\w+)$/gm)].map(([, name, type]) => [name, type])
  expect(types.length).toBeGreaterThan(30)
  expect([...rows].map(([name, { type }]) => [name, type]).sort()).toEqual(types.sort())
})

test('it has the labels of each', () => {
  const found = new Map<string, Set<string>>()
  for (const { name, labels } of parseMetrics(text)) {
    const metric = rows.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
    const seen = found.get(metric) ?? new Set()
    found.set(metric, seen)
    for (const label of Object.keys(labels)) if (label !== 'le') seen.add(label)
  }
  for (const [name, { labels }] of rows) {
    expect(found.has(name), `no sample of ${name}`).toBe(true)
    expect([...(found.get(name) ?? [])].sort(), name).toEqual([...labels].sort())
  }
})

test('it has the alerts that ask for each', () => {
  const { groups } = parse(read('deploy/prometheus/alerts.yml'))
  const asked = new Map<string, Set<string>>([...rows.keys()].map((name) => [name, new Set()]))
  for (const { alert, expr } of groups.flatMap(({ rules }: { rules: object[] }) => rules)) {
    const names = [...(expr as string).matchAll(/rtc_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))
    for (const name of names) asked.get(name)?.add(alert)
    if (names.length === 0) expect(document).toContain(`\`${alert}\``)
  }
  for (const [name, { alerts }] of rows) expect([...alerts].sort(), name).toEqual([...(asked.get(name) ?? [])].sort())
})

const sources = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/^(commands|simulator|verification-call)\b/.test(path))
  .map((path) => read(`src/${path}`))

test('it explains every key of a log line', () => {
  const explained = new Set(words(document.slice(document.indexOf('What the fields mean'))))
  for (const key of ['time', 'level', 'msg']) expect(explained).toContain(key)
  const calls = sources.flatMap((source) => [...source.matchAll(/[lL]og\.(?:info|warn|error|fatal)\(\s*\{([^}]*)\}/g)])
  expect(calls.length).toBeGreaterThan(30)
  const keys = calls.flatMap(([, fields = '']) =>
    fields
      .split(',')
      .map((field) => field.trim().split(':')[0] ?? '')
      .filter((key) => key !== '' && !key.startsWith('...')),
  )
  expect([...new Set(keys)].filter((key) => !explained.has(key))).toEqual([])
})

test('the log lines that it shows are written somewhere', () => {
  const table = document.slice(document.indexOf('The lines one looks for'), document.indexOf('What the fields mean'))
  const lines = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, line]) => line).filter((line) => line !== 'msg')
  expect(lines.length).toBeGreaterThan(5)
  expect(lines.filter((line) => !sources.some((source) => source.includes(`'${line}'`)))).toEqual([])
})
