import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import { inspectSpool } from '../../spool/inspect.ts'
import { type Finding, findings, reasonOf } from './finding.ts'

const MIB = 2 ** 20
/** Less than this and the spool takes no outage of any length. */
const leastFree = 100 * MIB

/** Room for the spool, and what is in it. */
export async function checkDisk({ dataDir, spoolMaxBytes }: Config): Promise<Finding[]> {
  const { found, ok, careful, wrong } = findings('disk')
  try {
    await access(dataDir, constants.W_OK)
    const { bavail, bsize } = await statfs(dataDir)
    const free = bavail * bsize
    const words = `${Math.floor(free / MIB)} MiB are free under DATA_DIR`
    if (free < leastFree) wrong(words, 'make room: while Postgres is away callbacks are kept there')
    else if (free < spoolMaxBytes) careful(`${words}, less than SPOOL_MAX_BYTES`, 'make room, or lower SPOOL_MAX_BYTES')
    else ok(words)
  } catch (error) {
    wrong(`DATA_DIR cannot be written (${reasonOf(error)})`, 'create it, and give it to the user of the receiver')
    return found
  }
  return [...found, ...(await checkSpool(dataDir))]
}

async function checkSpool(dataDir: string): Promise<Finding[]> {
  const { found, ok, careful } = findings('spool')
  const { records, oldestAt, damaged, unreadable, setAside } = await inspectSpool(join(dataDir, 'spool'))
  if (records === 0) ok('no record waits for Postgres')
  else {
    const since = oldestAt === undefined ? '' : `, the oldest since ${new Date(oldestAt).toISOString()}`
    careful(
      `${records} records wait for Postgres${since}`,
      'see "database"; they go there by themselves once it is well',
    )
  }
  const aside = setAside.records + setAside.damaged + setAside.unreadable + damaged + unreadable
  if (aside > 0) careful(`${aside} records or files are damaged or set aside`, 'see rtc-receiver spool status')
  return found
}
