import type { Registry } from 'prom-client'
import type { Forwarder } from '../feed/forwarder.ts'
import { counter, gauge } from './on-scrape.ts'

/** How forwarding gets on. Of several receivers one forwards: sums and maxima tell all. */
export function watchForwarder(registry: Registry, forwarder: Forwarder): void {
  const { progress } = forwarder
  counter(
    registry,
    'rtc_forward_delivered_total',
    'Entries of the feed that FORWARD_URL took',
    () => progress.delivered,
  )
  counter(
    registry,
    'rtc_forward_failures_total',
    'Deliveries that FORWARD_URL did not take, each try',
    () => progress.failed,
  )
  counter(
    registry,
    'rtc_forward_dead_letters_total',
    'Entries given up, refused again and again while others were taken',
    () => progress.deadLetters,
  )
  gauge(
    registry,
    'rtc_forward_lag_seconds',
    'How long the oldest entry under way has waited',
    () => forwarder.lagSeconds,
  )
  gauge(registry, 'rtc_forward_active', 'Whether this receiver is the one that forwards', () =>
    progress.isHeld ? 1 : 0,
  )
}
