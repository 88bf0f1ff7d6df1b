import type { ReferenceKeys } from '../calls/types.ts'
import type { Queryable } from './statement.ts'

/** The HMAC key of event_key, notice_key, body_key and key_digest, 32 bytes. Made by the first migration and never changed. */
export async function readDigestKey(client: Queryable): Promise<Buffer> {
  const { rows } = await client.query<{ key: Buffer }>("SELECT key FROM rtc.keys WHERE purpose = 'digest'")
  if (!rows[0]) throw new Error("rtc.keys has no key for 'digest': the first migration writes it")
  return rows[0].key
}

/** The keys that call_ref and references are made with, 32 bytes each. Made by the first migration and never changed. */
export async function readReferenceKeys(client: Queryable): Promise<ReferenceKeys> {
  const { rows } = await client.query<{ purpose: string; key: Buffer }>(
    "SELECT purpose, key FROM rtc.keys WHERE purpose IN ('ref', 'ref_unsigned')",
  )
  const keyFor = (purpose: string) => {
    const found = rows.find((row) => row.purpose === purpose)
    if (!found) throw new Error(`rtc.keys has no key for '${purpose}': the first migration writes it`)
    return found.key
  }
  return { signed: keyFor('ref'), unsigned: keyFor('ref_unsigned') }
}
