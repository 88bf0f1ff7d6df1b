import { Counter, type Registry } from 'prom-client'

/** Which limit a connection was closed for: of its source, or of all sources together. */
export type ConnectionLimit = 'source' | 'all'

/** Connections of the public listener. */
export class ConnectionMetrics {
  readonly #closed: Counter<'limit'>

  constructor(registry: Registry) {
    this.#closed = new Counter({
      name: 'rtc_connections_closed_total',
      help: 'Connections closed because their source, or all sources together, had too many open',
      labelNames: ['limit'],
      registers: [registry],
    })
    // There from the start, so that the first one is an increase.
    for (const limit of ['source', 'all']) this.#closed.inc({ limit }, 0)
  }

  closed(limit: ConnectionLimit): void {
    this.#closed.inc({ limit })
  }
}
