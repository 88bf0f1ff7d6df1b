import { createSecretKey } from 'node:crypto'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { acceptConflict } from '../../src/ingest/conflict.ts'
import { ErasedKeys } from '../../src/store/erased-keys.ts'
import { readDigestKey } from '../../src/store/keys.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { withClient } from '../../src/store/pool.ts'
import { getQuarantine, type QuarantineEntry } from '../../src/store/quarantine.ts'
import { cdr } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'

async function withConflict() {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('fee', [cdr('s1', { recordFlag: 0 })])
  await it.take('fee', [cdr('s1', { recordFlag: 1 })])
  expect(await it.outcomes()).toEqual({ stored: 1, conflict: 1 })
  return { pool, entry: (await getQuarantine(pool, 1)) as QuarantineEntry }
}

function accept(pool: pg.Pool, entry: QuarantineEntry): Promise<string | undefined> {
  return withClient(pool, async (client) => {
    const digestKey = createSecretKey(await readDigestKey(client))
    return acceptConflict(client, { digestKey, partitions: new Partitions(), erasedKeys: new ErasedKeys() }, entry)
  })
}

test('the accepted CDR takes the place of the stored one, which is kept; the session is to be folded, the entry resolved', async () => {
  const { pool, entry } = await withConflict()
  await pool.query('DELETE FROM rtc.unfolded')
  expect(await accept(pool, entry)).toBeUndefined()
  const { rows } = await pool.query(
    `SELECT record_flag, (SELECT cdr ->> 'recordFlag' FROM rtc.replaced_cdrs) AS before,
      (SELECT string_agg(session_id, ',') FROM rtc.unfolded) AS unfolded FROM rtc.cdrs`,
  )
  expect(rows).toEqual([{ record_flag: 1, before: '0', unfolded: 's1' }])
  const resolved = (await getQuarantine(pool, 1)) as QuarantineEntry
  expect(resolved.resolution).toBe('accepted')
  expect(await accept(pool, resolved)).toBe('was resolved before: accepted')
})

test('what cannot be accepted says why, and changes nothing', async () => {
  const { pool, entry } = await withConflict()
  const noConflict = 'is no conflict of CDRs: replay is for what can be stored by now'
  expect(await accept(pool, { ...entry, reason: 'missing_time' })).toBe(noConflict)
  expect(await accept(pool, { ...entry, kind: 'status' })).toBe(noConflict)
  expect(await accept(pool, { ...entry, body: Buffer.from('{') })).toBe(noConflict)
  expect(await accept(pool, { ...entry, body: Buffer.from('{"sessionId":"s1"}') })).toBe(noConflict)
  await pool.query('UPDATE rtc.cdrs SET erased_at = now()')
  expect(await accept(pool, entry)).toBe('has no rival any more: replay stores it')
  await pool.query('DELETE FROM rtc.cdrs')
  expect(await accept(pool, entry)).toBe('has no rival any more: replay stores it')
  expect((await pool.query('SELECT FROM rtc.replaced_cdrs')).rowCount).toBe(0)
})
