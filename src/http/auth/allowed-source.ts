import type { AddressSet } from '../../lib/addresses.ts'
import type { Log } from '../../lib/log.ts'
import type { Check } from '../header-checks.ts'
import { refuse } from '../refusals.ts'

export interface SourceOptions {
  /** Undefined: callbacks may come from anywhere. */
  allowed: AddressSet | undefined
  /** Whether X-Forwarded-For of our own proxies is believed: `request.ip` then is what they say. */
  hasProxies: boolean
  log: Log
}

/** Refuses addresses that are not allowed. The platform names none (protocol "Source addresses"): what was seen counts. */
export function allowedSource({ allowed, hasProxies, log }: SourceOptions): Check {
  let warned = false
  return (request, reply) => {
    const { 'x-forwarded-for': forwardedFor, forwarded } = request.headers
    if (!hasProxies && !warned && (forwardedFor !== undefined || forwarded !== undefined)) {
      warned = true
      log.warn(
        {},
        'a callback came with a forwarded header, which is not believed: behind a proxy, set TRUST_PROXY to its addresses',
      )
    }
    if (!allowed || allowed.has(request.ip)) return undefined
    return refuse(reply, 403, 'callbacks are not taken from this address')
  }
}
