import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Check } from './gate-checks.ts'

/** Connections on which a request was refused: they are closed after its answer. */
const refused = new WeakSet<Socket>()

/**
 * Lets a request pass when all checks do; none of its body is read before that. The first that does not has answered.
 */
export function gate(app: FastifyInstance, checks: readonly Check[]): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (checks.some((check) => check(request, reply))) {
      refused.add(request.raw.socket)
      return
    }
    // What the sender calls the body does not matter, and Fastify would refuse what is no media type at all.
    request.raw.headers['content-type'] = undefined
    done()
  })
}

/**
 * Drops what comes behind a refused request on its connection, unanswered: nobody waits for it but who sends hundreds of
 * requests at once, and all of them would be kept until the first is answered. To be added before all other hooks.
 */
export function dropAfterRefusal(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw: { socket } }, _reply, done) => {
    if (refused.has(socket)) socket.destroy()
    else done()
  })
}
