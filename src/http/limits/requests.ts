import type { Check } from '../header-checks.ts'
import { refuse } from '../refusals.ts'
import { Budget } from './budget.ts'
import { mostPerSource } from './connections.ts'

/**
 * Refuses requests of a source that has too many under way. That is the cap of connections where it cannot be one of
 * connections: behind our own proxy, and for requests that are sent one behind the other without waiting for answers.
 *
 * @param most MAX_CONNECTIONS: requests of all sources together
 */
export function limitRequests(most: number): Check {
  const budget = new Budget(mostPerSource, most)
  return (request, reply) => {
    const { source } = request
    const status = budget.hold(source, 1)
    if (status) return refuse(reply, status, 'too many requests are under way')
    reply.raw.once('close', () => budget.release(source, 1))
    return undefined
  }
}
