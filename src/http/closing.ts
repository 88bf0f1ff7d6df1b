import fp from 'fastify-plugin'

export interface ClosingOptions {
  isStopping: () => boolean
}

/** Tells clients to come back on a new connection, once the receiver is about to stop. */
export const closing = fp<ClosingOptions>(async (app, { isStopping }) => {
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isStopping()) reply.header('connection', 'close')
    done(null, payload)
  })
})
