import type { Command } from 'commander'
import { mightyRoles } from '../store/role-audit.ts'
import { makeRoles, roles, rolesScript } from '../store/roles.ts'
import { directUrl, overDirectUrl, withClient, withDatabaseUrl } from './database.ts'
import { printLines } from './output.ts'

export function rolesCommand(command: Command): void {
  command
    .addHelpText('after', `\nThe roles are ${roles.join(', ')}.${overDirectUrl}`)
    .option('--print', 'print the SQL for a DBA instead')
    .action(async (options: { print?: boolean }) => {
      if (options.print) return printLines(...scriptLines())
      await withDatabaseUrl((databaseUrl, config) =>
        withClient(directUrl(databaseUrl, config), 'rtc-receiver cli', async (client) => {
          if (await makeRoles(client)) {
            printLines(`the roles are there: ${roles.join(', ')}`)
            // Made by somebody else, who may need them so: it is theirs to mend.
            for (const { what, sql } of await mightyRoles(client))
              printLines(`careful: ${what}; it should not be: ${sql}`)
          } else {
            printLines(...scriptLines())
            throw new Error(
              'this login may not make roles or grant on schemas rtc, ops and app: have a DBA run the SQL above (it is also what --print shows)',
            )
          }
        }),
      )
    })
}

function scriptLines(): string[] {
  return rolesScript().trimEnd().split('\n')
}
