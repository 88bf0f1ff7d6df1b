import type { Registry } from 'prom-client'
import type { Readiness } from '../ingest/receiver.ts'
import { gauge } from './on-scrape.ts'

/** What /readyz says, for those who watch metrics. */
export function watchReadiness(registry: Registry, readiness: () => Readiness): void {
  gauge(registry, 'rtc_ready', '1 while callbacks can be taken durably, 0 when they are answered 503', () =>
    readiness().ready ? 1 : 0,
  )
  gauge(
    registry,
    'rtc_degraded',
    'How many things are wrong although callbacks are taken',
    () => readiness().degraded.length,
  )
}
