import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'

/**
 * The HTTP limit: the receiver's own app, which reads, verifies, parses, answers, counts and logs, and stores nothing.
 * Of the built program, as the receiver is, so that both run the same code.
 */
const built = (name: string) => new URL(`../dist/${name}.js`, import.meta.url).href
const { buildApp }: typeof import('../src/app.ts') = await import(built('app'))
const { loadConfig }: typeof import('../src/config.ts') = await import(built('config'))
const { createLogger }: typeof import('../src/logger.ts') = await import(built('logger'))

const config = await loadConfig()
const app = await buildApp({
  config,
  receiver: { take: async () => {}, keepUnread: async () => {} },
  registry: new Registry(),
  log: createLogger(config.logLevel),
})
await app.listen({ host: config.host, port: 0 })
process.send?.({ port: (app.server.address() as AddressInfo).port })
