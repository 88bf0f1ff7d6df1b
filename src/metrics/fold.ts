import { Counter, Gauge, type Registry } from 'prom-client'
import type { Folder } from '../maintenance/folder.ts'

/** How the fold gets on, read when Prometheus asks. */
export function registerFoldMetrics(registry: Registry, folder: Folder): void {
  const registers = [registry]
  new Counter({
    name: 'rtc_folded_calls_total',
    help: 'Calls computed from their facts by this receiver, each time one is',
    registers,
    collect() {
      this.reset()
      this.inc(folder.progress.folded)
    },
  })
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  gauge('rtc_fold_lag_seconds', 'How long the oldest fact that is not in ops.calls has waited', () => folder.lagSeconds)
  gauge('rtc_fold_waiting_sessions', 'Sessions whose call is to be computed, about', () => folder.progress.waiting)
  gauge(
    'rtc_fold_failed_sessions',
    'Sessions whose call could not be computed and is tried again later',
    () => folder.progress.failed,
  )
}
