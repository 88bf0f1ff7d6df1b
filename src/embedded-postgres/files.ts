import { access, chmod, lchown, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunAs } from './user.ts'

/** Makes a directory that every user can enter, whatever our umask. */
export async function makeReachable(directory: string): Promise<void> {
  if (await exists(directory)) return
  await mkdir(directory, { recursive: true })
  await chmod(directory, 0o755)
}

/** Gives a directory and all in it to the user. */
export async function giveTo(runAs: RunAs, directory: string): Promise<void> {
  await lchown(directory, runAs.uid, runAs.gid)
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), runAs.uid, runAs.gid)
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Makes the names in a directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  // Above DATA_DIR there may be one that we may pass but not read; it existed before us.
  const handle = await open(directory).catch(() => undefined)
  await handle?.sync()
  await handle?.close()
}
