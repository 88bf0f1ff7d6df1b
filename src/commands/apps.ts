import { Command, InvalidArgumentError, Option } from 'commander'
import type pg from 'pg'
import type { Scenario } from '../calls/types.ts'
import { countOtherCalls, listApps, refoldOtherCalls, removeApp, scenarios, setApp } from '../store/apps.ts'
import { withConnection } from './database.ts'
import { printJson, printLines, printTable } from './output.ts'
import { progressLine } from './progress.ts'

/** Days of calls that `list` counts. */
const days = 7

const json = () => new Option('--json', 'print JSON')

export function appsCommand(): Command {
  return new Command('apps')
    .description('what is known of each application: a CDR does not tell a notification from a verification call')
    .addCommand(list())
    .addCommand(set())
    .addCommand(remove())
}

function list(): Command {
  return new Command('list')
    .description(`applications that were declared, and those with calls in the last ${days} days`)
    .addOption(json())
    .action((options: { json?: boolean }) =>
      withConnection(async (client) => {
        const apps = await listApps(client, days)
        if (options.json) return printJson(apps)
        if (apps.length === 0) return printLines('no application is declared, and none had calls')
        const columns = ['app', 'name', 'scenario', `calls (${days} days)`, 'without a scenario']
        printTable(
          columns,
          apps.map((app) => [app.app_key, app.name, app.scenario, app.calls, app.calls_without_scenario || '']),
        )
      }),
    )
}

interface SetOptions {
  name?: string
  scenario?: Scenario
  refold?: boolean
}

function set(): Command {
  return new Command('set')
    .description('say what an application does')
    .argument('<appKey>', 'its appKey', text)
    .option('--name <text>', 'a name for people', text)
    .addOption(new Option('--scenario <scenario>', 'what its calls are').choices(scenarios))
    .option('--refold', 'compute its stored calls anew where they were taken for something else')
    .action((appKey: string, options: SetOptions, command: Command) => {
      if (options.name === undefined && options.scenario === undefined)
        command.error('error: say --name, --scenario or both')
      return withConnection(async (client) => {
        const app = await setApp(client, {
          app_key: appKey,
          name: options.name ?? null,
          scenario: options.scenario ?? null,
        })
        printLines(`${app.app_key}: ${app.scenario ?? 'no scenario'}${app.name === null ? '' : `, ${app.name}`}`)
        if (app.scenario) await offerRefold(client, app.app_key, app.scenario, options.refold ?? false)
      })
    })
}

/** What comes from now on is computed by what was declared; calls that are stored, only when they are computed anew. */
async function offerRefold(client: pg.Client, appKey: string, scenario: Scenario, refold: boolean): Promise<void> {
  const calls = await countOtherCalls(client, appKey, scenario)
  if (calls === 0) return
  const these = `${calls.toLocaleString('en')} stored ${calls === 1 ? 'call' : 'calls'}`
  if (!refold)
    return printLines(`${these} were computed without knowing that: the same command with --refold corrects them`)
  const line = progressLine()
  try {
    await refoldOtherCalls(client, appKey, scenario, (done) =>
      line.show(`${done.toLocaleString('en')} of ${calls.toLocaleString('en')} calls handed over`),
    )
  } finally {
    line.end()
  }
  printLines(`${these} will be computed anew by the receiver`)
}

function remove(): Command {
  return new Command('remove')
    .description('forget what was declared of an application; its calls stay as they are')
    .argument('<appKey>', 'its appKey')
    .action((appKey: string) =>
      withConnection(async (client) => {
        if (!(await removeApp(client, appKey))) throw new Error(`${appKey} was not declared`)
        printLines(`${appKey} is forgotten`)
      }),
    )
}

function text(value: string): string {
  if (value.trim() === '' || value.length > 256) throw new InvalidArgumentError('it should have 1 to 256 characters')
  return value.trim()
}
