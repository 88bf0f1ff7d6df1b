import { expect, test } from 'vitest'
import { Partitions } from '../../src/store/partitions.ts'
import { listPeriods } from '../../src/store/retention.ts'
import { freshDatabase } from '../support/database.ts'
import { cli } from '../support/program.ts'

async function database() {
  const { url, pool } = await freshDatabase()
  await new Partitions().ensure(pool, 'cdrs', ['2024-02-03 00:00:00', '2024-03-03 00:00:00'])
  const run = (args: string[], env = {}) => cli(['partitions', ...args], { env: { DATABASE_URL: url, ...env } })
  return { pool, run }
}

test('lists what there is', async () => {
  const { run } = await database()
  const { code, stdout } = await run([])
  expect(code).toBe(0)
  const lines = stdout.trim().split('\n')
  expect(lines).toHaveLength(6)
  expect(lines[4]).toMatch(/^cdrs +cdrs_2024_02 +2024-02-01 00:00 UTC +2024-03-01 00:00 UTC +[\d.]+ KiB$/)
  const { stdout: json } = await run(['--json'])
  expect(JSON.parse(json)).toMatchObject([
    { partition: 'call_events_old', period_start: null, period_end: '2024-01-01T00:00:00.000Z' },
    { partition: 'cdrs_old' },
    { partition: 'cdrs_2024_02', rows_estimate: null, bytes: expect.any(Number) },
    { partition: 'cdrs_2024_03' },
  ])
})

test('drops what is past RETENTION_DAYS, and only with --yes', async () => {
  const { pool, run } = await database()
  const days = Math.floor((Date.now() - Date.UTC(2024, 2, 1)) / 86_400_000)
  const names = async () => (await listPeriods(pool)).map(({ partition }) => partition)
  const dry = await run(['--drop'], { RETENTION_DAYS: String(days) })
  expect(dry.stdout).toContain('cdrs_2024_02')
  expect(dry.stdout).not.toContain('cdrs_2024_03')
  expect(await names()).toContain('cdrs_2024_02')
  const done = await run(['--drop', '--yes'], { RETENTION_DAYS: String(days) })
  expect(done).toMatchObject({ code: 0, stdout: 'dropped cdrs_2024_02\n', stderr: '' })
  expect(await names()).toEqual(['call_events_old', 'cdrs_old', 'cdrs_2024_03'])
  const json = await run(['--drop', '--yes', '--days', '1', '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ dropped: ['cdrs_2024_03'], deleted: {}, busy: [] })
})

test('makes partitions ahead', async () => {
  const { run } = await database()
  const { stdout } = await run(['--create', '--json'])
  expect(JSON.parse(stdout)).toHaveLength(8)
})

test('says what is missing or does not fit', async () => {
  const { run } = await database()
  for (const [args, message] of [
    [['--drop'], /RETENTION_DAYS is unset/],
    [['--yes'], /belong to --drop/],
    [['--drop', '--days', '0'], /whole number of days/],
  ] as const) {
    const { code, stderr } = await run([...args])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
  }
})
