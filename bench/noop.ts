import type { AddressInfo } from 'node:net'

/**
 * The HTTP limit: the receiver's own app, which reads, verifies, parses, answers, counts and logs, and stores nothing.
 * Of the built program, as the receiver is, so that both run the same code.
 */
const built = (name: string) => new URL(`../dist/${name}.js`, import.meta.url).href
const { buildApp }: typeof import('../src/http/app.ts') = await import(built('http/app'))
const { loadConfig }: typeof import('../src/config/config.ts') = await import(built('config/config'))
const { Metrics }: typeof import('../src/metrics/metrics.ts') = await import(built('metrics/metrics'))
const { createLogger }: typeof import('../src/lib/logger.ts') = await import(built('lib/logger'))

const config = await loadConfig()
const app = await buildApp({
  config,
  receiver: { take: async () => {}, keepUnread: async () => {} },
  metrics: new Metrics(),
  log: await createLogger(config.logLevel),
})
await app.listen({ host: config.host, port: 0 })
process.send?.({ port: (app.server.address() as AddressInfo).port })
