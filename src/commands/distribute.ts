import type { Command } from 'commander'
import type pg from 'pg'
import { type Distribution, distribute, lockDistribution, planDistribution } from '../store/citus.ts'
import { publicError } from '../store/errors.ts'
import { pendingMigrations } from '../store/migrate.ts'
import { directUrl, overDirectUrl, withClient, withDatabaseUrl } from './database.ts'
import { printJson, printLines } from './output.ts'
import { whileWaiting } from './progress.ts'

/** Bytes that are copied in some seconds: nobody has to be asked before. */
const fewBytes = 256 * 1024 * 1024

const help = `
Facts are distributed by session_id, calls by call_ref; all other tables stay on the coordinator. Partitions that are made
later follow by themselves. What is done already is left alone, so it may be run again. While a table is copied nobody
writes to it: receivers spool, and drain afterwards (docs/scaling.md).`

interface Options {
  dryRun?: boolean
  yes?: boolean
  json?: boolean
}

export function distributeCommand(command: Command): void {
  command
    .option('--dry-run', 'print the SQL that is still to be run, and run nothing')
    .option('--yes', 'also when there is much to copy, which locks a table for as long')
    .option('--json', 'print JSON')
    .addHelpText('after', help + overDirectUrl)
    .action((options: Options) =>
      withDatabaseUrl(async (url, config) => {
        const databaseUrl = directUrl(url, config)
        const pending = await pendingMigrations({ databaseUrl })
        if (pending.length > 0) throw new Error('migrations are pending: run rtc-receiver migrate first')
        await withClient(databaseUrl, 'rtc-receiver distribute', (client) => run(client, options))
      }),
    )
}

async function run(client: pg.Client, { dryRun = false, yes = false, json = false }: Options): Promise<void> {
  const plan = await planDistribution(client)
  const refused = !dryRun && !yes && plan.bytes > fewBytes
  if (!json) printLines(...describe(plan, dryRun))
  if (!dryRun && !refused && plan.steps.length > 0) {
    if (!(await lockDistribution(client))) throw new Error('another rtc-receiver distribute is at it')
    let now = ''
    const work = distribute(client, plan, ({ sql }) => {
      now = sql
      if (!json) printLines(sql)
    })
    await whileWaiting(() => now, work).catch((error) => {
      if (publicError(error).code !== '55P03') throw error
      throw new Error('somebody has used a table for longer than 10 s: what is done stays, run it again')
    })
  }
  if (json) printJson({ applied: !dryRun && !refused, ...plan })
  else if (plan.steps.length === 0) printLines('all of it is distributed')
  if (refused)
    throw new Error(
      `${(plan.bytes / 2 ** 30).toFixed(1)} GiB have to be copied while receivers spool: have room for that in their spools, then say --yes`,
    )
}

function describe({ version, nodes, steps }: Distribution, dryRun: boolean): string[] {
  const lines = [`-- Citus ${version}, ${nodes} ${nodes === 1 ? 'node' : 'nodes'} for shards`]
  if (dryRun) lines.push(...steps.map(({ sql }) => `${sql};`))
  return lines
}
