import { checkCallbacks } from '../check/callbacks.ts'
import { checkDatabase } from '../check/database.ts'
import { checkDisk } from '../check/disk.ts'
import type { Finding, State } from '../check/finding.ts'
import { checkLocks, checkUrls } from '../check/locks.ts'
import { checkPublicUrls } from '../check/public-url.ts'
import { checkSelfTest } from '../check/self-test.ts'
import { commandConfig } from '../database.ts'
import { type Line, painted, printJson, printLines } from '../output.ts'
import { whileWaiting } from '../progress.ts'

const marks: Record<State, ReturnType<typeof painted>> = {
  ok: painted('green', 'ok'.padEnd(8)),
  careful: painted('yellow', 'careful'.padEnd(8)),
  wrong: painted('red', 'WRONG'.padEnd(8)),
  unknown: painted('magenta', 'unknown'.padEnd(8)),
}

export async function check({ json }: { json?: boolean }): Promise<void> {
  const config = await commandConfig()
  const { client, found: database } = await whileWaiting('looking at the database', checkDatabase(config))
  const found: Finding[] = []
  const tell = (some: Finding[]) => {
    found.push(...some)
    if (!json) for (const finding of some) printLines(...linesOf(finding))
  }
  try {
    // Before anything below sends something that is counted too.
    const callbacks = await whileWaiting('asking the receiver', checkCallbacks(config, client))
    tell(checkUrls(config))
    tell(checkLocks(config))
    tell(await whileWaiting('trying PUBLIC_URL', checkPublicUrls(config)))
    tell(database)
    tell(await checkDisk(config))
    tell(callbacks)
    tell(await whileWaiting('sending a callback', checkSelfTest(config, client)))
  } finally {
    await client?.end()
  }
  if (json) printJson(found)
  const wrong = found.filter(({ state }) => state === 'wrong').length
  if (wrong > 0) throw new Error(`${wrong} of ${found.length} checks found something wrong`)
  if (!json) printLines('', 'Nothing is wrong here. If callbacks stay away all the same: docs/nothing-arrives.md')
}

function linesOf({ check, state, what, todo }: Finding): Line[] {
  const line = [marks[state], ` ${check}: ${what}`]
  return todo === undefined ? [line] : [line, `${' '.repeat(9)}→ ${todo}`]
}
