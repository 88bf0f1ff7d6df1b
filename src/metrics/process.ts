import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import { version } from '../lib/version.ts'

/** Gauges under names that belong to counters. The same figures, by type, stand in nodejs_active_handles and its like. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** The process, and which program it runs. */
export function watchProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
  const build = new Gauge({
    name: 'rtc_build_info',
    help: 'Always 1; its labels say which version of the receiver runs on which Node',
    labelNames: ['version', 'node'],
    registers: [registry],
  })
  build.set({ version, node: process.versions.node }, 1)
}
