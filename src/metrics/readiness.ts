import { Gauge, type Registry } from 'prom-client'
import type { Readiness } from '../ingest/receiver.ts'

/** What /readyz says, for those who watch metrics. */
export function registerReadiness(registry: Registry, readiness: () => Readiness): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value())
      },
    })
  gauge('rtc_ready', '1 while callbacks can be taken durably, 0 when they are answered 503', () =>
    readiness().ready ? 1 : 0,
  )
  gauge('rtc_degraded', 'How many things are wrong although callbacks are taken', () => readiness().degraded.length)
}
