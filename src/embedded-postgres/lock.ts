import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const REFRESH_MS = 1000
const STALE_MS = 10_000

/**
 * Takes the lock file, waiting for another process that holds it, and resolves with the function that gives it back. The holder
 * touches the file every second, so that a lock left by a killed process is known by its age or by its dead pid, and a pid that
 * the system gave to somebody else meanwhile does not hold it for ever.
 */
export async function takeLock(path: string, onWait: () => void): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, `${process.pid}\n`, { flag: 'wx' })
      break
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EEXIST')
        throw new Error(`cannot write ${path} (${code}): start as the owner of the directory, or set DATA_DIR`)
    }
    if (await isStale(path)) {
      // Renamed, not unlinked: of two waiters only one succeeds.
      const aside = `${path}.${randomUUID()}`
      await rename(path, aside).catch(() => undefined)
      await rm(aside, { force: true })
      continue
    }
    if (attempt === 10) onWait()
    await delay(100)
  }
  const touch = setInterval(() => utimes(path, new Date(), new Date()).catch(() => undefined), REFRESH_MS)
  touch.unref()
  return async () => {
    clearInterval(touch)
    await rm(path, { force: true })
  }
}

async function isStale(path: string): Promise<boolean> {
  const [text, found] = await Promise.all([readFile(path, 'utf8'), stat(path)]).catch(() => ['', undefined] as const)
  if (!found) return false
  if (Date.now() - found.mtimeMs > STALE_MS) return true
  const pid = Number(text)
  if (!(pid > 0)) return false // created, not yet written
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
