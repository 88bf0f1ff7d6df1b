// A forwarder in a process of its own, for tests that kill it. Of the built program, which starts in a third of the time.
import { createSecretKey } from 'node:crypto'
import { Forwarder } from '../../dist/feed/forwarder.js'
import { Sender } from '../../dist/feed/sender.js'
import { createPool } from '../../dist/store/pool.js'

const { databaseUrl, url, key, name, timeoutMs, limits } = JSON.parse(process.argv[2])
const pool = createPool({ databaseUrl, size: 1, statementTimeoutMs: 30_000, onError: () => {} })
const keys = [createSecretKey(key, 'base64')]
const say = (fields, message) => console.error(message, JSON.stringify(fields))
const sender = new Sender({ url, keys, timeoutMs, connections: limits.concurrency })
new Forwarder({ pool: () => pool, name, sender, log: { info: say, warn: say, error: say }, limits }).start()
