import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import type { Readiness } from '../../src/ingest/receiver.ts'
import { watchReadiness } from '../../src/metrics/readiness.ts'

test('metrics say what /readyz says, at each scrape', async () => {
  const registry = new Registry()
  let readiness: Readiness = { ready: true, degraded: [] }
  watchReadiness(registry, () => readiness)
  const scrape = () => registry.metrics()
  expect(await scrape()).toMatch(/^rtc_ready 1$/m)
  expect(await scrape()).toMatch(/^rtc_degraded 0$/m)
  readiness = { ready: false, degraded: ['Postgres is away', 'the spool is full'] }
  expect(await scrape()).toMatch(/^rtc_ready 0$/m)
  expect(await scrape()).toMatch(/^rtc_degraded 2$/m)
})
