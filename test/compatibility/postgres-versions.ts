import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startPostmaster, stopPostmaster } from '../../src/embedded-postgres/postmaster.ts'
import { childOptions, chooseUser } from '../../src/embedded-postgres/user.ts'

/**
 * Runs `npm run test:postgres` against servers of other majors than the embedded one. Each argument is a directory with
 * the programs `initdb` and `postgres`; docs/compatibility.md says where to get some.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const log = { info: () => {}, warn: console.warn }
const password = 'not-a-secret'

const directories = process.argv.slice(2)
if (directories.length === 0) {
  console.error('usage: npm run test:postgres-versions -- DIRECTORY..., each with the programs initdb and postgres')
  process.exit(2)
}
const failed: string[] = []
for (const directory of directories) {
  await withServer(resolve(directory), async (version, url) => {
    console.log(`\n${version}`)
    if ((await run(url)) !== 0) failed.push(version)
  })
}
console.log(failed.length > 0 ? `failed on ${failed.join(', ')}` : 'passed on all of them')
process.exitCode = failed.length > 0 ? 1 : 0

async function run(databaseUrl: string): Promise<number> {
  const tests = spawn('npm', ['run', '--silent', 'test:postgres'], {
    cwd: root,
    env: { ...process.env, TEST_DATABASE_URL: databaseUrl },
    stdio: 'inherit',
  })
  const [code] = await once(tests, 'exit')
  return code ?? 1
}

/** A new server without any durability, removed afterwards. */
async function withServer(programs: string, work: (version: string, url: string) => Promise<void>): Promise<void> {
  const execute = promisify(execFile)
  const runAs = await chooseUser([])
  const directory = await mkdtemp(join(tmpdir(), 'rtc-receiver-compatibility-'))
  const [data, passwordFile] = [join(directory, 'data'), join(directory, 'password')]
  try {
    await writeFile(passwordFile, password)
    if (runAs) for (const path of [directory, passwordFile]) await chown(path, runAs.uid, runAs.gid)
    const postgres = join(programs, 'postgres')
    const { stdout } = await execute(postgres, ['--version'], childOptions(runAs))
    // Not createCluster: the initdb of 14 and 15 knows no --set.
    const cluster = [`--pgdata=${data}`, '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync']
    const login = ['--username=rtc', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
    await execute(join(programs, 'initdb'), [...cluster, ...login], childOptions(runAs))
    const { pid, port } = await startPostmaster({
      postgres,
      data,
      logFile: join(directory, 'log'),
      settings: { fsync: 'off', full_page_writes: 'off', max_connections: '200', timezone: 'UTC' },
      runAs,
      log,
    })
    try {
      await work(stdout.trim(), `postgres://rtc:${password}@127.0.0.1:${port}/postgres`)
    } finally {
      await stopPostmaster(pid, data, log)
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
