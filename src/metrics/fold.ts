import type { Registry } from 'prom-client'
import type { Folder } from '../maintenance/folder.ts'
import { counter, gauge } from './on-scrape.ts'

/** How the fold gets on. */
export function watchFold(registry: Registry, folder: Folder): void {
  counter(
    registry,
    'rtc_folded_calls_total',
    'Calls computed from their facts by this receiver, each time one is',
    () => folder.progress.folded,
  )
  gauge(
    registry,
    'rtc_fold_lag_seconds',
    'How long the oldest fact that is not in ops.calls has waited',
    () => folder.lagSeconds,
  )
  gauge(
    registry,
    'rtc_fold_waiting_sessions',
    'Sessions whose call is to be computed, about',
    () => folder.progress.waiting,
  )
  gauge(
    registry,
    'rtc_fold_failed_sessions',
    'Sessions whose call could not be computed and is tried again later',
    () => folder.progress.failed,
  )
}
