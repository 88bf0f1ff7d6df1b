// A forwarder in a process of its own, for the tests that kill it.
import { createSecretKey } from 'node:crypto'
import { Forwarder, type ForwarderLimits } from '../../src/feed/forwarder.ts'
import { Sender } from '../../src/feed/sender.ts'
import { createPool } from '../../src/store/pool.ts'

export interface ChildOptions {
  databaseUrl: string
  url: string
  /** In Base64. */
  key: string
  name: string
  timeoutMs: number
  limits: Partial<ForwarderLimits>
}

const { databaseUrl, url, key, name, timeoutMs, limits } = JSON.parse(process.argv[2] ?? '{}') as ChildOptions
const pool = createPool({ databaseUrl, size: 1, statementTimeoutMs: 30_000, onError: () => {} })
const keys = [createSecretKey(key, 'base64')]
const say = (fields: object, message: string) => console.error(message, JSON.stringify(fields))
const forwarder = new Forwarder({
  pool: () => pool,
  name,
  sender: new Sender({ url, keys, timeoutMs, connections: limits.concurrency ?? 16 }),
  log: { info: say, warn: say, error: say },
  limits,
})
forwarder.start()
