import { Command } from 'commander'
import pg from 'pg'
import { mightyRoles } from '../store/role-audit.ts'
import { makeRoles, roles, rolesScript } from '../store/roles.ts'
import { directUrl, withDatabaseUrl } from './database.ts'
import { printLines } from './output.ts'

export function rolesCommand(): Command {
  return new Command('roles')
    .description(`make the database roles ${roles.join(', ')}; over MIGRATE_DATABASE_URL where it is set`)
    .option('--print', 'print the SQL for a DBA instead')
    .action(async (options: { print?: boolean }) => {
      if (options.print) return printLines(...scriptLines())
      await withDatabaseUrl(async (databaseUrl, config) => {
        const client = new pg.Client({
          connectionString: directUrl(databaseUrl, config),
          application_name: 'rtc-receiver cli',
        })
        await client.connect()
        try {
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
        } finally {
          await client.end()
        }
      })
    })
}

function scriptLines(): string[] {
  return rolesScript().trimEnd().split('\n')
}
