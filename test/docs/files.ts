import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

export const path = (name: string) => join(root, name)
export const read = (name: string) => readFileSync(path(name), 'utf8')
export const exists = (name: string) => statSync(path(name), { throwIfNoEntry: false }) !== undefined

/** Paths of the files in these folders whose names end so, from the root of the repository. */
export function filesIn(folders: readonly string[], endings: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(path(folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => endings.some((ending) => name.endsWith(ending)))
      .map((name) => join(folder, name)),
  )
}
