import { once } from 'node:events'
import { chmod, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { clusterPaths } from '../../src/embedded-postgres/cluster.ts'
import { findEmbeddedPostgres } from '../../src/embedded-postgres/embedded.ts'
import { findPostmaster, stopPostmaster } from '../../src/embedded-postgres/postmaster.ts'
import { audit } from '../support/auditor.ts'
import { Generator } from '../support/generator.ts'
import { sum } from '../support/metrics.ts'
import { ReceiverProcess } from '../support/receiver-process.ts'
import { Watch } from '../support/watch.ts'
import { seedOf } from './verdict.ts'

/** A receiver with its own Postgres under load. */
async function embedded() {
  const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'rtc-receiver-faults-embedded-')))
  await chmod(dataDir, 0o755)
  const directory = join(dataDir, 'postgres')
  const { data } = clusterPaths(directory)
  const receiver = await ReceiverProcess.create({ dataDir })
  const watch = new Watch(receiver)
  const seed = seedOf()
  const run = `e${seed}`
  const generator = new Generator({ seed, run, urls: [receiver.url], rate: 80 })
  onTestFinished(async () => {
    await generator.stop(0)
    await watch.stop()
    if (receiver.isRunning) await receiver.end('SIGKILL')
    const left = await findPostmaster(data)
    if (left) await stopPostmaster(left.pid, data, { info() {}, warn() {} })
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  })
  const postmaster = async () => (await findPostmaster(data))?.pid
  /** It listens before its Postgres is made. */
  async function start(): Promise<void> {
    await receiver.start()
    while ((await receiver.readiness()).body.degraded.length > 0) await sleep(50)
  }
  await start()

  /** Everything acknowledged is there once the spool is empty, and no Postgres is left behind. */
  async function finish(): Promise<void> {
    await generator.stop()
    const until = performance.now() + 30_000
    for (;;) {
      const found = await watch.look()
      if (found && sum(found, 'rtc_spool_records') === 0) break
      if (performance.now() > until) throw new Error(`not drained:\n${receiver.output}`)
      await sleep(100)
    }
    const pool = new pg.Pool({ connectionString: (await findEmbeddedPostgres(directory))?.url })
    pool.on('error', () => {})
    const report = await audit(pool, run, generator)
    await pool.end()
    expect(report).toMatchObject({ lost: [], twice: [], strange: [] })
    expect(report.acknowledged).toBeGreaterThan(100)
    expect([generator.wrong, watch.unbalanced]).toEqual([[], []])
    expect(await receiver.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(await postmaster()).toBeUndefined()
  }
  return { receiver, start, generator, data, dataDir, postmaster, finish }
}

it('an embedded Postgres that dies is started again, and stopped in the end', async () => {
  const { receiver, generator, postmaster, finish } = await embedded()
  generator.start()
  for (const signal of ['SIGKILL', 'SIGQUIT', 'SIGTERM'] as const) {
    await sleep(1_500)
    const pid = (await postmaster()) as number
    process.kill(pid, signal)
    const until = performance.now() + 20_000
    for (;;) {
      const now = await postmaster()
      if (now !== undefined && now !== pid) break
      if (performance.now() > until) throw new Error(`not started again after ${signal}:\n${receiver.output}`)
      await sleep(50)
    }
  }
  await sleep(1_000)
  await finish()
})

it('also at another port, when somebody has taken the old one meanwhile', async () => {
  const { generator, data, postmaster, finish } = await embedded()
  generator.start()
  await sleep(1_000)
  const pid = (await postmaster()) as number
  const port = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[3])
  const squatter = createServer((socket) => socket.destroy())
  onTestFinished(() => void squatter.close())
  process.kill(pid, 'SIGKILL')
  while (!(await takes(squatter, port))) await sleep(1)
  await sleep(4_000)
  await finish()
})

function takes(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.removeAllListeners('listening').removeAllListeners('error')
    server.once('listening', () => resolve(true)).once('error', () => resolve(false))
    server.listen(port, '127.0.0.1')
  })
}

it('a receiver killed with -9 finds its Postgres alive and adopts it', async () => {
  const { receiver, generator, postmaster, finish } = await embedded()
  generator.start()
  await sleep(1_000)
  const pid = await postmaster()
  for (let i = 0; i < 3; i++) {
    await receiver.end('SIGKILL')
    await receiver.start()
    expect(await postmaster()).toBe(pid)
    await sleep(1_000)
  }
  await finish()
})

it('a receiver killed with -9 together with its Postgres', async () => {
  const { receiver, generator, postmaster, finish } = await embedded()
  generator.start()
  for (let i = 0; i < 3; i++) {
    await sleep(1_000)
    process.kill((await postmaster()) as number, 'SIGKILL')
    await receiver.end('SIGKILL')
    await receiver.start()
  }
  await finish()
})

it('a start that fails leaves no Postgres behind', async () => {
  const { receiver, postmaster, finish, generator } = await embedded()
  expect(await receiver.end('SIGTERM')).toEqual({ code: 0, signal: null })
  const squatter = createServer().listen(Number(new URL(receiver.url).port), '127.0.0.1')
  await once(squatter, 'listening')
  receiver.spawn()
  expect((await receiver.exited).code).toBe(1)
  expect(receiver.output).toMatch(/EADDRINUSE/)
  expect(await postmaster()).toBeUndefined()
  squatter.close()
  await receiver.start()
  generator.start()
  await sleep(3_000)
  await finish()
})

it('a signal while the embedded Postgres starts leaves none behind', async () => {
  const { receiver, start, generator, dataDir, postmaster, finish } = await embedded()
  const lock = join(dataDir, 'postgres', 'lock')
  for (const ms of [0, 50, 200]) {
    process.kill((await postmaster()) as number, 'SIGKILL')
    await receiver.end('SIGKILL')
    receiver.spawn()
    // It has begun to start Postgres once it holds this lock.
    while ((await readFile(lock, 'utf8').catch(() => '')).trim() !== String(receiver.pid)) await sleep(2)
    await sleep(ms)
    expect(await receiver.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(await postmaster()).toBeUndefined()
    await start()
  }
  generator.start()
  await sleep(2_000)
  await finish()
})
