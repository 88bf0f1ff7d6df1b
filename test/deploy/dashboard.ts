import { readFileSync } from 'node:fs'

interface Target {
  rawSql?: string
  expr?: string
  format?: 'table' | 'time_series'
}

interface Panel {
  id: number
  type: string
  title: string
  description?: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: Target[]
}

interface Variable {
  type: string
  name: string
  query: string
}

export interface Dashboard {
  uid: string
  panels: Panel[]
  templating: { list: Variable[] }
}

const file = new URL('../../deploy/grafana/dashboards/rtc-receiver.json', import.meta.url)

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(file, 'utf8'))
}

export const directory = new URL('../../deploy/', import.meta.url)

/** What Grafana puts in the place of its macros and of the dashboard's variables. */
export function fillIn(
  sql: string,
  { from, to, apps, bucket }: { from: Date; to: Date; apps: string[]; bucket: string },
): string {
  const [begin, end] = [from, to].map((time) => `'${time.toISOString().slice(0, 19)}Z'`)
  return sql
    .replaceAll('$__timeFrom()', String(begin))
    .replaceAll('$__timeTo()', String(end))
    .replace(/\$__timeFilter\(([^)]+)\)/g, `$1 BETWEEN ${begin} AND ${end}`)
    .replace(/\$\{app:sqlstring\}/g, apps.map((app) => `'${app.replaceAll("'", "''")}'`).join(','))
    .replace(/\$\{bucket\}/g, bucket)
}
