import { expect, onTestFinished, test } from 'vitest'
import { event } from '../../support/callbacks.ts'
import { freshDatabase } from '../../support/database.ts'
import { ACCEPTED, send } from '../../support/http.ts'
import { scrape, sum } from '../../support/metrics.ts'
import { PostgresRelay } from '../../support/postgres-relay.ts'
import { eventually, type Program, startProgram } from '../../support/program.ts'
import { throughPgbouncer } from './through-pgbouncer.ts'

const nowhere = { host: '127.0.0.1', port: 1 }

async function degraded({ adminUrl }: Program): Promise<string[]> {
  const { body } = await send(`${adminUrl}/readyz`, undefined, { method: 'GET' })
  return JSON.parse(body).degraded
}

async function post({ url }: Program, sessionId: string): Promise<void> {
  expect((await send(`${url}/rtc/status`, event(sessionId))).body).toBe(ACCEPTED)
}

throughPgbouncer()

test('pgbouncer there and Postgres away: that is what it is taken for, and all is stored when it comes back', async () => {
  const database = await freshDatabase()
  const url = new URL(database.url)
  const real = { host: url.hostname, port: Number(url.port || 5432) }
  const relay = await PostgresRelay.start(real)
  onTestFinished(() => relay.stop())
  url.hostname = '127.0.0.1'
  url.port = String(relay.port)
  const program = await startProgram({ database: { url: url.href }, env: { COMMIT_DEADLINE_MS: '4000' } })
  await post(program, 'before')
  relay.target = nowhere
  relay.reset()
  for (let n = 0; n < 20; n++) await post(program, `meanwhile-${n}`)
  await eventually(
    () => degraded(program),
    ([reason = '']) => /Postgres is away \(.*(server_login_retry|query_wait_timeout)/.test(reason),
  )
  // The deadline is not waited for any more.
  const began = performance.now()
  await post(program, 'at once')
  expect(performance.now() - began).toBeLessThan(3_500)
  relay.target = real
  await eventually(
    async () => [await degraded(program), sum(await scrape(program.adminUrl), 'rtc_spool_records')],
    ([reasons, spooled]) => (reasons as string[]).length === 0 && spooled === 0,
  )
  const { rows } = await database.pool.query('SELECT count(*)::int AS n FROM rtc.call_events')
  expect(rows).toEqual([{ n: 22 }])
  expect(program.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  expect(sum(await scrape(program.adminUrl), 'rtc_spool_set_aside_total')).toBe(0)
})

test('connections that pgbouncer made while the server was read-only are not used for ever', async () => {
  const database = await freshDatabase()
  const name = new URL(database.url).pathname.slice(1)
  const program = await startProgram({ database })
  await database.pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  await database.pool.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
    [name],
  )
  await Promise.all([...Array(20).keys()].map((n) => post(program, `read-only-${n}`)))
  await eventually(
    async () => sum(await scrape(program.adminUrl), 'rtc_spool_records'),
    (records) => records === 20,
  )
  await database.pool.query(`BEGIN READ WRITE; ALTER DATABASE ${name} RESET default_transaction_read_only; COMMIT`)
  await eventually(
    async () => (await database.pool.query('SELECT FROM rtc.call_events')).rowCount,
    (rows) => rows === 20,
  )
})
