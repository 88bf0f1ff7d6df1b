import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { asWriter } from '../support/as-writer.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { concurrently, send } from '../support/http.ts'
import { ledger, type Scrape, scrape, sum } from '../support/metrics.ts'
import { PostgresRelay } from '../support/postgres-relay.ts'
import { eventually, startProgram } from '../support/program.ts'
import { countRows } from '../support/tables.ts'

asWriter()

const outcomes = ['stored', 'duplicate', 'conflict', 'quarantined', 'spooled', 'refused']

/** How many records ended how, live ones and those from the spool. */
function endings(scrape: Scrape, via: string): Record<string, number> {
  const counts = outcomes.map((outcome) => [outcome, sum(scrape, 'rtc_records_total', { outcome, via })] as const)
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

test('at every scrape, with Postgres there, away and back, every record is accounted for', async () => {
  const database = await freshDatabase()
  const address = new URL(database.url)
  const real = { host: address.hostname, port: Number(address.port || 5432) }
  const relay = await PostgresRelay.start(real)
  address.hostname = '127.0.0.1'
  address.port = String(relay.port)
  const program = await startProgram({ database: { url: address.href }, env: { COMMIT_DEADLINE_MS: '500' } })

  let working = true
  let [scrapes, busy] = [0, 0]
  const watching = (async () => {
    while (working) {
      const found = await scrape(program.adminUrl)
      const { received, accounted, spooled, spoolAccounted } = ledger(found)
      expect({ received, spooled }).toEqual({ received: accounted, spooled: spoolAccounted })
      scrapes++
      if (sum(found, 'rtc_inflight_records') > 0) busy++
      await sleep(10)
    }
  })()

  let statuses: number[] = []
  const work = async (n: number) => {
    const body = [
      event(`event-${n}`),
      fee(cdr(`cdr-${n}`), cdr(`cdr-${n}`), cdr(undefined), cdr(`cdr-${n}`, { userData: 'rival' })),
      fee(cdr(`cdr-${n - 1}`)),
      'rubbish',
    ][n % 4]
    statuses.push((await send(`${program.url}/rtc/status`, body)).status)
  }
  const numbers = Array(400).keys()
  const some = function* (count: number) {
    for (let n = 0; n < count; n++) yield numbers.next().value as number
  }
  await concurrently(16, some(160), work)
  relay.target = { host: '127.0.0.1', port: 1 }
  relay.reset()
  await concurrently(16, some(120), work)
  relay.target = real
  await concurrently(16, some(120), work)
  await eventually(
    async () => sum(await scrape(program.adminUrl), 'rtc_spool_records'),
    (records) => records === 0,
  )
  working = false
  await watching
  await relay.stop()

  statuses = statuses.sort()
  expect(statuses).toEqual([...Array(300).fill(200), ...Array(100).fill(400)])
  expect(scrapes).toBeGreaterThan(10)
  expect(busy).toBeGreaterThan(0)

  const last = await scrape(program.adminUrl)
  const [live, fromSpool] = [endings(last, 'live'), endings(last, 'spool')]
  const both = (outcome: string) => (live[outcome] ?? 0) + (fromSpool[outcome] ?? 0)
  // Where a connection was cut after a commit, the record came again from the spool as its own duplicate; and where a
  // rival was stored first, the others of its key are the conflicts.
  expect(both('stored') + both('duplicate') + both('conflict')).toBe(500)
  expect(both('conflict')).toBeGreaterThanOrEqual(100)
  expect(both('quarantined')).toBe(200 - droppedOf(last))
  expect(live.spooled).toBe(Object.values(fromSpool).reduce((a, b) => a + b, 0))
  expect(await countRows(database.pool)).toMatchObject({ call_events: 100, cdrs: 100 })
  expect(sum(last, 'rtc_callbacks_total')).toBe(400)
  expect(sum(last, 'rtc_inflight_records')).toBe(0)
}, 120_000)

/** Bodies that were refused anyway and are beyond what is kept of one source in an hour. */
function droppedOf(scrape: Scrape): number {
  return sum(scrape, 'rtc_quarantine_dropped_bodies_total')
}
