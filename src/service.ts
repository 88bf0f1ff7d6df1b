import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { buildAdmin } from './admin/app.ts'
import type { Config } from './config/config.ts'
import type { EmbeddedPostgres } from './embedded-postgres/embedded.ts'
import type { EmbeddedKeeper } from './embedded-postgres/keeper.ts'
import { Forwarder, forwarderLimits } from './feed/forwarder.ts'
import { Sender } from './feed/sender.ts'
import { buildApp } from './http/app.ts'
import { Receiver } from './ingest/receiver.ts'
import { makeReachable } from './lib/directories.ts'
import type { Log } from './lib/log.ts'
import { shutDown } from './lib/shutdown.ts'
import { Folder } from './maintenance/folder.ts'
import { Maintenance } from './maintenance/maintenance.ts'
import { watchFold } from './metrics/fold.ts'
import { watchForwarder } from './metrics/forward.ts'
import { Metrics } from './metrics/metrics.ts'
import { watchPools } from './metrics/pools.ts'
import { watchProcess } from './metrics/process.ts'
import { watchReadiness } from './metrics/readiness.ts'
import { Spool } from './spool/spool.ts'
import { Postgres } from './store/postgres.ts'

/** Milliseconds to wait for Postgres before saying that the receiver is there, which listens and spools meanwhile. */
const patienceMs = 1_000
/** The same for the start of the embedded Postgres, and for its migrations when it is new: both take seconds. */
const embeddedPatienceMs = 10_000
/** Milliseconds kept for closing the spool and the pool after the batches. */
const closingMs = 400
/** Milliseconds for a batch of the fold, and for a statement of maintenance, to end. */
const backgroundStopMs = 2_000
/** Milliseconds that the application behind has for an answer. */
const forwardTimeoutMs = 10_000
/** Milliseconds for the embedded Postgres to shut down. */
const embeddedStopMs = 30_000

export interface Service {
  /** Where the listeners are, as bound. */
  url: string
  adminUrl: string
  /** The embedded Postgres; undefined where it is not used, or still starting. */
  embedded: EmbeddedPostgres | undefined
  /** Shuts down in phases. Resolves to false when something could not be done in time. */
  stop(): Promise<boolean>
}

/**
 * Puts the receiver together and starts it. The ports come first, so that no Postgres is made for a receiver that cannot
 * listen. From then on callbacks are taken: into the spool until Postgres is there, which may be away.
 * Rejects when a port, the spool or the embedded Postgres cannot be had.
 */
export async function startService(config: Config, log: Log): Promise<Service> {
  const metrics = new Metrics()
  // The spool says what is wrong with a directory that cannot be made.
  await makeReachable(config.dataDir).catch(() => {})
  const spool = await Spool.open({ directory: join(config.dataDir, 'spool'), maxBytes: config.spoolMaxBytes, log })
  // Of a new one all migrations are still to be run.
  const isNew = !existsSync(join(config.dataDir, 'postgres'))
  const keeper = config.databaseUrl === undefined ? await embeddedKeeper(config, log) : undefined
  const postgres = new Postgres({
    databaseUrl: config.databaseUrl,
    migrateDatabaseUrl: config.migrateDatabaseUrl,
    migrate: config.migrate,
    poolSize: config.databasePoolSize,
    pooler: config.databasePooler,
    statementTimeoutMs: config.commitDeadlineMs,
    partitionBy: config.partitionBy,
    // An embedded Postgres that died is ours to start again.
    ...(keeper ? { revive: () => keeper.ensure() } : {}),
    log,
  })
  const folder = new Folder({
    pool: () => postgres.background,
    log,
    showUserData: config.showUserData,
    busy: () => receiver.isBusy,
    onFolded: () => forwarder?.wake(),
  })
  const receiver = new Receiver({ ...config, postgres, spool, metrics, log, onStored: folder.wake })
  const forwarder = config.forward && forwarderOf(config.forward, { postgres, receiver, log })
  const maintenance = new Maintenance({
    postgres,
    spool,
    log,
    quarantineRetentionDays: config.quarantineRetentionDays,
    retention: config,
    receiver,
  })
  const stopping = new AbortController()
  const app = await buildApp({ config, receiver, metrics, log, stopping: stopping.signal })
  const readiness = () => {
    if (stopping.signal.aborted) return { ready: false, degraded: ['shutting down'] }
    const { ready, degraded } = receiver.readiness
    return { ready, degraded: [...degraded, ...folder.degraded] }
  }
  watchProcess(metrics.registry)
  watchPools(metrics.registry, () => postgres.pools)
  watchFold(metrics.registry, folder)
  if (forwarder) watchForwarder(metrics.registry, forwarder)
  watchReadiness(metrics.registry, readiness)
  const ops = { postgres, pooler: config.databasePooler, timeZone: config.timeZone, log }
  const admin = buildAdmin({ config, readiness, metrics, log, openapi: () => app.swagger(), ops })

  let embedded: EmbeddedPostgres | undefined
  try {
    await listen(admin, config.adminHost, config.adminPort, 'ADMIN_')
    await listen(app, config.host, config.port, '')
    embedded = await keeper?.start(embeddedPatienceMs)
  } catch (error) {
    await Promise.all([app.close(), admin.close()])
    await keeper?.stop()
    throw error
  }
  receiver.start()
  maintenance.start()
  folder.start()
  forwarder?.start()
  await receiver.whenConnected(isNew && embedded ? embeddedPatienceMs : patienceMs)

  return {
    url: urlOf(app, config.tls ? 'https' : 'http'),
    adminUrl: urlOf(admin),
    embedded,
    async stop() {
      stopping.abort()
      const half = config.shutdownTimeoutMs / 2
      return shutDown(
        [
          {
            name: 'go on serving',
            timeoutMs: config.shutdownDelayMs + 1_000,
            run: () => sleep(config.shutdownDelayMs),
          },
          { name: 'finish requests', timeoutMs: half, run: () => app.close() },
          {
            name: 'stop the fold, forwarding and maintenance',
            timeoutMs: backgroundStopMs + closingMs,
            run: () =>
              Promise.all([
                folder.stop(backgroundStopMs),
                forwarder?.stop(backgroundStopMs),
                maintenance.stop(backgroundStopMs),
              ]),
          },
          { name: 'empty the batches', timeoutMs: half, run: () => receiver.stop(half - closingMs) },
          { name: 'close the private listener', timeoutMs: 1_000, run: () => admin.close() },
          { name: 'stop Postgres', timeoutMs: embeddedStopMs, run: async () => keeper?.stop() },
        ],
        log,
      )
    },
  }
}

/** Posts what was folded, to one address for all receivers of the database. */
function forwarderOf(
  { url, keys }: NonNullable<Config['forward']>,
  { postgres, receiver, log }: { postgres: Postgres; receiver: Receiver; log: Log },
): Forwarder {
  return new Forwarder({
    pool: () => postgres.forwarding,
    name: 'service',
    sender: new Sender({ url, keys, timeoutMs: forwardTimeoutMs, connections: forwarderLimits.concurrency }),
    log,
    busy: () => receiver.isBusy,
  })
}

/** Loaded only when it is used: with DATABASE_URL nothing of the embedded Postgres need be installed. */
async function embeddedKeeper(config: Config, log: Log): Promise<EmbeddedKeeper> {
  const { EmbeddedKeeper } = await import('./embedded-postgres/keeper.ts')
  const lines = { info: (line: string) => log.info({}, line), warn: (line: string) => log.warn({}, line) }
  return new EmbeddedKeeper({ directory: join(config.dataDir, 'postgres'), log: lines })
}

/** Binds a listener; what keeps it from that is said with the variable that helps. */
async function listen(server: FastifyInstance, host: string, port: number, prefix: 'ADMIN_' | ''): Promise<void> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const where = `${prefix}PORT ${port}`
    if (code === 'EADDRINUSE')
      throw new Error(`${where} is taken on ${host} (${code}): end the other program, or set another ${prefix}PORT`)
    if (code === 'EACCES') throw new Error(`${where} may not be used by this user (${code}): set another ${prefix}PORT`)
    throw new Error(`${prefix}HOST ${host} cannot be listened on (${code ?? message})`)
  }
}

function urlOf(server: FastifyInstance, scheme = 'http'): string {
  const { address, family, port } = server.server.address() as AddressInfo
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
