import { lookup as systemLookup } from 'node:dns'
import { type AgentOptions, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Duplex } from 'node:stream'
import { loopback } from '../lib/addresses.ts'

/** The simulator would be a weapon if it posted anywhere else. */
export class NotLoopbackError extends Error {
  readonly code = 'NOT_LOOPBACK'

  constructor() {
    super('the target is not on this machine: the simulator posts to loopback addresses only')
  }
}

/** Resolves names as usual and refuses one with any address that is not loopback. */
export function loopbackLookup(resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0)
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => loopback.has(address))) {
        return callback(new NotLoopbackError(), '', 0)
      }
      if (options.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
}

/** Rejects with NotLoopbackError before anything is begun for another machine; connections are checked all the same. */
export async function refuseForeign(url: string): Promise<void> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !loopback.has(host)) throw new NotLoopbackError()
  await new Promise<void>((resolve, reject) => {
    loopbackLookup()(host, {}, (error) => (error ? reject(error) : resolve()))
  })
}

type Connect = HttpAgent['createConnection']

/**
 * Checks the address at the moment of connecting: what a name meant when an option was read says nothing about what
 * it means now. An address that stands in the URL itself is not looked up, so it is checked here.
 */
function guarded(connect: Connect): Connect {
  const lookup = loopbackLookup()
  return (options, callback) => {
    const host = String((options as { host?: unknown }).host ?? '').replace(/^\[|\]$/g, '')
    if (isIP(host) === 0 || loopback.has(host)) return connect({ ...options, lookup }, callback)
    callback?.(new NotLoopbackError(), undefined as unknown as Duplex)
    return undefined
  }
}

/** An agent for http or https targets that connects to nothing but this machine. */
export function loopbackAgent(protocol: string, options: AgentOptions): HttpAgent {
  const agent = protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options)
  agent.createConnection = guarded(agent.createConnection.bind(agent))
  return agent
}
