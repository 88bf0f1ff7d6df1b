import type { Queryable } from './statement.ts'

interface Settings {
  version: number
  version_text: string
  fsync: string
  synchronous_commit: string
  full_page_writes: string
  read_only: string
  in_recovery: boolean
  unlogged: string[]
}

/** Reasons why a callback answered 200 might be lost by this server or in this session; empty when there are none. */
export async function durabilityWarnings(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<Settings>(`
    SELECT current_setting('server_version_num')::int AS version,
      current_setting('server_version') AS version_text,
      current_setting('fsync') AS fsync,
      current_setting('synchronous_commit') AS synchronous_commit,
      current_setting('full_page_writes') AS full_page_writes,
      current_setting('transaction_read_only') AS read_only,
      pg_is_in_recovery() AS in_recovery,
      ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'rtc' AND c.relkind = 'r' AND c.relpersistence = 'u' ORDER BY 1) AS unlogged`)
  const settings = rows[0]
  if (!settings) return []
  const warnings: string[] = []
  if (settings.version < 140_000)
    warnings.push(`Postgres ${settings.version_text} is older than 14, the oldest supported`)
  if (settings.fsync === 'off') warnings.push('fsync is off: a crash of the machine can lose or break the database')
  if (settings.full_page_writes === 'off')
    warnings.push('full_page_writes is off: a crash of the machine can break pages')
  if (settings.synchronous_commit === 'off') {
    warnings.push('synchronous_commit is off: a crash of Postgres can lose callbacks that were answered 200')
  }
  if (settings.in_recovery) warnings.push('the server is a standby in recovery: it takes no callbacks')
  else if (settings.read_only === 'on') warnings.push('transactions are read-only by default: it takes no callbacks')
  if (settings.unlogged.length > 0) {
    warnings.push(`unlogged tables are emptied by a crash of Postgres: rtc.${settings.unlogged.join(', rtc.')}`)
  }
  return warnings
}
