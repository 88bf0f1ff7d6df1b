import { expect, test } from 'vitest'
import { durabilityWarnings } from '../../src/store/durability.ts'
import { freshDatabase } from '../support/database.ts'
import { connect } from './connect.ts'

test('warns of what makes an answer of 200 less than durable', async () => {
  const { url } = await freshDatabase()
  const safe = await connect(url)
  const usual = await durabilityWarnings(safe)
  // The server of the tests may itself run without fsync.
  expect(usual.filter((warning) => !/^(fsync|full_page_writes)/.test(warning))).toEqual([])

  const unsafe = await connect(url, { options: '-c synchronous_commit=off -c default_transaction_read_only=on' })
  await safe.query('ALTER TABLE rtc.cdrs_old SET UNLOGGED')
  expect((await durabilityWarnings(unsafe)).filter((warning) => !usual.includes(warning))).toEqual([
    expect.stringContaining('synchronous_commit is off'),
    expect.stringContaining('read-only'),
    expect.stringContaining('rtc.cdrs_old'),
  ])
})

test.each([
  [{ version: 130_000, version_text: '13.1' }, 'Postgres 13.1 is older than 14'],
  [{ fsync: 'off' }, 'fsync is off'],
  [{ full_page_writes: 'off' }, 'full_page_writes is off'],
  [{ in_recovery: true, read_only: 'on' }, 'standby'],
])('%j', async (setting, warning) => {
  const sound = {
    version: 180_000,
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    read_only: 'off',
    in_recovery: false,
    unlogged: [],
  }
  const client = { query: async () => ({ rows: [{ ...sound, ...setting }] }) }
  expect(await durabilityWarnings(client as never)).toEqual([expect.stringContaining(warning)])
})
