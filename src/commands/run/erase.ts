import { join } from 'node:path'
import type pg from 'pg'
import type { Config } from '../../config/config.ts'
import { NumberFinder } from '../../erasure/finder.ts'
import { type Connections, type Erased, eraseNumber } from '../../erasure/run.ts'
import { inspectSpool } from '../../spool/spool.ts'
import { erasableTables } from '../../store/erasure/tables.ts'
import { publicError } from '../../store/errors.ts'
import { directUrl, withClient, withDatabaseUrl } from '../database.ts'
import { ask, readInput } from '../input.ts'
import { noteLines, printJson, printLines, printTable } from '../output.ts'
import { bar, progressLine } from '../progress.ts'

/** What no command can reach from here, and when to come back. */
const beyond = [
  'Not reached from here:',
  '  spools of other replicas, and calls that are being stored now: run it again when all spools are empty, tomorrow at the',
  '    earliest, for the platform re-sends CDRs for hours, and what went to quarantine goes there again;',
  '  backups, archived WAL and copies made with them: run it again after each restore;',
  '  logs of Postgres that show parameters of statements, and copies of data, exports and notes anywhere else;',
  '  the platform itself, which keeps its own records.',
]

export async function erase(options: { yes?: boolean; json?: boolean }): Promise<void> {
  const number = new NumberFinder(await readNumber())
  await withDatabaseUrl(async (databaseUrl, config) => {
    const spooled = await spooledRecords(config)
    if (options.yes && spooled) throw new Error(spooled)
    const url = directUrl(databaseUrl, config)
    const erased = await withOwner(url, (reader) =>
      withOwner(url, (writer) => run({ reader, writer }, number, options.yes ?? false)),
    )
    if (options.json) printJson({ applied: options.yes ?? false, ...erased })
    else describe(erased, options.yes ?? false)
    if (!options.yes && spooled) noteLines(spooled)
    if (!erased.finished) throw new Error('interrupted: the rest is as it was, run it again')
  })
}

async function readNumber(): Promise<string> {
  if (process.stdin.isTTY) return (await ask('Number to erase (+86…): '))[0] ?? ''
  const text = await readInput(1_024)
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length !== 1) throw new Error('standard input should hold one line with one number')
  return lines[0] as string
}

/** Why nothing may be erased yet: what waits on this disk would bring the number back. */
async function spooledRecords(config: Config): Promise<string | undefined> {
  const { directory, records, damaged, unreadable, setAside } = await inspectSpool(join(config.dataDir, 'spool'))
  if (records + damaged + unreadable > 0)
    return `the spool ${directory} holds records that are not in Postgres yet: let the receiver drain it, or run rtc-receiver spool drain`
  if (setAside.records + setAside.damaged + setAside.unreadable > 0)
    return `records were set aside in ${join(directory, 'set-aside')}: look at them, then move them away`
  return undefined
}

async function withOwner<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  try {
    return await withClient(connectionString, 'rtc-receiver erase', work)
  } catch (error) {
    if (publicError(error).code === '42501')
      throw new Error(
        'this login may not change what is stored: set MIGRATE_DATABASE_URL to one of the owner of the schema',
      )
    // Other messages of Postgres may quote what it read.
    throw publicError(error).code ? new Error(publicError(error).message) : error
  }
}

async function run(connections: Connections, number: NumberFinder, apply: boolean): Promise<Erased> {
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const line = progressLine()
  const progress = (done: number, about: number) =>
    line.show(
      `${bar(about === 0 ? 1 : done / about)} ${done.toLocaleString('en')} of about ${about.toLocaleString('en')} rows`,
    )
  try {
    return await eraseNumber(connections, { number, apply, progress, signal: stop.signal })
  } finally {
    line.end()
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

function describe({ counts, pseudonym, passedOver }: Erased, applied: boolean): void {
  const rows = erasableTables.map((name) => [name, counts[name].toLocaleString('en')])
  printTable(['table', applied ? 'rows erased' : 'rows that hold it'], rows)
  printLines(applied ? `in its place stands ${pseudonym}` : 'nothing was changed: --yes does it')
  if (passedOver.length > 0) {
    const named = passedOver.slice(0, 20).join(', ') + (passedOver.length > 20 ? ', …' : '')
    printLines(
      `passed over, for nobody can read them and they may hold the number: ${passedOver.length} bodies in quarantine (${named})`,
      '  rtc-receiver quarantine show --raw <id> writes one out; DELETE FROM rtc.quarantine WHERE id = … removes it',
    )
  }
  if (applied) printLines('', ...beyond)
}
