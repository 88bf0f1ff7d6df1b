import { type Agent, type OutgoingHttpHeaders, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { loopbackAgent } from './loopback.ts'

export interface WireAnswer {
  status: number
  body: string
}

export interface WireOptions {
  /** The platform uses short connections (protocol.md: transport); keep-alive is what proxies make of them. */
  keepAlive: boolean
  /** Milliseconds for a whole exchange. */
  timeoutMs: number
}

/** Longest answer that is read; a right one has 40 bytes. */
const MAX_ANSWER = 64 * 1024

/** Posts callbacks over HTTP or HTTPS, to loopback only; redirects are answers like any other. */
export class Wire {
  readonly #agents = new Map<string, Agent>()
  readonly #options: WireOptions

  constructor(options: WireOptions) {
    this.#options = options
  }

  /** Rejects when no whole answer came, with an error that has a `code`. */
  post(url: string, headers: OutgoingHttpHeaders, body: string): Promise<WireAnswer> {
    const { protocol } = new URL(url)
    const send = protocol === 'https:' ? secureRequest : request
    return new Promise((resolve, reject) => {
      const outgoing = send(url, {
        method: 'POST',
        agent: this.#agentFor(protocol),
        headers: {
          'content-type': 'application/json;charset=UTF-8',
          'content-length': Buffer.byteLength(body),
          ...headers,
        },
      })
      // Not a timeout of the socket: an answer that trickles in would never end it.
      const timer = setTimeout(() => outgoing.destroy(withCode('NO_ANSWER')), this.#options.timeoutMs)
      outgoing.on('close', () => clearTimeout(timer))
      outgoing.on('error', reject)
      outgoing.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
          if (text.length > MAX_ANSWER) outgoing.destroy(withCode('ANSWER_TOO_LONG'))
        })
        response.on('error', reject)
        // An answer without its end says nothing.
        response.on('close', () => {
          if (response.complete) resolve({ status: response.statusCode ?? 0, body: text })
          else reject(withCode('ANSWER_CUT'))
        })
      })
      outgoing.end(body)
    })
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  #agentFor(protocol: string): Agent {
    const known = this.#agents.get(protocol)
    if (known) return known
    const agent = loopbackAgent(protocol, { keepAlive: this.#options.keepAlive, scheduling: 'lifo' })
    this.#agents.set(protocol, agent)
    return agent
  }
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code })
}
