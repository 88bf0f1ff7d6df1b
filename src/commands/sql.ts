import { Command } from 'commander'
import { readOnly } from '../store/read-only.ts'
import { withConnection } from './database.ts'
import { printJson, printLines, printTable } from './output.ts'

export function sqlCommand(): Command {
  return new Command('sql')
    .description('run one read-only query over schema ops, as rtc_ops where the login may, for those without psql')
    .argument('<query>', 'the query; - reads it from standard input')
    .option('--json', 'print JSON')
    .action((query: string, options: { json?: boolean }) =>
      withConnection(async (client) => {
        const text = query === '-' ? await readInput() : query
        const { columns, rows } = await readOnly(client, text)
        if (options.json) printJson(rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]]))))
        else {
          printTable(columns, rows)
          printLines(`(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`)
        }
      }),
    )
}

async function readInput(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
  return text
}
