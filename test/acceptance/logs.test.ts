import { expect, test } from 'vitest'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { RawConnection, send, wire } from '../support/http.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { eventually, startProgram } from '../support/program.ts'
import { countRows } from '../support/tables.ts'

// What must never be seen in a log, each easy to find.
const number = '+8613800000077'
const secrets = {
  number: '13800000077',
  userData: 'the-order-of-mr-zhang',
  session: 'session-of-the-call',
  name: 'a-name-from-outside',
  token: 'the-token-in-the-path-of-callbacks',
  adminToken: 'the-token-of-the-private-side',
}

test('everything the program writes at LOG_LEVEL=trace holds nothing of what it was told', async () => {
  const database = await freshDatabase()
  const address = new URL(database.url)
  const real = { host: address.hostname, port: Number(address.port || 5432) }
  const relay = await PostgresRelay.start(real)
  address.hostname = '127.0.0.1'
  address.port = String(relay.port)
  const program = await startProgram({
    database: { url: address.href },
    env: { LOG_LEVEL: 'trace', PATH_TOKEN: secrets.token, ADMIN_TOKEN: secrets.adminToken },
  })
  const url = `${program.url}/rtc/${secrets.token}/fee`
  const told = { called: number, calleeNum: number, userData: secrets.userData, [secrets.name]: secrets.userData }
  const session = secrets.session
  const bodies = [
    event(session, told),
    event(session, { ...told, timestamp: number }),
    event(session, { ...told, stateCode: number }, secrets.name),
    fee(cdr(session, told), cdr(session, { ...told, callerNum: '1' }), cdr(undefined, told)),
    fee(cdr(session, { ...told, callEndTime: '9999-01-01 00:00:00', sipStatusCode: number })),
    fee(cdr(session, { [`${secrets.name}\0`]: number })),
    { eventType: number, [secrets.name]: secrets.userData },
    `{"eventType":"${number}","${secrets.name}":"${secrets.userData}`,
    Buffer.concat([Buffer.from(`"${number}${secrets.userData}`), Buffer.of(0xff)]),
    // Postgres refuses this one, and would quote it.
    fee(
      cdr(
        Array.from({ length: 1_024 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7_919) % 20_000))).join(''),
        told,
      ),
    ),
  ]
  const statuses = []
  for (const body of bodies) statuses.push((await send(url, body)).status)
  // What has an eventType and nothing else that is known is a notice.
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 400, 400, 200])

  // Paths, methods, headers.
  const about = `?number=${number}&token=${secrets.token}`
  await send(`${program.url}/rtc/${secrets.token}x/fee${about}`, bodies[0])
  await send(url + about, undefined, { method: 'GET' })
  await send(url, bodies[0] as object, {
    headers: { 'content-type': secrets.userData, 'content-encoding': secrets.userData, 'x-aksk': secrets.userData },
  })
  await send(`${program.adminUrl}/metrics${about}`, undefined, { method: 'GET' })
  await send(`${program.adminUrl}/${number}`, undefined, { headers: { authorization: `Bearer ${secrets.adminToken}` } })
  const broken = new RawConnection(program.url)
  broken.write(wire(`/rtc/${secrets.token}/fee`, JSON.stringify(bodies[0]), { 'content-length': secrets.userData }))
  await broken.closed

  // Postgres away and back: by way of the spool, with a table that is missing for a while.
  relay.target = { host: '127.0.0.1', port: 1 }
  relay.reset()
  expect((await send(url, fee(cdr('later', told), cdr(undefined, told)))).status).toBe(200)
  await database.pool.query('ALTER TABLE rtc.cdrs RENAME TO mislaid')
  relay.target = real
  expect((await send(url, fee(cdr('meanwhile', told)))).status).toBe(200)
  await program.logged(/please report/)
  await database.pool.query('ALTER TABLE rtc.mislaid RENAME TO cdrs')
  await eventually(
    async () => (await countRows(database.pool)).cdrs,
    (rows) => rows === 3,
  )
  program.signal('SIGTERM')
  expect((await program.exited).code).toBe(0)
  await relay.stop()

  for (const [what, secret] of Object.entries({ ...secrets, password: decodeURIComponent(address.password) }))
    if (secret !== '') expect(program.output().includes(secret), `the log holds the ${what}`).toBe(false)
  expect(program.output()).not.toMatch(/[\u4e00-\u9fff]{3}/)

  // All of it is JSON, and each callback has its line; of what is refused there is one a minute.
  const lines = program.output().trim().split('\n')
  expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => 'object'))
  const callbacks = program.lines.filter(({ msg }) => msg === 'callback')
  expect(callbacks).toHaveLength(statuses.filter((status) => status === 200).length + 2)
  const refused = program.lines.filter(({ msg }) => msg === 'callback refused')
  expect(new Set(refused.map(({ source, status }) => `${source} ${status}`))).toEqual(
    new Set([400, 404, 405, 415].map((status) => `127.0.0.1 ${status}`)),
  )
  expect(callbacks[3]).toEqual({
    level: 'info',
    time: expect.any(String),
    msg: 'callback',
    route: '/rtc/:token/fee',
    kind: 'fee',
    records: 3,
    status: 200,
    ms: expect.any(Number),
  })
}, 120_000)
