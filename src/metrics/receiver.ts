import { statfs } from 'node:fs/promises'
import { Gauge, type Registry } from 'prom-client'
import type { Batches } from '../ingest/batches.ts'
import type { QuarantineBudget } from '../ingest/quarantine-budget.ts'
import type { Spool } from '../spool/spool.ts'

/** Gauges that are read when Prometheus asks. */
export function registerGauges(
  registry: Registry,
  parts: { spool: Spool; batches: Batches; budget: QuarantineBudget },
): void {
  const { spool, batches, budget } = parts
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value())
      },
    })

  gauge('rtc_spool_records', 'Records in the spool that are not committed yet', () => spool.records)
  gauge('rtc_spool_start_records', 'Records found in the spool when the receiver started', () => spool.recordsAtStart)
  gauge('rtc_spool_bytes', 'Bytes the spool takes on disk', () => spool.bytes)
  gauge('rtc_spool_oldest_seconds', 'Age of the oldest record in the spool, 0 when it is empty', () =>
    spool.oldestAt === undefined ? 0 : Math.max(0, (Date.now() - spool.oldestAt) / 1000),
  )
  gauge('rtc_spool_set_aside_total', 'Spooled records set aside since the start', () => spool.setAsideCount)
  gauge('rtc_quarantine_bytes', 'Bytes that the entries of rtc.quarantine take, about', () => budget.usedBytes)
  gauge(
    'rtc_quarantine_dropped_bodies',
    'Bodies answered 4xx and not kept, for a bound was reached',
    () => budget.dropped,
  )
  new Gauge({
    name: 'rtc_queue_rows',
    help: 'Records that wait for their group',
    labelNames: ['table'],
    registers: [registry],
    collect() {
      for (const batch of batches.all) this.set({ table: batch.name }, batch.rows)
    },
  })
  new Gauge({
    name: 'rtc_disk_free_bytes',
    help: 'Bytes free where the spool is',
    registers: [registry],
    async collect() {
      // A directory that is not there yet must not cost the whole scrape.
      const disk = await statfs(spool.directory).catch(() => undefined)
      this.set(disk ? disk.bavail * disk.bsize : Number.NaN)
    },
  })
}
