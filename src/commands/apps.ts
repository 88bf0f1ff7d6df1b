import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Scenario } from '../calls/types.ts'
import { listApps, otherCalls, removeApp, scenarios, setApp } from '../store/apps.ts'
import { withConnection } from './database.ts'
import { printJson, printLines, printTable } from './output.ts'

/** Days of calls that `list` counts. */
const days = 7

const json = () => new Option('--json', 'print JSON')

export function appsCommand(command: Command): void {
  command.addHelpText('after', '\nA CDR does not tell a notification from a verification call: its application may.')
  list(command.command('list'))
  set(command.command('set'))
  remove(command.command('remove'))
}

function list(command: Command): void {
  command
    .description(`those declared, and those with calls in the last ${days} days`)
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

function set(command: Command): void {
  command
    .description('say what an application does')
    .argument('<appKey>', 'its appKey', text)
    .option('--name <text>', 'a name for people', text)
    .addOption(new Option('--scenario <scenario>', 'what its calls are').choices(scenarios))
    .action((appKey: string, options: { name?: string; scenario?: Scenario }) => {
      const { name = null, scenario = null } = options
      if (name === null && scenario === null) command.error('error: say --name, --scenario or both')
      return withConnection(async (client, { timeZone }) => {
        const app = await setApp(client, { app_key: appKey, name, scenario })
        printLines(`${app.app_key}: ${app.scenario ?? 'no scenario'}${app.name === null ? '' : `, ${app.name}`}`)
        if (app.scenario === null) return
        // What comes from now on is computed by it.
        const { calls, earliest } = await otherCalls(client, app.app_key, app.scenario)
        if (earliest === null) return
        const day = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(earliest)
        const [these, them] =
          calls === 1 ? ['1 stored call was', 'it'] : [`${calls.toLocaleString('en')} stored calls were`, 'them']
        printLines(`${these} computed without knowing that: rtc-receiver refold --from ${day} computes ${them} again`)
      })
    })
}

function remove(command: Command): void {
  command
    .description('forget what was declared; its calls stay as they are')
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
