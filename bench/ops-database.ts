import { chmod, mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { startEmbeddedPostgres } from '../src/embedded-postgres/embedded.ts'

export const databaseHelp = `  --database-url URL   a Postgres of yours; made for this alone
  --directory DIR      else an embedded one in this directory (data/bench-fill)
  --set NAME=V         a setting of the embedded Postgres`

export const databaseOptions = {
  'database-url': { type: 'string' },
  directory: { type: 'string', default: 'data/bench-fill' },
  set: { type: 'string', multiple: true },
  help: { type: 'boolean', default: false },
} as const

interface Values {
  'database-url'?: string | undefined
  directory: string
  set?: string[] | undefined
}

/** What a machine with memory to spare would be given; the embedded Postgres keeps the small defaults otherwise. */
const settings = { shared_buffers: '2GB', max_wal_size: '8GB', wal_level: 'minimal', max_wal_senders: '0' }

/** Runs `work` with the address of the database, whose embedded Postgres is stopped afterwards. */
export async function withDatabase<T>(values: Values, work: (url: string) => Promise<T>): Promise<T> {
  const url = values['database-url']
  if (url !== undefined) return work(url)
  const directory = resolve(values.directory)
  await mkdir(directory, { recursive: true })
  await chmod(directory, 0o755) // as root the server runs as another user
  const server = await startEmbeddedPostgres({
    directory: resolve(directory, 'postgres'),
    settings: {
      ...settings,
      ...Object.fromEntries((values.set ?? []).map((setting) => setting.split('=') as [string, string])),
    },
    log: { info: () => {}, warn: (line) => process.stderr.write(`${line}\n`) },
    refuge: directory,
  })
  const stop = () => void server.stop().finally(() => process.exit(1))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await work(server.url)
  } finally {
    await server.stop()
  }
}
