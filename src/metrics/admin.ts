import { Counter, type Registry } from 'prom-client'

const reasons = ['no_token', 'wrong_token', 'too_many_attempts'] as const
export type AdminRefusal = (typeof reasons)[number]

/** Requests to the private listener. */
export class AdminMetrics {
  readonly #refusals: Counter<'reason'>

  constructor(registry: Registry) {
    this.#refusals = new Counter({
      name: 'rtc_admin_refusals_total',
      help: 'Requests to the private listener without the right token',
      labelNames: ['reason'],
      registers: [registry],
    })
    // There from the start, so that the first one is an increase.
    for (const reason of reasons) this.#refusals.inc({ reason }, 0)
  }

  refused(reason: AdminRefusal): void {
    this.#refusals.inc({ reason })
  }
}
