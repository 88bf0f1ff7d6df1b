import type { KeyObject } from 'node:crypto'
import { keyedDigest } from '../platform/digest.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/**
 * The digest under which `rtc.erased_keys` knows the unique key of a row that an erasure has moved.
 *
 * @param key of purpose `digest`
 * @param parts the key's columns in its order, times as `yyyy-MM-dd HH:mm:ss` in UTC, digests as 32 hex digits
 * @returns 32 hex digits
 */
export function keyDigest(key: KeyObject, table: 'call_events' | 'cdrs', parts: readonly string[]): string {
  return keyedDigest(key, [table, ...parts].join('\0'))
}

/** How long it counts that nothing is in the table, in milliseconds. `rtc.refuse_erased` notices what comes meanwhile. */
const askEveryMs = 60_000

const anyStatement: Statement = { name: 'erased_any', text: 'SELECT EXISTS (SELECT FROM rtc.erased_keys) AS any' }

const foundStatement: Statement = {
  name: 'erased_found',
  text: 'SELECT key_digest FROM rtc.erased_keys WHERE key_digest = ANY($1::uuid[])',
}

/** Those of the digests that are keys of erased rows. */
export async function findErased(client: Queryable, digests: readonly string[]): Promise<Set<string>> {
  const { rows } = await run<{ key_digest: string }>(client, foundStatement, [digests])
  return new Set(rows.map(({ key_digest }) => key_digest.replaceAll('-', '')))
}

/**
 * Whether there are keys of erased rows at all. Mostly there are none, and then no record pays for a digest of its key.
 */
export class ErasedKeys {
  #any = false
  #askedAt = -Infinity

  async any(client: Queryable): Promise<boolean> {
    if (performance.now() - this.#askedAt > askEveryMs) {
      const { rows } = await run<{ any: boolean }>(client, anyStatement, [])
      this.#any = rows[0]?.any ?? false
      this.#askedAt = performance.now()
    }
    return this.#any
  }

  /** After Postgres said that there are some. */
  forget(): void {
    this.#askedAt = -Infinity
  }
}
