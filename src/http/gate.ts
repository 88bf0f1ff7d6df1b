import type { FastifyInstance } from 'fastify'
import type { Check } from '../routes/gate.ts'

/** Lets a request pass when all checks do; none of its body is read before that. The first that does not has answered. */
export function gate(app: FastifyInstance, checks: readonly Check[]): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (checks.some((check) => check(request, reply))) return
    // What the sender calls the body does not matter, and Fastify would refuse what is no media type at all.
    request.raw.headers['content-type'] = undefined
    done()
  })
}
