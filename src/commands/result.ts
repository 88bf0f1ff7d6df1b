import { visible, width } from '../lib/terminal.ts'
import type { Result } from '../store/read-only.ts'
import { painted, printJson, printLines, printTable, table, textOf } from './output.ts'

export interface ResultOptions {
  json?: boolean
  csv?: boolean
  /** One column a line; undefined: where the rows are wider than the terminal. */
  expanded?: boolean
}

type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>

/** What a query gave: a table, unless that is wider than the terminal; then each column has a line of its own. */
export function printResult(
  { columns, rows }: Result,
  options: ResultOptions,
  stream: Terminal = process.stdout,
): void {
  if (options.json) printJson(rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]]))))
  else if (options.csv) printCsv(columns, rows, stream)
  else {
    const [, rule = ''] = stream.isTTY ? table(columns, rows).split('\n', 2) : []
    const isWide = rows.length > 0 && width(rule) > (stream.columns || 80)
    if (options.expanded ?? isWide) printExpanded(columns, rows)
    else printTable(columns, rows)
    printLines(`(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`)
  }
}

function printExpanded(columns: readonly string[], rows: readonly (readonly unknown[])[]): void {
  const shown = columns.map(visible)
  const widest = Math.max(...shown.map(width))
  for (const [n, row] of rows.entries()) {
    printLines([painted('bold', `-- row ${n + 1} --`)])
    for (const [i, column] of shown.entries())
      printLines([painted('cyan', column), `${' '.repeat(widest - width(column))}  ${textOf(row[i])}`.trimEnd()])
  }
}

function printCsv(columns: readonly string[], rows: readonly (readonly unknown[])[], { isTTY }: Terminal): void {
  const text = csv(columns, rows)
  if (isTTY) printLines(...text.slice(0, -1).split('\n'))
  else process.stdout.write(text)
}

/** As psql writes it: names of columns first, an empty text is quoted, NULL is not. */
function csv(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const field = (value: unknown) => {
    const text = textOf(value)
    if (value === null || value === undefined) return ''
    return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return [columns, ...rows].map((row) => `${row.map(field).join(',')}\n`).join('')
}
