import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withClient } from '../../src/store/pool.ts'
import { insertQuarantine } from '../../src/store/quarantine.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { insertDayOfCalls } from '../store/day-of-calls.ts'
import { quarantineRow } from '../store/rows.ts'
import { freshDatabase } from '../support/database.ts'
import { fillIn, readDashboard } from './dashboard.ts'

const { panels, templating } = readDashboard()
const queries = panels.flatMap(({ title, type, targets = [] }) =>
  targets.flatMap(({ rawSql, format }) => (rawSql === undefined ? [] : [{ title, type, rawSql, format }])),
)
const login = `grafana_${randomBytes(4).toString('hex')}`

let grafana: pg.Client
let drop: () => Promise<unknown>
beforeAll(async () => {
  const { pool, url } = await freshDatabase()
  await insertDayOfCalls(pool, { calls: 1000 })
  await withClient(pool, (client) => insertQuarantine(client, [quarantineRow()]))
  expect(await withClient(pool, makeRoles)).toBe(true)
  await pool.query(`CREATE ROLE ${login} LOGIN PASSWORD 'test' IN ROLE rtc_ops`)
  drop = () => pool.query(`DROP OWNED BY ${login}; DROP ROLE ${login}`)
  const address = new URL(url)
  address.username = login
  address.password = 'test'
  grafana = new pg.Client({ connectionString: address.href })
  await grafana.connect()
})
afterAll(async () => {
  await grafana?.end()
  await drop?.()
})

/** A day's dashboard, asked as Grafana asks. */
async function ask(sql: string, apps = ['CallbackApp', 'NotificationApp', '']) {
  const now = new Date()
  const period = { from: new Date(now.getTime() - 86_400_000), to: now, bucket: 'hour', apps }
  const filled = fillIn(sql, period)
  expect(filled).not.toContain('$')
  return grafana.query(filled)
}

describe('the dashboard', () => {
  test('has queries over schema ops alone', () => {
    expect(queries.length).toBeGreaterThan(20)
    for (const { rawSql } of queries) {
      expect(rawSql).toMatch(/FROM ops\./)
      expect(rawSql).not.toMatch(/\brtc\./)
    }
  })

  // What a day that went well has nothing of.
  const mayBeEmpty = [
    'Changes of the bill',
    'CDRs without events',
    'Silent hours',
    'Calls without a CDR',
    'Most called',
  ]
  test.each(queries)('$title ($type)', async ({ title, rawSql, format }) => {
    const { rows, fields } = await ask(rawSql)
    if (!mayBeEmpty.includes(title)) expect(rows.length).toBeGreaterThan(0)
    // Grafana draws numbers; int8 and numeric would come as such, in JavaScript as text.
    const types = new Map(fields.map(({ name, dataTypeID }) => [name, dataTypeID]))
    expect([...types.values()]).not.toContain(20)
    expect([...types.values()]).not.toContain(1700)
    if (format === 'time_series') {
      expect(types.get('time')).toBe(1184)
      expect([...types.values()]).toContain(701)
      const times = rows.map(({ time }) => Number(time))
      expect(times).toEqual([...times].sort((a, b) => a - b))
    }
  })

  test.each(queries.filter(({ rawSql }) => rawSql.includes('${app')))(
    '$title: of one application only',
    async ({ rawSql }) => {
      const { rows } = await ask(rawSql, ['no such app'])
      for (const row of rows) expect(Object.values(row).filter((value) => value !== null)).toEqual([])
    },
  )

  test('its variables have values', async () => {
    for (const { type, query } of templating.list) {
      if (type === 'query') {
        const { rows } = await ask(query)
        expect(rows).toEqual([
          { __text: 'CallbackApp', __value: 'CallbackApp' },
          { __text: 'NotificationApp', __value: 'NotificationApp' },
        ])
      } else {
        for (const bucket of query.split(','))
          expect(
            (await grafana.query("SELECT FROM ops.call_stats(now() - interval '1 hour', now(), $1)", [bucket]))
              .rowCount,
          ).toBeGreaterThan(0)
      }
    }
  })

  test('panels have ids of their own and do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })
})
