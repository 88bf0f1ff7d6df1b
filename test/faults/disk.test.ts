import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { OwnPostgres } from '../support/own-postgres.ts'
import { World, type WorldOptions } from '../support/world.ts'
import { clean, seedOf } from './verdict.ts'

const run = promisify(execFile)

let postgres: OwnPostgres

beforeAll(async () => {
  postgres = await OwnPostgres.start()
})

afterAll(async () => postgres.remove())

/** Permissions do not bind root, so the receiver runs as somebody else then. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined

async function create(options: Partial<WorldOptions> = {}): Promise<World> {
  const world = await World.create({ postgres, seed: seedOf(), started: false, rate: 60, ...options })
  onTestFinished(() => world.remove())
  return world
}

const spoolOf = (world: World) => join(world.receiver.options.dataDir, 'spool')
const away = { host: '127.0.0.1', port: 1 }

/** Postgres is out of reach, so that everything goes to the spool. */
async function spooling(world: World): Promise<void> {
  world.relay.target = away
  world.relay.reset()
  await world.until((metric) => metric('rtc_spool_records') > 50, 'spooling')
}

/** Refused with 503, which is loud, and says so where it is asked. */
async function refusing(world: World): Promise<void> {
  const before = world.generator.refusals.get('503') ?? 0
  const until = performance.now() + 30_000
  while ((world.generator.refusals.get('503') ?? 0) < before + 20) {
    if (performance.now() > until) throw new Error(`nothing is refused:\n${world.receiver.output}`)
    await sleep(50)
  }
  const { status, body } = await world.receiver.readiness()
  expect(status).toBe(503)
  expect(body.degraded.join()).toMatch(/the spool (is full|cannot be written)/)
  expect(world.receiver.output).toMatch(/"level":"error".*the spool cannot/)
}

/** It takes callbacks again by itself, still without Postgres. */
async function takingAgain(world: World): Promise<void> {
  const until = performance.now() + 10_000
  while ((await world.receiver.readiness()).status !== 200) {
    if (performance.now() > until) throw new Error(`does not recover:\n${world.receiver.output}`)
    await sleep(50)
  }
  const { accepted } = world.generator
  await sleep(1_500)
  expect(world.generator.accepted).toBeGreaterThan(accepted)
}

async function finish(world: World): Promise<void> {
  world.relay.target = postgres.address
  const report = await world.finish()
  expect(report).toMatchObject(clean)
  console.info(`${report.acknowledged} acknowledged, refusals ${JSON.stringify(report.refusals)}`)
}

describe('spool directory', () => {
  it('cannot be written: from the start', async () => {
    const world = await create(nobody ? { receiver: { user: nobody } } : {})
    const { dataDir } = world.receiver.options
    await mkdir(spoolOf(world), { recursive: true })
    if (nobody) for (const path of [dataDir, spoolOf(world)]) await chown(path, nobody.uid, nobody.gid)
    await chmod(spoolOf(world), 0o500)
    world.relay.target = away
    await world.receiver.start()
    world.generator.start()
    await refusing(world)
    await chmod(spoolOf(world), 0o700)
    await takingAgain(world)
    await finish(world)
  })

  it('cannot be written any more: in the middle of spooling', async () => {
    // Small segments, so that a new one is needed soon.
    const world = await create({ env: { SPOOL_MAX_BYTES: '2MiB' }, ...(nobody ? { receiver: { user: nobody } } : {}) })
    await world.receiver.start()
    world.generator.start()
    await spooling(world)
    await chmod(spoolOf(world), 0o500)
    await refusing(world)
    await chmod(spoolOf(world), 0o700)
    await takingAgain(world)
    await finish(world)
  })

  it('cannot be written while Postgres is there: callbacks are stored all the same', async () => {
    const world = await create({ env: { SPOOL_MAX_BYTES: '2MiB' }, ...(nobody ? { receiver: { user: nobody } } : {}) })
    await world.receiver.start()
    await chmod(spoolOf(world), 0o500)
    world.generator.start()
    await sleep(3_000)
    expect((await world.receiver.readiness()).status).toBe(200)
    const report = await world.finish()
    expect(report).toMatchObject(clean)
    await chmod(spoolOf(world), 0o700)
  })

  it('is moved away and a file put in its place, and back', async () => {
    const world = await create({ env: { SPOOL_MAX_BYTES: '2MiB' } })
    await world.receiver.start()
    world.generator.start()
    await spooling(world)
    const spool = spoolOf(world)
    await rename(spool, `${spool}.moved`)
    await writeFile(spool, 'not a directory')
    await refusing(world)
    await rm(spool)
    await rename(`${spool}.moved`, spool)
    await takingAgain(world)
    await finish(world)
  })
})

describe('no room', () => {
  it('the bound is reached: 503 with Retry-After until there is room again', async () => {
    const world = await create({ env: { SPOOL_MAX_BYTES: '300KiB' } })
    await world.receiver.start()
    world.generator.start()
    await spooling(world)
    await refusing(world)
    expect(world.watch.mostSpoolBytes).toBeLessThanOrEqual(300 * 1024)
    world.relay.target = postgres.address
    await takingAgain(world)
    await finish(world)
  })

  it('the disk is full: a tmpfs of a few hundred KiB', async (context) => {
    const world = await create()
    const { dataDir } = world.receiver.options
    await mkdir(dataDir, { recursive: true })
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', dataDir]).then(
      () => true,
      () => false,
    )
    if (!mounted) {
      console.warn('A tmpfs needs root: only the stand-in below, a limit on the size of files, was tried.')
      return context.skip('a tmpfs needs root')
    }
    onTestFinished(async () => {
      if (world.receiver.isRunning) await world.receiver.end('SIGKILL')
      await run('umount', [dataDir])
    })
    await world.receiver.start()
    world.generator.start()
    await spooling(world)
    await refusing(world)
    // Killed on the full disk, and started on it.
    await world.receiver.end('SIGKILL')
    await world.receiver.start()
    await refusing(world)
    await run('mount', ['-o', 'remount,size=8m', dataDir])
    await takingAgain(world)
    world.relay.target = postgres.address
    await world.until((metric) => metric('rtc_spool_records') === 0, 'draining')
    expect((await readdir(spoolOf(world))).filter((name) => name.endsWith('.spool')).length).toBeLessThanOrEqual(1)
    await finish(world)
  })

  it('no file may grow: what an ordinary user can do about a disk, by prlimit', async () => {
    const world = await create()
    await world.receiver.start()
    world.generator.start()
    await spooling(world)
    const limit = (bytes: string) => run('prlimit', ['--pid', String(world.receiver.pid), `--fsize=${bytes}:unlimited`])
    await limit('0')
    await refusing(world)
    await limit('unlimited')
    await takingAgain(world)
    await limit('0')
    await refusing(world)
    // Draining needs no room.
    world.relay.target = postgres.address
    await world.until((metric) => metric('rtc_spool_records') === 0, 'draining')
    await sleep(1_000)
    await limit('unlimited')
    await finish(world)
  })
})
