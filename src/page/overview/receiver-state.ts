import type { Registry } from 'prom-client'
import type { Readiness } from '../../ingest/receiver.ts'

/** What the receiver knows of itself, Postgres or not. */
export interface ReceiverState extends Readiness {
  spoolRecords: number
  spoolBytes: number
  /** Seconds. */
  spoolOldest: number
  setAside: number
  queued: number
  diskFree: number
  quarantineBytes: number
  /** Since the start; undefined when none came. */
  lastStatus: Date | undefined
  lastFee: Date | undefined
  /** Seconds. */
  uptime: number
}

/** Reads it from the same gauges that Prometheus scrapes, so that page and alerts cannot disagree. */
export async function receiverState(registry: Registry, readiness: () => Readiness): Promise<ReceiverState> {
  const values = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values ?? []
  const sum = async (name: string) => (await values(name)).reduce((total, { value }) => total + value, 0)
  const last = await values('rtc_last_callback_timestamp_seconds')
  const lastOf = (kind: string) => {
    const seconds = last.find(({ labels }) => labels.kind === kind)?.value
    return seconds === undefined ? undefined : new Date(seconds * 1000)
  }
  return {
    ...readiness(),
    spoolRecords: await sum('rtc_spool_records'),
    spoolBytes: await sum('rtc_spool_bytes'),
    spoolOldest: await sum('rtc_spool_oldest_seconds'),
    setAside: await sum('rtc_spool_set_aside_total'),
    queued: await sum('rtc_queue_rows'),
    diskFree: await sum('rtc_disk_free_bytes'),
    quarantineBytes: await sum('rtc_quarantine_bytes'),
    lastStatus: lastOf('status'),
    lastFee: lastOf('fee'),
    uptime: process.uptime(),
  }
}
