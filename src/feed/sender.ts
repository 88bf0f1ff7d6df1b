import type { KeyObject } from 'node:crypto'
import { Agent, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import type { Message } from './message.ts'
import { signatureHeaders } from './signature.ts'

export interface SenderOptions {
  url: string
  keys: readonly KeyObject[]
  /** Milliseconds for a whole exchange. */
  timeoutMs: number
  connections: number
}

/** What became of a delivery: `error` is an HTTP status or the code of an error, never what was said. */
export type Sent = { ok: true } | { ok: false; error: string; retryAfterMs?: number }

/** The longest Retry-After that is respected. */
const longestRetryMs = 300_000

/**
 * Posts messages to one address over connections that are kept. Redirects are failures like any other answer. Not with
 * fetch, which takes three times the CPU for it, of the thread that answers callbacks (0.7 against 0.2 ms).
 */
export class Sender {
  readonly timeoutMs: number
  readonly #url: string
  readonly #keys: readonly KeyObject[]
  readonly #agent: Agent
  readonly #request: typeof request

  constructor({ url, keys, timeoutMs, connections }: SenderOptions) {
    const isSecure = url.startsWith('https:')
    this.timeoutMs = timeoutMs
    this.#url = url
    this.#keys = keys
    this.#agent = new (isSecure ? SecureAgent : Agent)({ keepAlive: true, maxSockets: connections })
    this.#request = isSecure ? secureRequest : request
  }

  /** Never rejects. Any answer from 200 to 299 is a success. */
  send({ id, body }: Message): Promise<Sent> {
    const timestamp = Math.floor(Date.now() / 1000)
    return new Promise((resolve) => {
      const fail = (error: string) => resolve({ ok: false, error })
      const outgoing = this.#request(this.#url, {
        method: 'POST',
        agent: this.#agent,
        // Not a timeout of the socket, which an answer that trickles in would never meet.
        signal: AbortSignal.timeout(this.timeoutMs),
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'rtc-receiver',
          ...signatureHeaders(this.#keys, { id, timestamp, body }),
        },
      })
      outgoing.on('response', (response) => {
        response.on('end', () => resolve(judge(response.statusCode ?? 0, response.headers['retry-after'])))
        response.on('error', () => fail('answer cut off'))
        response.resume()
      })
      outgoing.on('error', ({ name, code }: NodeJS.ErrnoException) =>
        fail(name === 'AbortError' || name === 'TimeoutError' ? 'no answer in time' : (code ?? name)),
      )
      outgoing.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

function judge(status: number, retryAfter: string | undefined): Sent {
  if (status >= 200 && status < 300) return { ok: true }
  const seconds = Number(retryAfter)
  const waits = seconds > 0 ? { retryAfterMs: Math.min(longestRetryMs, seconds * 1000) } : {}
  return { ok: false, error: `HTTP ${status}`, ...waits }
}
