import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { childOptions, chooseUser } from '../../../src/embedded-postgres/user.ts'

const sample = new URL('../../../deploy/pgbouncer/pgbouncer.ini', import.meta.url)

/** A real pgbouncer before one Postgres, with the settings of the sample in deploy. */
export class Pgbouncer {
  readonly #child: ChildProcess
  readonly #directory: string
  readonly #port: number
  #output = ''
  /** Clients that have come by way of it. */
  logins = 0

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.#child = child
    this.#directory = directory
    this.#port = port
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-20_000)
        this.logins += text.match(/login attempt/g)?.length ?? 0
      })
  }

  /** @param server a URL of the Postgres behind it, with the user that all will come as; the database is each client's */
  static async start(server: URL): Promise<Pgbouncer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await Pgbouncer.#start(server)
      } catch (error) {
        // Its port was free a moment ago, and may be somebody else's by now.
        if (attempt === 5) throw error
      }
    }
  }

  static async #start(server: URL): Promise<Pgbouncer> {
    const directory = await mkdtemp(join(tmpdir(), 'rtc-receiver-test-pgbouncer-'))
    await chmod(directory, 0o755) // as root it runs as another user
    const port = await freePort()
    const file = join(directory, 'pgbouncer.ini')
    const users = join(directory, 'userlist.txt')
    await writeFile(file, await settings(server, port, users))
    await writeFile(users, `"${decodeURIComponent(server.username)}" "${decodeURIComponent(server.password)}"\n`)
    const child = spawn(inject('tools').pgbouncer, [file], {
      ...childOptions(await chooseUser([directory])),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const it = new Pgbouncer(child, directory, port)
    await it.#listening()
    return it
  }

  /** The same database by way of it. */
  url(databaseUrl: string): string {
    const url = new URL(databaseUrl)
    url.hostname = '127.0.0.1'
    url.port = String(this.#port)
    return url.href
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await exited
    }
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #listening(): Promise<void> {
    const until = performance.now() + 30_000
    while (!(await takesConnections(this.#port)) || !this.#output.includes(`listening on 127.0.0.1:${this.#port}`)) {
      if (this.#child.exitCode !== null || performance.now() > until) {
        await this.stop()
        throw new Error(`pgbouncer does not run:\n${this.#output}`)
      }
      await sleep(20)
    }
  }
}

/** The sample with other addresses. Every replacement has to find its line. */
async function settings(server: URL, port: number, users: string): Promise<string> {
  let text = await readFile(sample, 'utf8')
  for (const [line, instead] of [
    [/^rtc = host=\S+ port=\S+ dbname=rtc /m, `* = host=${server.hostname} port=${server.port || 5432} `],
    // The tests' receivers have a deadline of their own.
    [/statement_timeout = 1500\b/, 'statement_timeout = 10000'],
    [/^listen_port = .*$/m, `listen_port = ${port}`],
    [/^auth_file = .*$/m, `auth_file = ${users}`],
  ] as const) {
    if (!line.test(text)) throw new Error(`deploy/pgbouncer/pgbouncer.ini has no line ${line}`)
    text = text.replace(line, instead)
  }
  return text
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
