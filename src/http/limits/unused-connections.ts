import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Milliseconds that a connection on which no request has begun may live on once the server closes. */
const graceMs = 500

/**
 * Ends connections without a request when the server closes. Node does so with those that have had one; one that was
 * opened in advance and never used counts as busy, and Node's own limits end with the listener: a spare connection of
 * a proxy would hold up every shutdown.
 */
export function endUnusedConnections(app: FastifyInstance, isTls: boolean): void {
  const unused = new Set<Socket>()
  app.server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  app.server.on('request', ({ socket }) => unused.delete(socket))
  app.addHook('preClose', (done) => {
    setTimeout(() => {
      for (const socket of unused) socket.destroy()
    }, graceMs).unref()
    done()
  })
}
