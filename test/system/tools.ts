import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { TestProject } from 'vitest/node'

/** The programs of the machine that the tests of this folder need, and the Debian package of each. */
const packages = {
  bash: 'bash',
  chromium: 'chromium',
  curl: 'curl',
  pgbouncer: 'pgbouncer',
  promtool: 'prometheus',
  psql: 'postgresql-client',
  python3: 'python3',
  strace: 'strace',
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of each program. Provided in the system suite only, so that no other test can come to need one. */
    tools: Record<keyof typeof packages, string>
  }
}

/** Finds them all before any test runs, or ends the run with a list of those that are missing. Installs nothing. */
export default async function setup(project: TestProject): Promise<void> {
  const tools: Record<string, string> = {}
  const missing: string[] = []
  for (const [name, debian] of Object.entries(packages)) {
    const path = await find(name)
    if (path === undefined) missing.push(`  ${name.padEnd(9)}  in Debian's package ${debian}`)
    else tools[name] = path
  }
  if (missing.length > 0) {
    console.error(`The system tests need programs that are not installed:\n${missing.join('\n')}`)
    // Thrown, it would end in a stack trace below a line that says there are no test files.
    process.exit(1)
  }
  project.provide('tools', tools as Record<keyof typeof packages, string>)
}

/** CHROMIUM, PGBOUNCER and so on name another path; daemons lie where an ordinary user's PATH does not lead. */
async function find(name: string): Promise<string | undefined> {
  const named = process.env[name.toUpperCase()]
  if (named !== undefined) return named
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin']
  for (const path of directories.map((directory) => join(directory, name))) {
    if (await isProgram(path)) return path
  }
  return undefined
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
