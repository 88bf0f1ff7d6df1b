import Fastify, { type FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import type { Receiver } from '../ingest/receiver.ts'
import { AddressSet } from '../lib/addresses.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { signatures } from './auth/signatures.ts'
import { callbacks } from './callbacks.ts'
import { dropAfterRefusal, gate } from './gate.ts'
import { bodies } from './limits/body-reader.ts'
import { connections } from './limits/connections.ts'
import { openapi } from './openapi/openapi.ts'
import { countOutcomes, Outcomes } from './outcomes.ts'
import { refusals } from './refusals.ts'
import { refusedBodies } from './refused-bodies.ts'
import { serverOptions } from './server-options.ts'
import { answerUnrouted, badUrlHandler, clientErrorHandler } from './unrouted.ts'

export type AppConfig = Pick<
  Config,
  | 'bodyLimit'
  | 'maxConnections'
  | 'pathTokens'
  | 'publicUrls'
  | 'statusUrl'
  | 'feeUrl'
  | 'apps'
  | 'auth'
  | 'maxAgeS'
  | 'allowFrom'
  | 'trustProxy'
  | 'tls'
>

export interface AppParts {
  config: AppConfig
  receiver: Pick<Receiver, 'take' | 'keepUnread'>
  metrics: Pick<Metrics, 'callbacks' | 'signatures' | 'connections'>
  log: Log
  /** Aborted once the receiver is about to stop. */
  stopping?: AbortSignal
}

const never = new AbortController().signal

/** The public Fastify app: the two callback paths and nothing else. */
export async function buildApp({ config, receiver, metrics, log, stopping = never }: AppParts) {
  const outcomes = new Outcomes(metrics.callbacks, log)
  const proxies = new AddressSet(config.trustProxy)
  const app: FastifyInstance = Fastify({
    ...serverOptions(config, proxies),
    clientErrorHandler: clientErrorHandler(outcomes),
    frameworkErrors: badUrlHandler(outcomes),
  })
  await app.register(refusals, { log })
  await app.register(answerUnrouted, { outcomes })
  await app.register(connections, { config, proxies, metrics: metrics.connections, log })
  await app.register(bodies, { limit: config.bodyLimit })
  await app.register(refusedBodies, { receiver })

  // Their onRequest hooks run in this order.
  await app.register(dropAfterRefusal)
  await app.register(countOutcomes, { outcomes })
  await app.register(signatures, { config, metrics: metrics.signatures, log })
  await app.register(gate, { config, log })

  await app.register(openapi, { isEnforced: config.auth === 'enforce' })
  await app.register(callbacks, { prefix: config.pathTokens.length > 0 ? '/rtc/:token' : '/rtc', receiver, stopping })
  return app
}
