import { Command } from 'commander'
import { loadConfig } from '../config/config.ts'
import { checkCallbacks } from './check/callbacks.ts'
import { checkDatabase } from './check/database.ts'
import { checkDisk } from './check/disk.ts'
import type { Finding, State } from './check/finding.ts'
import { checkLocks, checkUrls } from './check/locks.ts'
import { checkPublicUrls } from './check/public-url.ts'
import { checkSelfTest } from './check/self-test.ts'
import { printJson, printLines } from './output.ts'

const marks: Record<State, string> = { ok: 'ok', careful: 'careful', wrong: 'WRONG', unknown: 'unknown' }

export function checkCommand(): Command {
  return new Command('check')
    .description(
      'say what is wrong, and what to do: URLs, TLS, a self-test callback, database, roles, clock, disk, spool, what came',
    )
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const config = await loadConfig()
      const { client, found: database } = await checkDatabase(config)
      const found: Finding[] = []
      const tell = (some: Finding[]) => {
        found.push(...some)
        if (!json) for (const finding of some) printLines(...linesOf(finding))
      }
      try {
        // Before anything below sends something that is counted too.
        const callbacks = await checkCallbacks(config, client)
        tell(checkUrls(config))
        tell(checkLocks(config))
        tell(await checkPublicUrls(config))
        tell(database)
        tell(await checkDisk(config))
        tell(callbacks)
        tell(await checkSelfTest(config, client))
      } finally {
        await client?.end()
      }
      if (json) printJson(found)
      const wrong = found.filter(({ state }) => state === 'wrong').length
      if (wrong > 0) throw new Error(`${wrong} of ${found.length} checks found something wrong`)
      if (!json) printLines('', 'Nothing is wrong here. If callbacks stay away all the same: docs/nothing-arrives.md')
    })
}

function linesOf({ check, state, what, todo }: Finding): string[] {
  const line = `${marks[state].padEnd(8)} ${check}: ${what}`
  return todo === undefined ? [line] : [line, `${' '.repeat(9)}→ ${todo}`]
}
