import type pg from 'pg'

/** The rows of the three tables, without what differs from run to run, and without what is null. */
export interface Tables {
  call_events: Row[]
  cdrs: Row[]
  quarantine: Row[]
}

export type Row = Record<string, unknown>

const readers: Record<keyof Tables, string> = {
  call_events: `SELECT to_jsonb(t) - '{received_at,stored_at,event_key}'::text[] AS row
    FROM rtc.call_events t ORDER BY occurred_at, session_id`,
  cdrs: `SELECT to_jsonb(t) - '{received_at,stored_at}'::text[] AS row
    FROM rtc.cdrs t ORDER BY session_id, icid, cdr_time`,
  // A body that is no text is shown in hex.
  quarantine: `SELECT to_jsonb(t) - '{id,first_seen_at,last_seen_at,stored_at,body_key,body}'::text[]
      || jsonb_build_object('body', encode(body, 'escape')) AS row
    FROM rtc.quarantine t ORDER BY id`,
}

/** Everything that is stored. Times are as Postgres writes them in UTC: `2019-01-24T03:04:24+00:00`. */
export async function readTables(pool: pg.Pool): Promise<Tables> {
  const client = await pool.connect()
  try {
    await client.query(`SET TimeZone = 'UTC'`)
    const read = async (table: keyof Tables) =>
      (await client.query<{ row: Row }>(readers[table])).rows.map(({ row }) => withoutNulls(row))
    return { call_events: await read('call_events'), cdrs: await read('cdrs'), quarantine: await read('quarantine') }
  } finally {
    client.release()
  }
}

export async function countRows(pool: pg.Pool): Promise<Record<keyof Tables, number>> {
  const { rows } = await pool.query(`SELECT (SELECT count(*)::int FROM rtc.call_events) AS call_events,
    (SELECT count(*)::int FROM rtc.cdrs) AS cdrs, (SELECT count(*)::int FROM rtc.quarantine) AS quarantine`)
  return rows[0]
}

export async function emptyTables(pool: pg.Pool): Promise<void> {
  await pool.query('TRUNCATE rtc.call_events, rtc.cdrs, rtc.quarantine')
}

/**
 * Makes a row trigger of a test do nothing. To drop it would lock the partitions before their table, which is a
 * deadlock with whoever is storing at the time.
 */
export async function calm(pool: pg.Pool, trigger: string): Promise<void> {
  await pool.query(`CREATE OR REPLACE FUNCTION public.${trigger}() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RETURN NEW; END'`)
}

function withoutNulls(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}
