import type pg from 'pg'

/**
 * Makes many calls of few, for folding ten million takes hours: of each row of facts and calls some copies, with sessions
 * and references of their own and all else as it is. Statistics stay as they are: their rows are hours and causes, not calls.
 * Each table in a transaction of its own, so a run that was stopped goes on.
 */
export async function multiply(client: pg.Client, times: number, say: (line: string) => void): Promise<void> {
  await client.query('CREATE TABLE IF NOT EXISTS bench.multiplied (name text PRIMARY KEY)')
  for (const parent of ['rtc.call_events', 'rtc.cdrs'])
    for (const { name, bounds } of await partitionsOf(client, parent))
      await once(client, name, say, async () => {
        await client.query(`ALTER TABLE ${parent} DETACH PARTITION ${name}`)
        await copies(client, name, times)
        // This makes the indexes.
        await client.query(`ALTER TABLE ${parent} ATTACH PARTITION ${name} ${bounds}`)
      })
  for (const name of ['ops.calls', 'rtc.calls_private'])
    await once(client, name, say, async () => {
      for (const definition of await copies(client, name, times)) await client.query(definition)
    })
}

async function once(client: pg.Client, name: string, say: (line: string) => void, work: () => Promise<void>) {
  const done = await client.query('SELECT FROM bench.multiplied WHERE name = $1', [name])
  if (done.rows.length > 0) return
  const started = performance.now()
  await client.query('BEGIN')
  await work()
  await client.query('INSERT INTO bench.multiplied VALUES ($1)', [name])
  await client.query('COMMIT')
  say(`${name}: multiplied in ${Math.round((performance.now() - started) / 1000)} s`)
}

async function partitionsOf(client: pg.Client, parent: string): Promise<{ name: string; bounds: string }[]> {
  const { rows } = await client.query<{ name: string; bounds: string }>(
    `SELECT inhrelid::regclass::text AS name, pg_get_expr(relpartbound, oid) AS bounds
     FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = $1::regclass AND relname NOT LIKE '%old'`,
    [parent],
  )
  return rows
}

/** Columns in which each copy has a value of its own. */
const own: Record<string, string> = {
  session_id: `k || '-' || session_id`,
  event_key: `md5(k || event_key::text)::uuid`,
  call_ref: `md5(k || call_ref::text)::uuid`,
  a_ref: 'md5(k || a_ref)',
  b_ref: 'md5(k || b_ref)',
  user_data_ref: 'md5(k || user_data_ref)',
  subscription_ref: 'md5(k || subscription_ref)',
}

/** Takes the indexes away first; resolves to the statements that make them again. */
async function copies(client: pg.Client, table: string, times: number): Promise<string[]> {
  const { rows: keys } = await client.query<{ drop: string; make: string }>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS make
     FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('p', 'u')`,
    [table],
  )
  for (const { drop } of keys) await client.query(drop)
  const { rows: indexes } = await client.query<{ drop: string; make: string }>(
    `SELECT format('DROP INDEX %s', indexrelid::regclass) AS drop, pg_get_indexdef(indexrelid) AS make
     FROM pg_index WHERE indrelid = $1::regclass`,
    [table],
  )
  for (const { drop } of indexes) await client.query(drop)
  const { rows: columns } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [table],
  )
  const names = columns.map(({ name }) => name)
  await client.query(
    `INSERT INTO ${table} (${names.join(', ')})
     SELECT ${names.map((name) => own[name] ?? name).join(', ')} FROM ${table}, generate_series(1, ${times - 1}) AS k`,
  )
  return [...keys, ...indexes].map(({ make }) => make)
}
