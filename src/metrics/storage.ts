import { statfs } from 'node:fs/promises'
import { Gauge, type Registry } from 'prom-client'
import type { QuarantineBudget } from '../ingest/quarantine-budget.ts'
import type { Spool } from '../spool/spool.ts'
import { counter, gauge } from './on-scrape.ts'

/** The spool, the quarantine and the disk they share. */
export function watchStorage(registry: Registry, parts: { spool: Spool; budget: QuarantineBudget }): void {
  const { spool, budget } = parts
  gauge(registry, 'rtc_spool_records', 'Records in the spool that are not committed yet', () => spool.records)
  gauge(
    registry,
    'rtc_spool_start_records',
    'Records found in the spool when the receiver started',
    () => spool.recordsAtStart,
  )
  gauge(registry, 'rtc_spool_bytes', 'Bytes the spool takes on disk', () => spool.bytes)
  gauge(registry, 'rtc_spool_oldest_seconds', 'Age of the oldest record in the spool, 0 when it is empty', () =>
    spool.oldestAt === undefined ? 0 : Math.max(0, (Date.now() - spool.oldestAt) / 1000),
  )
  counter(registry, 'rtc_spool_set_aside_total', 'Spooled records set aside since the start', () => spool.setAsideCount)
  gauge(
    registry,
    'rtc_quarantine_bytes',
    'Bytes that the entries of rtc.quarantine take, about',
    () => budget.usedBytes,
  )
  counter(
    registry,
    'rtc_quarantine_dropped_bodies_total',
    'Bodies answered 4xx and not kept, for a bound was reached',
    () => budget.dropped,
  )
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
