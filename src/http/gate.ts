import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { AddressSet } from '../lib/addresses.ts'
import type { Log } from '../lib/log.ts'
import { allowedSource } from './auth/allowed-source.ts'
import { knownPath } from './auth/path-token.ts'
import { noEncoding } from './content-encoding.ts'
import { type Check, host, notFromPage, post } from './header-checks.ts'
import { limitRequests } from './limits/requests.ts'

/** Connections on which a request was refused: they are closed after its answer. */
const refused = new WeakSet<Socket>()

export interface GateOptions {
  config: Pick<Config, 'pathTokens' | 'allowFrom' | 'trustProxy' | 'maxConnections'>
  log: Log
}

/**
 * Lets a request pass when all checks do. The first that does not has answered.
 *
 * They run in onRequest, because none of a body is to be read for whom nobody knows: preParsing and preValidation would
 * be hooks of a request that is let in already.
 */
export const gate = fp<GateOptions>(async (app, { config, log }) => {
  const { pathTokens, trustProxy, allowFrom, maxConnections } = config
  const allowed = allowFrom.length > 0 ? new AddressSet(allowFrom) : undefined
  // The order of the answers: 404, 405, 403, 401, 415; then the body is read, 413.
  const checks: Check[] = [
    host,
    knownPath(pathTokens),
    post,
    allowedSource({ allowed, hasProxies: trustProxy.length > 0, log }),
    notFromPage,
    limitRequests(maxConnections),
    ...(app.signatures ? [app.signatures.check] : []),
    noEncoding,
  ]
  app.addHook('onRequest', (request, reply, done) => {
    if (checks.some((check) => check(request, reply))) {
      refused.add(request.raw.socket)
      return
    }
    // What the sender calls the body does not matter, and Fastify would refuse what is no media type at all.
    request.raw.headers['content-type'] = undefined
    done()
  })
})

/**
 * Drops what comes behind a refused request on its connection, unanswered: nobody waits for it but who sends hundreds of
 * requests at once, and all of them would be kept until the first is answered. To be added before all other hooks.
 */
export const dropAfterRefusal = fp<Record<never, never>>(async (app) => {
  app.addHook('onRequest', ({ raw: { socket } }, _reply, done) => {
    if (refused.has(socket)) socket.destroy()
    else done()
  })
})
