import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { RawConnection, send, wire } from '../support/http.ts'
import { startProgram } from '../support/program.ts'
import { countRows } from '../support/tables.ts'

const body = (name: string) => JSON.stringify(event(name))

/** Requests that have begun, and what is still to be sent of each. */
async function beginRequests(url: string, count: number): Promise<{ connection: RawConnection; rest: string }[]> {
  const begun = Array.from({ length: count }, (_, n) => {
    const connection = new RawConnection(url)
    const [head = '', rest = ''] = wire('/rtc/status', body(`begun-${n}`), { expect: '100-continue' }).split(
      /(?<=\r\n\r\n)/,
    )
    connection.write(head + rest.slice(0, 20))
    return { connection, rest: rest.slice(20) }
  })
  // The receiver says of each that it has read the headers.
  for (const { connection } of begun) expect(await connection.answers(1)).toMatchObject([{ status: 100 }])
  return begun
}

test('a request that has begun is finished and stored, however late the rest of it comes', async () => {
  const database = await freshDatabase()
  const program = await startProgram({ database })
  const begun = await beginRequests(program.url, 20)
  // Connections that are open in advance and never used hold nothing up.
  const spare = Array.from({ length: 5 }, () => new RawConnection(program.url))
  program.signal('SIGINT')
  await program.logged('shutdown phase done')
  await sleep(1_000)
  for (const { connection, rest } of begun) connection.write(rest)
  for (const { connection } of begun) {
    expect((await connection.answers(2))[1]).toMatchObject({ status: 200, headers: { connection: 'close' } })
    await connection.closed
  }
  expect((await program.exited).code).toBe(0)
  await Promise.all(spare.map(({ closed }) => closed))
  expect((await countRows(database.pool)).call_events).toBe(20)
  expect(program.lines.filter(({ msg }) => msg === 'shutdown phase done').map(({ phase }) => phase)).toEqual([
    'go on serving',
    'finish requests',
    'stop the fold, forwarding and maintenance',
    'empty the batches',
    'close the private listener',
    'stop Postgres',
  ])
  expect(program.lines.filter(({ level }) => level === 'error')).toEqual([])
})

test('under load, with SHUTDOWN_DELAY_MS: every client is told to go elsewhere, none gets 503, none is cut off', async () => {
  const database = await freshDatabase()
  const program = await startProgram({ database, env: { SHUTDOWN_DELAY_MS: '3000' } })
  const agent = new Agent({ keepAlive: true })
  const answers: unknown[] = []
  const client = async (n: number) => {
    for (let i = 0, told = false; !told; i++) {
      const answer = await send(`${program.url}/rtc/status`, body(`client-${n}-${i}`), { agent }).catch(
        (error) => error,
      )
      answers.push(answer.status ?? answer.code)
      told = answer.headers?.connection !== 'keep-alive'
    }
  }
  const clients = Array.from({ length: 8 }, (_, n) => client(n))
  await sleep(200)
  program.signal('SIGTERM')
  await program.logged('shutting down')
  const { status, body: readiness } = await send(`${program.adminUrl}/readyz`, undefined, { method: 'GET' })
  expect([status, JSON.parse(readiness)]).toEqual([503, { status: 'not ready', degraded: ['shutting down'] }])
  await Promise.all(clients)
  agent.destroy()
  expect((await program.exited).code).toBe(0)
  expect(new Set(answers)).toEqual(new Set([200]))
  expect((await countRows(database.pool)).call_events).toBe(answers.length)
})

test('a second signal ends it at once, and what was answered stays stored', async () => {
  const database = await freshDatabase()
  const program = await startProgram({ database, env: { SHUTDOWN_DELAY_MS: '60000' } })
  expect((await send(`${program.url}/rtc/status`, body('kept'))).status).toBe(200)
  program.signal('SIGTERM')
  await program.logged('shutting down')
  program.signal('SIGTERM')
  expect(await program.exited).toMatchObject({ code: 1, signal: null })
  expect((await countRows(database.pool)).call_events).toBe(1)
})

test('a request that never ends does not hold it up for ever', async () => {
  const program = await startProgram({ env: { SHUTDOWN_TIMEOUT_MS: '1000' } })
  const connection = new RawConnection(program.url)
  connection.write(wire('/rtc/status', body('never')).slice(0, -1))
  await sleep(100)
  program.signal('SIGTERM')
  expect((await program.exited).code).toBe(1)
  expect(program.lines).toContainEqual(
    expect.objectContaining({ level: 'error', msg: 'shutdown phase not done', phase: 'finish requests' }),
  )
})
