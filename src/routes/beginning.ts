import type { IncomingMessage } from 'node:http'

/**
 * The first chunks of a body, more than `limit` bytes of it or all. Undefined when the client went away. What follows
 * is left unread: the connection must be closed.
 */
export function readBeginning(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const finish = (result: Buffer | undefined) => {
      request.off('data', take)
      request.pause()
      resolve(result)
    }
    const take = (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > limit) finish(Buffer.concat(chunks))
    }
    request.on('data', take)
    request.once('end', () => finish(Buffer.concat(chunks)))
    request.once('error', () => finish(undefined))
    request.once('close', () => finish(undefined))
  })
}
