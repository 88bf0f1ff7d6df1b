import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { buildApp } from '../../src/http/app.ts'
import type { Callback } from '../../src/ingest/check.ts'
import type { QuarantineNote } from '../../src/ingest/entry.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { TestLog } from './spool.ts'

/** The public app as the environment configures it, in front of a receiver that only keeps what it is handed. */
export async function publicApp(environment: Record<string, string> = {}, whenTaking: () => unknown = () => {}) {
  const config = await loadConfig(environment)
  const metrics = new Metrics()
  const { registry } = metrics
  const log = new TestLog()
  const taken: Callback[] = []
  const kept: QuarantineNote[] = []
  const receiver = {
    take: async (callback: Callback) => {
      await whenTaking()
      taken.push(callback)
    },
    keepUnread: async (note: QuarantineNote) => void kept.push(note),
  }
  const app = await buildApp({ config, receiver, metrics, log })
  onTestFinished(() => app.close())

  return {
    app,
    config,
    log,
    taken,
    kept,
    registry,
    /** Listens on all of 127.0.0.0/8, so that tests can come from several addresses. */
    async listen(): Promise<string> {
      await app.listen({ host: '0.0.0.0', port: 0 })
      const { port } = app.server.address() as AddressInfo
      return `${config.tls ? 'https' : 'http'}://127.0.0.1:${port}`
    },
    /** The value of a sample, such as `rtc_signature_total{app="a",result="verified",form="lf_fee"}`; 0 without it. */
    async metric(sample: string): Promise<number> {
      const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${sample} `))
      return Number(line?.slice(sample.length + 1) ?? 0)
    },
  }
}
