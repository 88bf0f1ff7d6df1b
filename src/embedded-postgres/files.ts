import { access, lchown, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunAs } from './user.ts'

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
