import pg from 'pg'
import { distribute, planDistribution } from '../../src/store/citus.ts'

/** The servers of a cluster, as the database of this URL knows them: the coordinator first, then those with shards. */
export async function citusServers(url: string): Promise<string[]> {
  const nodes = await execute(url, 'SELECT node_name, node_port FROM citus_get_active_worker_nodes() ORDER BY 1, 2')
  if (nodes.length < 2) throw new Error('the database of TEST_CITUS_URL has to know two workers or more')
  return [url, ...nodes.map(({ node_name, node_port }) => withHost(url, String(node_name), Number(node_port)))]
}

/** Makes one cluster of a database of that name on each server, and distributes what is in that of the first one. */
export async function makeCitus(servers: readonly string[], database: string): Promise<void> {
  const coordinator = await joinNodes(servers, database)
  await withClient(coordinator, async (client) => distribute(client, await planDistribution(client), () => {}))
}

/** Makes one cluster of them, and no more. Resolves to the URL of its coordinator. */
export async function joinNodes(servers: readonly string[], database: string): Promise<string> {
  const urls = servers.map((url) => inDatabase(url, database))
  await Promise.all(urls.map((url) => execute(url, 'CREATE EXTENSION citus')))
  const [coordinator = '', ...workers] = urls
  const own = new URL(coordinator)
  await execute(coordinator, 'SELECT citus_set_coordinator_host($1, $2)', [own.hostname, Number(own.port)])
  for (const { hostname, port } of workers.map((url) => new URL(url)))
    await execute(coordinator, 'SELECT citus_add_node($1, $2)', [hostname, Number(port)])
  // As receivers are told to have it: two shards a worker.
  await execute(coordinator, `ALTER DATABASE ${database} SET citus.shard_count = ${2 * workers.length}`)
  return coordinator
}

/** Nobody is to be connected to what is copied, and the extension has a process of its own in each database. */
export async function sealTemplate(servers: readonly string[], database: string): Promise<void> {
  for (const url of servers) {
    await execute(url, `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`)
    await execute(url, 'SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1', [database])
  }
}

export function inDatabase(url: string, database: string): string {
  const address = new URL(url)
  address.pathname = `/${database}`
  return address.href
}

function withHost(url: string, host: string, port: number): string {
  const address = new URL(url)
  address.hostname = host
  address.port = String(port)
  return address.href
}

export async function execute(url: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return withClient(url, async (client) => (await client.query<Record<string, unknown>>(sql, values)).rows)
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
