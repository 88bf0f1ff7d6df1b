import { Command } from 'commander'
import { migrate } from '../store/migrate.ts'
import { directUrl, withDatabaseUrl } from './database.ts'
import { printLines } from './output.ts'

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the database to this release; over MIGRATE_DATABASE_URL where it is set')
    .action(() =>
      withDatabaseUrl(async (databaseUrl, config) => {
        const names = await migrate({ databaseUrl: directUrl(databaseUrl, config) })
        printLines(...(names.length === 0 ? ['nothing to migrate'] : names.map((name) => `migrated ${name}`)))
      }),
    )
}
