import { expect, test } from 'vitest'
import { event } from '../support/callbacks.ts'
import { emptyDatabase, freshDatabase } from '../support/database.ts'
import { ACCEPTED, send } from '../support/http.ts'
import { cli, eventually, type Program, spawnProgram, startProgram } from '../support/program.ts'

async function post({ url }: Program, name: string): Promise<void> {
  const answer = await send(`${url}/rtc/status`, event(name))
  expect([answer.status, answer.body]).toEqual([200, ACCEPTED])
}

async function readiness({ adminUrl }: Program): Promise<{ degraded: string[] }> {
  return JSON.parse((await send(`${adminUrl}/readyz`, undefined, { method: 'GET' })).body)
}

const count = 'SELECT count(*)::int AS n FROM rtc.call_events'

test('two receivers that start at once on an empty database both come up, and migrate it once', async () => {
  const database = await emptyDatabase()
  const both = await Promise.all([startProgram({ database }), startProgram({ database })])
  for (const program of both) {
    await post(program, 'same')
    await eventually(
      () => readiness(program),
      ({ degraded }) => degraded.length === 0,
    )
    expect(program.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  }
  await eventually(
    async () => (await database.pool.query(count)).rows[0].n,
    (n) => n === 1,
  )
  const { rows } = await database.pool.query('SELECT name, count(*)::int AS times FROM rtc.migrations GROUP BY name')
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.every(({ times }) => times === 1)).toBe(true)
})

test('MIGRATE=manual: taken while migrations are pending, stored once somebody ran them', async () => {
  const database = await emptyDatabase()
  const program = await startProgram({ database, connected: false, env: { MIGRATE: 'manual' } })
  await post(program, 'early')
  await eventually(
    () => readiness(program),
    ({ degraded }) => degraded.length === 1 && /migrations are pending/.test(degraded[0] ?? ''),
  )
  expect(program.lines.filter(({ level }) => level === 'error').map(({ err }) => err)).toContainEqual(
    expect.objectContaining({ message: expect.stringMatching(/run rtc-receiver migrate/) }),
  )
  const migrate = await cli(['migrate'], { env: program.env })
  expect(migrate).toMatchObject({ code: 0, stderr: '' })
  await eventually(
    async () => (await database.pool.query(count)).rows[0].n,
    (n) => n === 1,
  )
})

test('a second receiver on the same DATA_DIR ends with a line that says why', async () => {
  const database = await freshDatabase()
  const first = await startProgram({ database })
  const second = await spawnProgram({ database, dataDir: first.dataDir })
  const { code, stderr } = await second.exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/^rtc-receiver: .*(spool|DATA_DIR).*\n$/)
  await post(first, 'not disturbed')
})

test.each(['PORT', 'ADMIN_PORT'])('%s that is taken: it ends with a line that names the port', async (name) => {
  const database = await freshDatabase()
  const { adminUrl } = await startProgram({ database })
  const { port } = new URL(adminUrl)
  const { code, stderr } = await (await spawnProgram({ database, env: { [name]: port } })).exited
  expect(code).toBe(1)
  expect(stderr).toMatch(new RegExp(`^rtc-receiver: .*EADDRINUSE.*:${port}\n$`))
})

// Nobody, not even root, can make a directory there.
test.runIf(process.platform === 'linux')(
  'a DATA_DIR that cannot be made: callbacks are taken while Postgres is there, and it is told',
  async () => {
    const program = await startProgram({ dataDir: '/sys/none/data' })
    await post(program, 'no spool')
    expect((await readiness(program)).degraded).toEqual(['the spool cannot be written'])
    expect(program.lines).toContainEqual(
      expect.objectContaining({ level: 'error', msg: 'the spool cannot be written' }),
    )
  },
)

test('a DATA_DIR that is no directory: it ends with a line that names it', async () => {
  const program = await spawnProgram({ database: { url: 'postgres://nobody@127.0.0.1:1/none' }, dataDir: '/dev/null' })
  const { code, stderr } = await program.exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/^rtc-receiver: .*\/dev\/null\/spool.*\n$/)
})
