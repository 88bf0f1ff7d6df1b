import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Outcomes } from './outcomes.ts'
import { refusal, refuse } from './refusals.ts'

const statuses: Record<string, { status: number; phrase: string; message: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, phrase: 'Request Timeout', message: 'the request came too slowly' },
  HPE_HEADER_OVERFLOW: { status: 431, phrase: 'Request Header Fields Too Large', message: 'the headers are too large' },
}
/** Milliseconds for the answer to be read before the connection is cut. */
const lingerMs = 1_000

const malformed = { status: 400, phrase: 'Bad Request', message: 'the request is not HTTP' }

/** Answers requests that Node's HTTP parser gives up. Most never reach a route; one whose body was being read does. */
export function clientErrorHandler(outcomes: Outcomes) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    // Whoever does not get through the TLS handshake could not read an answer.
    const unanswerable =
      error.code === 'ECONNRESET' || error.code?.startsWith('ERR_SSL') || error.code?.startsWith('ERR_TLS')
    if (unanswerable || !socket.writable) return void socket.destroy()
    const { status, phrase, message } = statuses[error.code ?? ''] ?? malformed
    outcomes.givenUp(socket, status)
    end(socket, status, phrase, message)
  }
}

/** Answers a path that cannot be decoded, or is too long. No hook runs for it. */
export function badUrlHandler(outcomes: Outcomes) {
  return (_error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    outcomes.unrouted(request.ip, 404)
    refuse(reply, 404, 'there is nothing at this path')
  }
}

export interface UnroutedOptions {
  outcomes: Outcomes
}

/** Answers what Node keeps from Fastify. */
export const answerUnrouted = fp<UnroutedOptions>(async (app, { outcomes }) => {
  app.server.on('checkExpectation', expectationHandler(outcomes))
  app.server.on('connect', connectHandler(outcomes))
})

/** Answers CONNECT, for which Node makes no response and closes the connection without a word. */
function connectHandler(outcomes: Outcomes) {
  return (_request: IncomingMessage, socket: Socket): void => {
    socket.on('error', () => {})
    outcomes.unrouted(socket.remoteAddress, 405)
    end(socket, 405, 'Method Not Allowed', 'only POST is allowed here', 'Allow: POST\r\n')
  }
}

/** Writes an answer, its headers after the first line, and closes the connection. */
function end(socket: Socket, status: number, phrase: string, message: string, headers = ''): void {
  const body = JSON.stringify(refusal(status, message))
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\n${headers}Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  // Whoever never closes their side would keep the connection, and what was read of the body, for ever.
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

/** Answers `Expect` with anything but 100-continue, which Node would do uncounted and keep the connection. */
function expectationHandler(outcomes: Outcomes) {
  return ({ socket }: IncomingMessage, response: ServerResponse): void => {
    outcomes.unrouted(socket.remoteAddress, 417)
    const body = JSON.stringify(refusal(417, 'of Expect only 100-continue is understood'))
    const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
    response.writeHead(417, { ...headers, connection: 'close' }).end(body)
  }
}
