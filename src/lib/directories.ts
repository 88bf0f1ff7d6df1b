import { chmod, mkdir, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory, and those above it that are missing, so that every user can enter them, whatever our umask: when we
 * are root the embedded Postgres runs as another user. One that is there already stays as it is.
 */
export async function makeReachable(directory: string): Promise<void> {
  const path = resolve(directory)
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await chmod(made, 0o755)
    await syncDirectory(dirname(made))
  }
}

/** Makes the names in a directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  // Above DATA_DIR there may be one that we may pass but not read; it existed before us.
  const handle = await open(directory).catch(() => undefined)
  await handle?.sync()
  await handle?.close()
}
