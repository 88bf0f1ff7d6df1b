import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { refusal } from '../platform/answer.ts'

/** Counts and logs a request that reaches no route. */
export type TurnAway = (address: string | undefined, status: number) => void

const statuses: Record<string, { status: number; phrase: string; message: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, phrase: 'Request Timeout', message: 'the request came too slowly' },
  HPE_HEADER_OVERFLOW: { status: 431, phrase: 'Request Header Fields Too Large', message: 'the headers are too large' },
}
/** Milliseconds for the answer to be read before the connection is cut. */
const lingerMs = 1_000

const malformed = { status: 400, phrase: 'Bad Request', message: 'the request is not HTTP' }

/**
 * Answers requests that Node's HTTP parser gives up. Most never reach a route; one whose body was being read does, so
 * the connection goes into `givenUp`, for it is counted here.
 */
export function clientErrorHandler(turnAway: TurnAway, givenUp: WeakSet<Socket>) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    // Whoever does not get through the TLS handshake could not read an answer.
    const unanswerable =
      error.code === 'ECONNRESET' || error.code?.startsWith('ERR_SSL') || error.code?.startsWith('ERR_TLS')
    if (unanswerable || !socket.writable) return void socket.destroy()
    const { status, phrase, message } = statuses[error.code ?? ''] ?? malformed
    givenUp.add(socket)
    turnAway(socket.remoteAddress, status)
    end(socket, status, phrase, message)
  }
}

/** Answers CONNECT, for which Node makes no response and closes the connection without a word. */
export function connectHandler(turnAway: TurnAway) {
  return (_request: IncomingMessage, socket: Socket): void => {
    socket.on('error', () => {})
    turnAway(socket.remoteAddress, 405)
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
export function expectationHandler(turnAway: TurnAway) {
  return ({ socket }: IncomingMessage, response: ServerResponse): void => {
    turnAway(socket.remoteAddress, 417)
    const body = JSON.stringify(refusal(417, 'of Expect only 100-continue is understood'))
    const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
    response.writeHead(417, { ...headers, connection: 'close' }).end(body)
  }
}
