import { type Command, InvalidArgumentError, Option } from 'commander'
import type pg from 'pg'
import { sizesOnNodes } from '../store/citus.ts'
import { Partitions } from '../store/partitions.ts'
import { applyRetention, isPast, listPeriods, type Period, retentionEnd } from '../store/retention.ts'
import { withConnection } from './database.ts'
import { printJson, printLines, printTable } from './output.ts'
import { whileWaiting } from './progress.ts'

interface Options {
  create?: boolean
  drop?: boolean
  days?: number
  yes?: boolean
  json?: boolean
}

export function partitionsCommand(command: Command): void {
  command
    .addHelpText('after', '\nThe receiver creates and drops them by itself while it runs.')
    .option('--create', 'make those of now and of the time to come, as the receiver does every hour')
    .option('--drop', 'show which are older than RETENTION_DAYS, as the receiver drops them every day')
    .option('--days <n>', 'with --drop: older than so many days instead', days)
    .option('--yes', 'with --drop: do it')
    .addOption(new Option('--json', 'print JSON'))
    .action((options: Options) => {
      if (!options.drop && (options.yes || options.days !== undefined))
        command.error('error: --yes and --days belong to --drop')
      return withConnection(async (client, config) => {
        if (options.create) await new Partitions(config.partitionBy).createAhead(client)
        if (options.drop) return drop(client, options.days ?? config.retentionDays, options)
        const periods = await withSizes(client, await listPeriods(client))
        if (options.json) printJson(periods)
        else printTable(columns, periods.map(cells))
      })
    })
}

/** On Citus of all nodes; how many rows there are is not known here then. */
async function withSizes(client: pg.Client, periods: readonly Period[]): Promise<Period[]> {
  const sizes = await sizesOnNodes(
    client,
    periods.map(({ partition }) => partition),
  )
  return periods.map((period) => {
    const bytes = sizes.get(period.partition)
    return bytes === undefined ? period : { ...period, bytes, rows_estimate: null }
  })
}

const columns = ['table', 'partition', 'from', 'to', 'rows (about)', 'size']

async function drop(client: pg.Client, retentionDays: number | undefined, options: Options): Promise<void> {
  if (retentionDays === undefined)
    throw new Error('RETENTION_DAYS is unset, so calls are kept for ever: set it, or say --days')
  const before = retentionEnd(retentionDays)
  if (!options.yes) {
    const past = (await listPeriods(client)).filter((period) => isPast(period, before))
    if (options.json) return printJson({ before, past })
    if (past.length > 0) printTable(columns, past.map(cells))
    else printLines('no whole partition is past')
    return printLines(`before ${time(before)}; --yes drops them, and deletes older rows of _old and of placed calls`)
  }
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const work = applyRetention(client, { retentionDays }, { attempts: 60, pauseMs: 500, signal: stop.signal })
  const result = await whileWaiting('deleting what is past', work).finally(() =>
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt),
  )
  if (options.json) printJson({ before, ...result })
  else {
    for (const name of result.dropped) printLines(`dropped ${name}`)
    for (const [name, rows] of Object.entries(result.deleted))
      printLines(`deleted ${rows.toLocaleString('en')} rows of ${name}`)
    if (result.dropped.length === 0 && Object.keys(result.deleted).length === 0) printLines('nothing is past')
  }
  if (stop.signal.aborted) throw new Error('interrupted: the rest is still there')
  if (result.busy.length > 0)
    throw new Error(
      `somebody reads or writes ${result.busy.join(' and ')} all the time: what could be deleted is gone, try again when queries have ended`,
    )
}

function cells({ parent, partition, period_start, period_end, rows_estimate, bytes }: Period): unknown[] {
  const rows = rows_estimate === null ? '' : rows_estimate.toLocaleString('en')
  return [parent, partition, period_start ? time(period_start) : '', time(period_end), rows, size(bytes)]
}

/** Bounds are midnights in UTC. */
function time(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

function days(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('it should be a whole number of days, 1 or more')
  return Number(text)
}
