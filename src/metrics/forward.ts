import { Counter, Gauge, type Registry } from 'prom-client'
import type { Forwarder } from '../feed/forwarder.ts'

/** How forwarding gets on, read when Prometheus asks. Of several receivers one forwards: sums and maxima tell all. */
export function registerForwardMetrics(registry: Registry, forwarder: Forwarder): void {
  const registers = [registry]
  const counter = (name: string, help: string, value: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(value())
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
  const { progress } = forwarder
  counter('rtc_forward_delivered_total', 'Entries of the feed that FORWARD_URL took', () => progress.delivered)
  counter('rtc_forward_failures_total', 'Deliveries that FORWARD_URL did not take, each try', () => progress.failed)
  counter('rtc_forward_dead_letters_total', 'Entries given up after many tries', () => progress.deadLetters)
  gauge('rtc_forward_lag_seconds', 'How long the oldest entry under way has waited', () => forwarder.lagSeconds)
  gauge('rtc_forward_active', 'Whether this receiver is the one that forwards', () => (progress.isHeld ? 1 : 0))
}
