import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { buildApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import type { Receiver } from '../src/ingest/receiver.ts'
import { createLogger } from '../src/logger.ts'

/** The HTTP limit: the receiver's own app, which reads, verifies, parses, answers, counts and logs, and stores nothing. */
const config = await loadConfig()
const receiver: Pick<Receiver, 'take' | 'keepUnread'> = { take: async () => {}, keepUnread: async () => {} }
const app = await buildApp({
  config,
  receiver: receiver as Receiver,
  registry: new Registry(),
  log: createLogger(config.logLevel),
})
await app.listen({ host: config.host, port: 0 })
process.send?.({ port: (app.server.address() as AddressInfo).port })
