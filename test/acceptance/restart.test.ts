import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { clusterPaths } from '../../src/embedded-postgres/cluster.ts'
import { findEmbeddedPostgres } from '../../src/embedded-postgres/embedded.ts'
import { findPostmaster } from '../../src/embedded-postgres/postmaster.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { ACCEPTED, send } from '../support/http.ts'
import { commandLines } from '../support/processes.ts'
import { cli, eventually, type Program, startProgram, temporaryDataDir } from '../support/program.ts'

/** Surroundings that have misled others: initdb takes the encoding and the zone of these. */
const env = { LANG: 'C', TZ: 'Asia/Shanghai' }

async function query({ env }: Program, sql: string): Promise<unknown> {
  const { code, stdout, stderr } = await cli(['sql', '--json', sql], { env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** With all rights, which the command has not. */
async function asOwner({ dataDir }: Program, sql: string): Promise<unknown> {
  const found = await findEmbeddedPostgres(join(dataDir, 'postgres'))
  const client = new pg.Client({ connectionString: found?.url })
  await client.connect()
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}

function post({ url }: Program, body: object): Promise<unknown> {
  return send(`${url}/rtc/status`, body).then(({ status, body }) => [status, body])
}

const sessions = 'SELECT session_id FROM ops.events ORDER BY 1'

test('without DATABASE_URL: its own Postgres, and the data is there after Ctrl-C, after kill -9, after both were killed', async () => {
  const dataDir = await temporaryDataDir()
  const start = () => startProgram({ database: 'embedded', dataDir, env })

  let program = await start()
  // On a busy machine the first migration takes longer than it is waited for, and what comes meanwhile is spooled.
  await eventually(
    async () => (await send(`${program.adminUrl}/readyz`, undefined, { method: 'GET' })).body,
    (body) => body.includes('"degraded":[]'),
  )
  const words = { userData: '订单 4711 😀', timestamp: '2019-01-24  03:04:24' }
  expect(await post(program, event('one', words))).toEqual([200, ACCEPTED])
  expect(await post(program, fee(cdr('one', { callEndTime: '2019-01-24 03:04:24' })))).toEqual([200, ACCEPTED])
  expect(await asOwner(program, 'SELECT occurred_at::text, user_data FROM rtc.call_events')).toEqual([
    { occurred_at: '2019-01-24 03:04:24+00', user_data: '订单 4711 😀' },
  ])
  expect(await asOwner(program, 'SELECT cdr_time::text, call_end_time::text FROM rtc.cdrs')).toEqual([
    { cdr_time: '2019-01-24 03:04:24+00', call_end_time: '2019-01-24 03:04:24+00' },
  ])
  expect(
    await query(program, `SELECT current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync`),
  ).toEqual([{ encoding: 'UTF8', fsync: 'on' }])

  // The command sees what people may see, from the first start on.
  const refused = await cli(['sql', 'SELECT called FROM rtc.call_events'], { env: program.env })
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toMatch(/permission denied for schema rtc \(this command reads as rtc_ops/)
  expect(await query(program, 'SELECT user_data FROM ops.events')).toEqual([{ user_data: '***' }])

  program.signal('SIGINT')
  expect((await program.exited).code).toBe(0)

  program = await start()
  expect(await query(program, sessions)).toHaveLength(1)
  expect(await post(program, event('two'))).toEqual([200, ACCEPTED])
  program.signal('SIGKILL')
  await program.exited
  // Postgres lives on, and the commands find it.
  expect(await query(program, sessions)).toHaveLength(2)

  program = await start()
  expect(await post(program, event('three'))).toEqual([200, ACCEPTED])
  const [{ pid }] = (await query(program, 'SELECT pg_backend_pid() AS pid')) as [{ pid: number }]
  expect(pid).toBeGreaterThan(0)
  program.signal('SIGKILL')
  await program.exited
  await asOwner(
    program,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'
    AND pid <> pg_backend_pid()`,
  )
  const postmaster = await findPostmaster(clusterPaths(join(dataDir, 'postgres')).data)
  process.kill(postmaster?.pid as number, 'SIGKILL')

  program = await start()
  expect(await query(program, sessions)).toHaveLength(3)
  expect(await post(program, event('one', words))).toEqual([200, ACCEPTED])
  expect(await query(program, sessions)).toHaveLength(3)
  program.signal('SIGTERM')
  expect((await program.exited).code).toBe(0)
  expect(await commandLines()).not.toContain(dataDir)
}, 240_000)

test('with DATABASE_URL nothing of it is there', async () => {
  const { dataDir } = await startProgram({ env })
  expect(await readdir(dataDir)).toEqual(['spool'])
})
