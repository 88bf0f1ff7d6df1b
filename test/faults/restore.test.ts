import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { audit } from '../support/auditor.ts'
import type { SentRecord } from '../support/generator.ts'
import { OwnPostgres } from '../support/own-postgres.ts'
import { ReceiverProcess } from '../support/receiver-process.ts'
import { World } from '../support/world.ts'
import { clean, seedOf } from './verdict.ts'

let postgres: OwnPostgres

beforeAll(async () => {
  postgres = await OwnPostgres.start()
})

afterAll(async () => postgres.remove())

async function create(): Promise<World> {
  const world = await World.create({ postgres, seed: seedOf() })
  onTestFinished(() => world.remove())
  return world
}

/** Ends every session of a database and keeps others out while something is done to it. */
async function alone(database: string, what: string): Promise<void> {
  await postgres.admin(database).end()
  postgres.forget(database)
  await postgres.query('rtc', `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`)
  await postgres.query('rtc', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database])
  for (;;) {
    const left = await postgres.query('rtc', 'SELECT FROM pg_stat_activity WHERE datname = $1', [database])
    if (left.length === 0) break
    await sleep(20)
  }
  await postgres.query('rtc', what)
}

it('a copy of the spool, then one of the database, taken under load while it drains, hold all that was answered 200', async () => {
  const world = await create()
  const { generator, receiver, database } = world
  generator.start()
  await sleep(1_000)
  await postgres.stop('fast')
  await sleep(3_000)
  await world.restartPostgres()
  await world.until((metric) => metric('rtc_records_total') > 0 && metric('rtc_spool_records') > 0, 'draining')

  const acknowledged = new Map<number, SentRecord>()
  for (const [n, record] of generator.records) {
    acknowledged.set(n, { ...record, sent: new Set(['a', 'b']), acknowledged: new Set(record.acknowledged) })
  }
  const dataDir = `${receiver.options.dataDir}-restored`
  await mkdir(join(dataDir, 'spool'), { recursive: true, mode: 0o700 })
  for (const name of await readdir(join(receiver.options.dataDir, 'spool'))) {
    if (!name.endsWith('.spool')) continue
    // One that is gone was drained meanwhile, and so is in the copy of the database.
    await copyFile(join(receiver.options.dataDir, 'spool', name), join(dataDir, 'spool', name)).catch((error) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  const copy = `${database}_copy`
  await alone(database, `CREATE DATABASE ${copy} TEMPLATE ${database}`)
  await postgres.query('rtc', `ALTER DATABASE ${database} ALLOW_CONNECTIONS true`)
  const original = await world.finish()
  expect(original).toMatchObject(clean)

  const restored = await ReceiverProcess.create({ dataDir, databaseUrl: postgres.url(copy) })
  onTestFinished(async () => void (restored.isRunning && (await restored.end('SIGKILL'))))
  await restored.start()
  const until = performance.now() + 30_000
  for (;;) {
    const text = await (await fetch(`${restored.adminUrl}/metrics`)).text()
    if (/^rtc_spool_records 0$/m.test(text)) break
    if (performance.now() > until) throw new Error(`not drained:\n${restored.output}`)
    await sleep(100)
  }
  const report = await audit(postgres.admin(copy), world.run, { records: acknowledged })
  expect(report).toMatchObject({ lost: [], twice: [] })
  console.info(`${report.acknowledged} acknowledged before the copies, all of them in the restored database`)
  expect(await restored.end('SIGTERM')).toEqual({ code: 0, signal: null })
})

it('a database replaced by an empty one: it is loud, everything is spooled, and stored once the new one is migrated', async () => {
  const world = await create()
  const { generator, receiver, database } = world
  await alone(database, `ALTER DATABASE ${database} RENAME TO ${database}_old`)
  generator.start()
  await sleep(1_000)
  await postgres.query('rtc', `CREATE DATABASE ${database}`)
  await sleep(6_000)
  expect((await receiver.readiness()).status).toBe(200)
  expect(receiver.output).toMatch(/"level":"error"/)
  const report = await world.finish()
  expect(report).toMatchObject(clean)
  expect(report.refusals['503'] ?? 0).toBe(0)
})
