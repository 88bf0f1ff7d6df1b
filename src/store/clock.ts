import type { Queryable } from './statement.ts'

/** The server's clock. */
export async function serverTime(client: Queryable): Promise<Date | undefined> {
  const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  return rows[0]?.now
}

/** A time `yyyy-MM-dd`, or with hours and minutes, as the clocks of a zone show it: Postgres knows all zones. */
export async function timeInZone(client: Queryable, text: string, zone: string): Promise<Date | undefined> {
  const { rows } = await client.query<{ time: Date }>('SELECT $1::timestamp AT TIME ZONE $2 AS time', [text, zone])
  return rows[0]?.time
}
