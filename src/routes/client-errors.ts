import type { Socket } from 'node:net'
import type { Counter } from 'prom-client'
import { refusal } from '../rtc/answer.ts'
import { outcomes } from './refusals.ts'

const statuses: Record<string, { status: number; phrase: string; message: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, phrase: 'Request Timeout', message: 'the request came too slowly' },
  HPE_HEADER_OVERFLOW: { status: 431, phrase: 'Request Header Fields Too Large', message: 'the headers are too large' },
}
const malformed = { status: 400, phrase: 'Bad Request', message: 'the request is not HTTP' }

/**
 * Answers requests that Node's HTTP parser gives up. Most never reach a route; one whose body was being read does, so
 * the connection goes into `givenUp`, for it is counted here.
 */
export function clientErrorHandler(callbacks: Counter<'kind' | 'outcome'>, givenUp: WeakSet<Socket>) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    // Whoever does not get through the TLS handshake could not read an answer.
    const unanswerable =
      error.code === 'ECONNRESET' || error.code?.startsWith('ERR_SSL') || error.code?.startsWith('ERR_TLS')
    if (unanswerable || !socket.writable) return void socket.destroy()
    const { status, phrase, message } = statuses[error.code ?? ''] ?? malformed
    const body = JSON.stringify(refusal(status, message))
    givenUp.add(socket)
    callbacks.inc({ kind: 'unknown', outcome: outcomes[status] ?? String(status) })
    socket.end(
      `HTTP/1.1 ${status} ${phrase}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    )
  }
}
