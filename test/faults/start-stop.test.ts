import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { OwnPostgres } from '../support/own-postgres.ts'
import { World, type WorldOptions } from '../support/world.ts'
import { clean, seedOf } from './verdict.ts'

let postgres: OwnPostgres

beforeAll(async () => {
  postgres = await OwnPostgres.start()
})

afterAll(async () => postgres.remove())

async function create(options: Partial<WorldOptions> = {}): Promise<World> {
  const world = await World.create({ postgres, seed: seedOf(), started: false, ...options })
  onTestFinished(() => world.remove())
  return world
}

describe('start without Postgres', () => {
  it('takes callbacks, migrates when Postgres appears, and stores them', async () => {
    const world = await create({ migrated: false })
    world.relay.target = { host: '127.0.0.1', port: 1 }
    await world.receiver.start({ LOG_LEVEL: 'info' })
    const timeOf = (message: string) => {
      const log = world.receiver.log.map((line) => JSON.parse(line) as { time: string; msg: string })
      return Date.parse(log.find(({ msg }) => msg === message)?.time ?? '')
    }
    while (Number.isNaN(timeOf('listening') + timeOf('Postgres cannot be written to'))) await sleep(50)
    expect(timeOf('listening') - timeOf('Postgres cannot be written to')).toBeLessThan(2_500)
    const { status, body } = await world.receiver.readiness()
    expect(status).toBe(200)
    expect(body.degraded.join()).toMatch(/Postgres is away/)
    world.generator.start()
    await sleep(3_000)
    world.relay.target = postgres.address
    await sleep(3_000)
    const report = await world.finish()
    expect(report).toMatchObject(clean)
    expect(Object.keys(report.refusals)).toEqual(['400'])
    expect((await world.receiver.readiness()).body.degraded).toEqual([])
  })

  it.each<[string, (world: World) => Promise<void>]>([
    [
      'the first connection',
      async (world) => {
        // In the middle of logging in, asking for migrations, and so on.
        while (world.relay.connections === 0) await sleep(5)
        await sleep(world.random.whole(100, 600))
      },
    ],
    [
      'the connection that migrates',
      async (world) => {
        const migrating = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
        while ((await world.sql(migrating)).length === 0) await sleep(5)
      },
    ],
  ])('comes to itself when the network swallowed %s', async (_, begun) => {
    const world = await create({ migrated: false })
    world.relay.delayMs = 50
    world.receiver.spawn()
    await begun(world)
    world.relay.blackhole()
    await world.receiver.listening()
    world.generator.start()
    await sleep(2_000)
    world.relay.heal()
    await sleep(1_000)
    const report = await world.finish({ drainMs: 40_000 })
    expect(report).toMatchObject(clean)
  })

  it.each([
    ['password', { code: '28P01' }],
    ['database', { code: '3D000' }],
  ])('is loud about a wrong %s, and takes callbacks all the same', async (what, error) => {
    const world = await create()
    const url = new URL(world.databaseUrl)
    if (what === 'password') url.password = 'wrong'
    else url.pathname = `/later_${world.run}`
    await world.receiver.start({ DATABASE_URL: url.href })
    await sleep(500)
    const errors = world.receiver.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error')
    expect(errors[0]).toMatchObject({ err: error })
    expect(world.receiver.output).not.toContain('wrong@')
    const { status, body } = await world.receiver.readiness()
    expect(status).toBe(200)
    expect(body.degraded.join()).toMatch(what === 'password' ? /password authentication failed/ : /does not exist/)
    world.generator.start()
    await sleep(1_000)
    await world.generator.stop()
    expect(world.generator.wrong).toEqual([])
    expect(Object.keys(Object.fromEntries(world.generator.refusals)).filter((status) => status !== '400')).toEqual([])
  })

  it('a signal while it starts ends it in order', async () => {
    const world = await create()
    world.relay.blackhole()
    for (const ms of [0, 100, 700]) {
      world.receiver.spawn()
      while (world.relay.connections === 0) await sleep(2)
      await sleep(ms)
      const signalled = performance.now()
      expect(await world.receiver.end('SIGTERM')).toEqual({ code: 0, signal: null })
      expect(performance.now() - signalled).toBeLessThan(15_000)
      world.relay.reset()
    }
  })
})

describe('stop', () => {
  it('a rolling restart of two receivers costs no callback: none is cut, refused or answered 503', async () => {
    const world = await create({ receivers: 2, env: { SHUTDOWN_DELAY_MS: '2000' } })
    await Promise.all(world.receivers.map((receiver) => receiver.start()))
    const urls = world.receivers.map(({ url }) => url)
    world.generator.start()
    for (const receiver of [...world.receivers, ...world.receivers]) {
      await sleep(1_000)
      const ended = receiver.end('SIGTERM')
      // What stands before them sends nothing more to one that is not ready.
      while ((await receiver.readiness()).status === 200) await sleep(20)
      expect((await receiver.readiness()).body.degraded).toEqual(['shutting down'])
      world.generator.urls = urls.filter((url) => url !== receiver.url)
      expect(await ended).toEqual({ code: 0, signal: null })
      await receiver.start()
      world.generator.urls = urls
    }
    const report = await world.finish()
    expect(report).toMatchObject(clean)
    expect(Object.keys(report.refusals)).toEqual(['400'])
  })

  it('says each phase, and a second signal forces', async () => {
    const world = await create({ env: { SHUTDOWN_DELAY_MS: '5000', LOG_LEVEL: 'info' } })
    await world.receiver.start()
    const ended = world.receiver.end('SIGINT')
    await sleep(500)
    world.receiver.signal('SIGINT')
    expect(await ended).toEqual({ code: 1, signal: null })
    await world.receiver.start({ SHUTDOWN_DELAY_MS: '0' })
    expect(await world.receiver.end('SIGINT')).toEqual({ code: 0, signal: null })
    const phases = world.receiver.log.flatMap((line) => (JSON.parse(line) as { phase?: string }).phase ?? [])
    expect(phases).toEqual([
      'go on serving',
      'finish requests',
      'stop the fold, forwarding and maintenance',
      'empty the batches',
      'close the private listener',
      'stop Postgres',
    ])
  })

  it('keeps what Postgres does not take any more: swallowed connections under load', async () => {
    const world = await create()
    await world.receiver.start()
    world.generator.start()
    await sleep(1_500)
    world.relay.blackhole()
    await sleep(1_000)
    const signalled = performance.now()
    expect(await world.receiver.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(performance.now() - signalled).toBeLessThan(20_000)
    world.relay.heal()
    await world.receiver.start()
    const report = await world.finish()
    expect(report).toMatchObject(clean)
    expect(report.refusals['503'] ?? 0).toBe(0)
  })

  it('with Postgres frozen', async () => {
    const world = await create({ relayed: false })
    await world.receiver.start()
    world.generator.start()
    await sleep(1_500)
    await postgres.freeze()
    onTestFinished(() => postgres.thaw())
    await sleep(500)
    expect(await world.receiver.end('SIGTERM')).toEqual({ code: 0, signal: null })
    await postgres.thaw()
    await world.receiver.start()
    const report = await world.finish()
    expect(report).toMatchObject(clean)
    expect(report.refusals['503'] ?? 0).toBe(0)
  })
})
