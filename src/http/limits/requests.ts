import type { FastifyRequest } from 'fastify'
import type { Check } from '../gate-checks.ts'
import { refuse } from '../refusals.ts'
import { Budget } from './budget.ts'
import { mostPerSource } from './connections.ts'

export interface RequestLimits {
  /** MAX_CONNECTIONS: requests of all sources together. */
  most: number
  perSource?: number
  /** Who sends; undefined for our own proxy, where it does not say for whom. */
  sourceOf: (request: FastifyRequest) => string | undefined
}

/**
 * Refuses requests of a source that has too many under way. That is the cap of connections where it cannot be one of
 * connections: behind our own proxy, and for requests that are sent one behind the other without waiting for answers.
 */
export function limitRequests({ most, perSource = mostPerSource, sourceOf }: RequestLimits): Check {
  const budget = new Budget(perSource, most)
  return (request, reply) => {
    const source = sourceOf(request)
    const status = budget.hold(source, 1)
    if (status) return refuse(reply, status, 'too many requests are under way')
    reply.raw.once('close', () => budget.release(source, 1))
    return undefined
  }
}
