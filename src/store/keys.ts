import type { Queryable } from './statement.ts'

/** The HMAC key of event_key, record_key and body_key, 32 bytes. Made by the first migration and never changed. */
export async function readDigestKey(client: Queryable): Promise<Buffer> {
  const { rows } = await client.query<{ key: Buffer }>("SELECT key FROM rtc.keys WHERE purpose = 'digest'")
  if (!rows[0]) throw new Error("rtc.keys has no key for 'digest': the first migration writes it")
  return rows[0].key
}
