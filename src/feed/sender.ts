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

/** The longest Retry-After that is heeded. */
const longestRetryMs = 300_000

/** Posts messages to one address over connections that are kept. Redirects are failures like any other answer. */
export class Sender {
  readonly #options: SenderOptions
  readonly #agent: Agent

  constructor(options: SenderOptions) {
    const secure = options.url.startsWith('https:')
    const settings = { keepAlive: true, maxSockets: options.connections, scheduling: 'lifo' } as const
    this.#options = options
    this.#agent = secure ? new SecureAgent(settings) : new Agent(settings)
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs
  }

  /** Never rejects. Any answer from 200 to 299 is a success. */
  send({ id, body }: Message): Promise<Sent> {
    const { url, keys, timeoutMs } = this.#options
    const timestamp = Math.floor(Date.now() / 1000)
    return new Promise((resolve) => {
      const fail = (error: NodeJS.ErrnoException) => resolve({ ok: false, error: error.code ?? error.name })
      const outgoing = (url.startsWith('https:') ? secureRequest : request)(url, {
        method: 'POST',
        agent: this.#agent,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'rtc-receiver',
          ...signatureHeaders(keys, { id, timestamp, body }),
        },
      })
      // Not a timeout of the socket: an answer that trickles in would never end it.
      const timer = setTimeout(
        () => outgoing.destroy(Object.assign(new Error('no answer'), { code: 'no answer in time' })),
        timeoutMs,
      )
      outgoing.on('close', () => {
        clearTimeout(timer)
        fail(Object.assign(new Error('cut off'), { code: 'answer cut off' }))
      })
      outgoing.on('error', fail)
      outgoing.on('response', (response) => {
        response.on('error', fail)
        response.on('end', () => resolve(judge(response.statusCode ?? 0, response.headers['retry-after'])))
        response.resume()
      })
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
