import { epoch, type Shape } from './callbacks.ts'
import { withClient } from './cluster.ts'
import { commitRows, copyRows, copyText } from './copy.ts'

/**
 * Stores many CDRs of the load's month: copied into a table of their own, then indexed, then attached in place of the
 * month's empty partition. To copy them one by one through the index would take hours where ids are random.
 */
export async function fillCdrs(url: string, rows: number, ids: Shape['ids']): Promise<void> {
  await withClient(url, async (client) => {
    const { rows: found } = await client.query<{ name: string; bounds: string }>(`
      SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds FROM pg_class c
      WHERE c.relname = to_char(to_timestamp(${epoch}) AT TIME ZONE 'UTC', '"cdrs_"YYYY_MM')`)
    const [month] = found
    if (!month) throw new Error('that month has no partition')
    const partition = `rtc.${month.name}`
    await client.query(`DROP TABLE ${partition}`)
    await client.query(`CREATE TABLE ${partition} (LIKE rtc.cdrs INCLUDING ALL EXCLUDING INDEXES)`)
    for (let i = 0; i * commitRows < rows; i++) {
      await copyRows(client, copyText({ shape: { kind: 'fee', records: commitRows, ids } }, i), partition)
    }
    // This makes the indexes.
    await client.query("SET maintenance_work_mem = '1GB'")
    await client.query(`ALTER TABLE rtc.cdrs ATTACH PARTITION ${partition} ${month.bounds}`)
    await client.query('VACUUM ANALYZE rtc.cdrs')
    await client.query('CHECKPOINT')
  })
}
