import type { Command } from 'commander'
import { migrate } from '../store/migrate.ts'
import { directUrl, overDirectUrl, withDatabaseUrl } from './database.ts'
import { printLines } from './output.ts'
import { whileWaiting } from './progress.ts'

export function migrateCommand(command: Command): void {
  command.addHelpText('after', overDirectUrl).action(() =>
    withDatabaseUrl(async (databaseUrl, config) => {
      const names = await whileWaiting('migrating', migrate({ databaseUrl: directUrl(databaseUrl, config) }))
      printLines(...(names.length === 0 ? ['nothing to migrate'] : names.map((name) => `migrated ${name}`)))
    }),
  )
}
