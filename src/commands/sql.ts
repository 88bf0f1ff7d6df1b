import type { Command } from 'commander'
import type pg from 'pg'
import { visible, width } from '../lib/terminal.ts'
import { bothLanguages, readCatalog } from '../store/dictionary.ts'
import { type Result, readOnly } from '../store/read-only.ts'
import { withConnection } from './database.ts'
import { readInput } from './input.ts'
import { ExplainedError, type Line, painted } from './output.ts'
import { whileWaiting } from './progress.ts'
import { printResult, type ResultOptions } from './result.ts'

const help = `
Queries run as rtc_ops where the login may, which reads schema ops. Rows wider than the terminal are shown one column a
line. docs/queries.md has a query for each question of every day.`

interface Options extends ResultOptions {
  views?: boolean
  describe?: string
}

export function sqlCommand(command: Command): void {
  command
    .argument('[query]', 'the query; - reads it from standard input')
    .option('--views', 'list the views and functions of schema ops instead')
    .option('--describe <name>', 'say what a view, table or function holds, as ops.calls')
    .option('-x, --expanded', 'one column a line, however wide the rows are')
    .option('--csv', 'print CSV')
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(async (query: string | undefined, options: Options) => {
      const { views, describe } = options
      if ([query, views, describe].filter((way) => way !== undefined).length !== 1)
        command.error('error: say one of a query, --views or --describe <name>')
      // Of these the last column may well run over.
      const asList = { expanded: false, ...options }
      await withConnection(async (client) => {
        if (views) printResult(await listViews(client), asList)
        else if (describe !== undefined) printResult(await describeOne(client, describe), asList)
        else
          printResult(
            await whileWaiting('the query runs', run(client, query === '-' ? await readInput() : query)),
            options,
          )
      })
    })
}

async function run(client: pg.Client, query = ''): Promise<Result> {
  return readOnly(client, query).catch((error) => {
    throw explained(error, query)
  })
}

/** The part of a comment that says what it is; how to use it is behind that. */
function firstWords(comment: string | null): string {
  return inOurLanguage(comment).split(/[;.](?: |$)|[；。]/u)[0] ?? ''
}

function inOurLanguage(comment: string | null): string {
  const [english, chinese] = bothLanguages(comment)
  const { LC_ALL, LC_MESSAGES, LANG } = process.env
  return (LC_ALL || LC_MESSAGES || LANG)?.startsWith('zh') && chinese !== '' ? chinese : english
}

async function listViews(client: pg.Client): Promise<Result> {
  const { relations, routines } = await readCatalog(client)
  const rows = [
    ...relations
      .filter(({ schema, kind }) => schema === 'ops' && kind !== 'c')
      .map(({ name, comment }) => [`ops.${name}`, firstWords(comment)]),
    ...routines.map(({ schema, signature, comment }) => [`${schema}.${nameOf(signature)}()`, firstWords(comment)]),
  ]
  // Of functions with several lists of arguments one line is enough.
  const names = rows.map(([name]) => name)
  return { columns: ['name', 'what'], rows: rows.filter(([name], i) => names.indexOf(name) === i) }
}

async function describeOne(client: pg.Client, wanted: string): Promise<Result> {
  const [, schema = 'ops', name = ''] = /^(?:(\w+)\.)?(\w+)(?:\(.*)?$/.exec(wanted) ?? []
  const { relations, routines } = await readCatalog(client)
  const relation = relations.find((one) => one.schema === schema && one.name === name)
  if (relation) {
    const rows = relation.columns.map((column) => [column.name, column.type, inOurLanguage(column.comment)])
    return { columns: ['column', 'type', 'what'], rows }
  }
  const found = routines.filter((one) => one.schema === schema && nameOf(one.signature) === name)
  if (found.length === 0) throw new Error(`there is no ${schema}.${name}: --views lists what there is`)
  return {
    columns: ['function', 'gives', 'what'],
    rows: found.map(({ signature, result, comment }) => [`${schema}.${signature}`, result, inOurLanguage(comment)]),
  }
}

function nameOf(signature: string): string {
  return signature.split('(', 1)[0] ?? ''
}

/**
 * What Postgres says of the statement: where in it, and its hint. Its detail may quote what is stored, so only errors of
 * the statement itself show theirs.
 */
function explained(error: unknown, query: string): unknown {
  const { message, code = '', position, hint, detail } = error as Partial<pg.DatabaseError> & { message: string }
  const lines: Line[] = position === undefined ? [] : placeOf(query, Number(position))
  if (detail !== undefined && /^(42|0A)/.test(code)) lines.push(`  detail: ${detail}`)
  if (hint !== undefined) lines.push(`  hint: ${hint}`)
  return lines.length === 0 ? error : new ExplainedError(message, lines)
}

/** Columns of a line that are shown, and how many of them before the place at most. */
const mostShown = 100
const mostBefore = 60

/** The line of the query, and below it a mark. Postgres counts characters from 1. */
function placeOf(query: string, position: number): Line[] {
  const before = [...query].slice(0, position - 1).join('')
  const number = before.split('\n').length
  const prefix = query.trimEnd().includes('\n') ? `  line ${number}: ` : '  '
  const line = query.split('\n')[number - 1] ?? ''
  const start = before.slice(before.lastIndexOf('\n') + 1)
  const cut = Math.max(0, start.length - mostBefore)
  const lead = `${prefix}${cut > 0 ? '…' : ''}`
  const mark = ' '.repeat(width(lead + visible(start.slice(cut))))
  return [`${lead}${line.slice(cut, cut + mostShown)}`, [mark, painted('red', '^')]]
}
