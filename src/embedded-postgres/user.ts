import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** An ordinary user for the programs of Postgres, which refuse to run as root. */
export interface RunAs {
  uid: number
  gid: number
  name: string
}

/**
 * The user the programs of Postgres run as: undefined (ourselves) unless we are root. As root the first owner of `places` who is
 * not root, because those files are theirs already; else `postgres`, else `nobody`.
 */
export async function chooseUser(places: string[]): Promise<RunAs | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const place of places) {
    const found = await stat(place).catch(() => undefined)
    if (!found || found.uid === 0) continue
    // initdb refuses a user without a name, such as the owner of a mounted volume who is unknown inside a container.
    const name = await run('id', ['-nu', String(found.uid)]).catch(() => undefined)
    if (name) return { uid: found.uid, gid: found.gid, name: `user ${name.stdout.trim()}` }
  }
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]).catch(() => undefined)
    if (ids) return { uid: Number(ids[0].stdout), gid: Number(ids[1].stdout), name: `user ${name}` }
  }
  throw new Error(
    'Postgres cannot run as root, and there is no user postgres or nobody: set DATABASE_URL, or start as an ordinary user',
  )
}

/** Whether the user can enter the directory. Asked of the system itself: mode bits alone do not tell (ACLs, network drives). */
export async function canEnter(directory: string, runAs: RunAs | undefined): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], childOptions(runAs)).then(
    () => true,
    () => false,
  )
}

/**
 * How every program of Postgres is started. The environment is made, not inherited: PGDATA, PGPORT, LC_ALL or TZ of the terminal
 * would change what initdb and postgres do. LC_ALL=C keeps their messages English, which we read, and keeps macOS from starting
 * threads for the locale, at which postgres refuses to run. The working directory is one that every user can enter.
 */
export function childOptions(runAs: RunAs | undefined) {
  return {
    cwd: '/',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    // `| 0`: macOS prints nobody as 4294967294, spawn wants it as -2.
    ...(runAs && { uid: runAs.uid | 0, gid: runAs.gid | 0 }),
  }
}
