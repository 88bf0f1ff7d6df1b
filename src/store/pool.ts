import pg from 'pg'
import { isReadOnly, needsNewConnection } from './errors.ts'
import { isPooled, localTimeout, reachThroughPooler } from './statement.ts'

export interface PoolOptions {
  databaseUrl: string
  size: number
  /** Connections go through a transaction pooler: no start-up parameters, no statement names. */
  pooler?: 'transaction' | undefined
  /** How long one statement may take, and how long a free connection may be waited for where that is not said. */
  statementTimeoutMs: number
  connectTimeoutMs?: number
  /** An idle connection was lost; the pool has dropped it already. */
  onError: (error: Error) => void
}

/** How much later than Postgres we give up ourselves: only when its own timeout did not reach us. */
const graceMs = 500

/**
 * How long a transaction of ours may stand still before Postgres ends it. Where a connection is lost so that the server
 * is not told, it would else keep the transaction, and the keys of its rows locked, for hours.
 */
const idleInTransactionMs = 5_000

/**
 * How soon the server notices that we are gone without a word: about ten seconds instead of two hours. Neither
 * statement_timeout nor idle_in_transaction_session_timeout ends a COPY that waits for its client, and meanwhile the keys
 * of its rows are locked.
 */
const serverKeepalives = '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3'

/**
 * On Citus one connection a node is enough for a group of records, and several take longer to open than they save. Postgres
 * itself keeps a setting of a name it does not know.
 */
const citusConnections = '-c citus.max_adaptive_executor_pool_size=1'

export function createPool({
  databaseUrl,
  size,
  pooler,
  statementTimeoutMs,
  connectTimeoutMs = statementTimeoutMs,
  onError,
}: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: size,
    keepAlive: true,
    // Half-open connections that wait in the pool are found in a minute or two instead of two hours.
    keepAliveInitialDelayMillis: 10_000,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: statementTimeoutMs + graceMs,
    ...(pooler === 'transaction'
      ? {}
      : {
          statement_timeout: statementTimeoutMs,
          options: `-c TimeZone=UTC -c DateStyle=ISO ${serverKeepalives} ${citusConnections}`,
          application_name: 'rtc-receiver',
        }),
  })
  if (pooler === 'transaction') reachThroughPooler(pool, statementTimeoutMs)
  pool.on('error', onError)
  pool.on('connect', (client) => {
    // A client that is lost while in use rejects its query; without a listener it would also end the process.
    client.on('error', () => {})
    if (pooler === 'transaction') reachThroughPooler(client, statementTimeoutMs)
  })
  return pool
}

/** Lends a client of the pool to `work`. One that has become useless is destroyed instead of going back. */
export async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken = false
  try {
    return await work(client)
  } catch (error) {
    broken = needsNewConnection(error)
    // A pooler would lend its connection to the read-only server on and on. It closes one that is left inside a transaction.
    if (isReadOnly(error) && isPooled(client)) await client.query('BEGIN').catch(() => {})
    throw error
  } finally {
    // One that is still in a transaction could not even roll back.
    client.release(broken || client.getTransactionStatus() !== 'I')
  }
}

/**
 * Runs `work` in a transaction: committed when it resolves, rolled back when it throws, whose error is passed on.
 * `settings` are statements SET LOCAL of its own.
 */
export async function transaction<T>(client: pg.ClientBase, work: () => Promise<T>, settings = ''): Promise<T> {
  // Said outright: under another default level the second look would not see what others committed meanwhile.
  await client.query(
    `BEGIN ISOLATION LEVEL READ COMMITTED; ${localTimeout(client)}SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionMs}; ${settings}`,
  )
  let result: T
  try {
    result = await work()
  } catch (error) {
    if (!needsNewConnection(error)) await client.query('ROLLBACK').catch(() => {})
    throw error
  }
  const { command } = await client.query('COMMIT')
  // Postgres answers COMMIT with ROLLBACK, and no error, when an error in the transaction was swallowed.
  if (command !== 'COMMIT') throw new Error('the transaction was rolled back instead of committed')
  return result
}
