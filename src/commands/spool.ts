import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Config } from '../config/config.ts'
import type { Log } from '../lib/log.ts'
import { inspectSpool, Spool, SpoolLockedError, type SpoolStatus } from '../spool/spool.ts'
import { commandConfig, withDatabaseUrl } from './database.ts'
import { noteLines, printJson, printLines } from './output.ts'
import { bar, progressLine, whileWaiting } from './progress.ts'

export function spoolCommand(command: Command): void {
  status(command.command('status'))
  drain(command.command('drain'))
}

const json = () => new Option('--json', 'print JSON')
const spoolDirectory = ({ dataDir }: Config) => join(dataDir, 'spool')

function status(command: Command): void {
  command
    .description('what the spool holds; reads all of it, verifying checksums')
    .addOption(json())
    .action(async (options: { json?: boolean }) => {
      const found = await whileWaiting('reading the spool', inspectSpool(spoolDirectory(await commandConfig())))
      if (options.json) printJson({ ...found, oldestAt: oldest(found) ?? null })
      else printLines(...describe(found))
    })
}

function describe(found: SpoolStatus): string[] {
  const { directory, locked, segments, bytes, records, damaged, unreadable, setAside } = found
  const since = oldest(found)
  const lines = [
    `${directory}${locked ? ', in use by a receiver' : ''}`,
    `  ${count(records, 'record')} in ${count(segments, 'file')}, ${count(bytes, 'byte')}`,
  ]
  if (since !== undefined) lines.push(`  the oldest is of ${since}`)
  if (damaged > 0) lines.push(`  ${count(damaged, 'line')} with a wrong checksum: draining sets them aside`)
  if (unreadable > 0)
    lines.push(`  ${count(unreadable, 'file')} without a readable header: the next start sets them aside`)
  const aside = setAside.records + setAside.damaged + setAside.unreadable
  if (aside > 0) {
    lines.push(
      `  set aside, for somebody to look: ${count(setAside.records, 'record')}, ` +
        `${count(setAside.damaged, 'damaged line')}, ${count(setAside.unreadable, 'unreadable file')}`,
    )
  }
  return lines
}

function oldest({ oldestAt }: SpoolStatus): string | undefined {
  return oldestAt === undefined ? undefined : new Date(oldestAt).toISOString()
}

function drain(command: Command): void {
  command
    .description('bring it to Postgres while no receiver runs on this DATA_DIR')
    .option('--wait <seconds>', 'how long to wait for Postgres while nothing moves', wholeSeconds, 30)
    .addOption(json())
    .action(async (options: { wait: number; json?: boolean }) => {
      const config = await commandConfig()
      const directory = spoolDirectory(config)
      const before = await inspectSpool(directory)
      if (before.segments === 0) return report({ drained: 0, setAside: 0, left: 0 }, options)
      const spool = await Spool.open({ directory, maxBytes: config.spoolMaxBytes, log: stderrLog }).catch((error) => {
        if (error instanceof SpoolLockedError)
          throw new Error(`${error.message}: a receiver that runs drains by itself`)
        throw error
      })
      try {
        report(await drainAll(spool, options.wait * 1000), options)
      } finally {
        await spool.close()
      }
    })
}

interface Drained {
  drained: number
  setAside: number
  left: number
}

function report({ drained, setAside, left }: Drained, options: { json?: boolean }): void {
  if (options.json) printJson({ drained, setAside, left })
  else printLines(drained + setAside + left === 0 ? 'the spool is empty' : `drained ${count(drained, 'record')}`)
  if (left > 0) throw new Error(`not drained, still in the spool: ${count(left, 'record')}`)
  if (setAside > 0) throw new Error(`not drained, set aside for somebody to look: ${count(setAside, 'record')}`)
}

/** Drains until the spool is empty, or nothing has moved for `patienceMs`, or somebody presses Ctrl-C. */
async function drainAll(spool: Spool, patienceMs: number): Promise<Drained> {
  // Loaded here, for `status` needs none of it.
  const [{ Metrics }, { Receiver }, { Postgres }] = await Promise.all([
    import('../metrics/metrics.ts'),
    import('../ingest/receiver.ts'),
    import('../store/postgres.ts'),
  ])
  return withDatabaseUrl(async (databaseUrl, config) => {
    const postgres = new Postgres({
      databaseUrl,
      migrateDatabaseUrl: config.migrateDatabaseUrl ?? databaseUrl,
      migrate: config.migrate,
      poolSize: config.databasePoolSize,
      pooler: config.databasePooler,
      statementTimeoutMs: config.commitDeadlineMs,
      partitionBy: config.partitionBy,
      log: stderrLog,
    })
    const receiver = new Receiver({ ...config, postgres, spool, metrics: new Metrics(), log: stderrLog })
    const { records: start, setAsideCount: setAsideAtStart } = spool
    let interrupted = false
    const interrupt = () => {
      interrupted = true
    }
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const progress = progressLine()
    receiver.start()
    let last = start
    let movedAt = performance.now()
    while (spool.records > 0 && !interrupted && performance.now() - movedAt < patienceMs) {
      await sleep(100)
      if (spool.records < last) movedAt = performance.now()
      last = spool.records
      progress.show(
        `${bar((start - last) / start)} ${(start - last).toLocaleString('en')} of ${count(start, 'record')} drained`,
      )
    }
    progress.end()
    await receiver.stop(config.shutdownTimeoutMs / 2)
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    const { records: left, setAsideCount: setAside } = spool
    return { drained: start - left - (setAside - setAsideAtStart), setAside, left }
  })
}

/** What goes wrong is said on standard error; what goes well is not worth a line. */
const stderrLog: Log = {
  info() {},
  warn: (fields, message) => complain(fields, message),
  error: (fields, message) => complain(fields, message),
}

function complain(fields: object, message: string): void {
  const { err, code, reason } = fields as { err?: { message: string }; code?: string; reason?: string }
  const why = err?.message ?? reason ?? code
  noteLines(`${message}${why ? ` (${why})` : ''}`)
}

function count(n: number, what: string): string {
  return `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`
}

function wholeSeconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('it should be a whole number of seconds')
  return Number(text)
}
