import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** Milliseconds to wait for an answer. */
const patienceMs = 5_000

export interface Question extends Pick<RequestOptions, 'method' | 'host' | 'port' | 'path' | 'headers'> {
  tls: boolean
  /** Whether the certificate must be one that this machine trusts. */
  rejectUnauthorized?: boolean
  body?: string
  /** Characters of the answer's body after which no more is read. */
  most?: number
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Sends one request over a connection of its own. Rejects when there is no answer in five seconds. */
export function ask({ tls, body: sent, most = Number.POSITIVE_INFINITY, ...options }: Question): Promise<Answer> {
  const request = tls ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...options, timeout: patienceMs, agent: false }, async (response) => {
      let body = ''
      try {
        for await (const text of response.setEncoding('utf8')) {
          body += text
          if (body.length > most) break
        }
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      } catch (error) {
        reject(error)
      }
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', reject)
    outgoing.end(sent)
  })
}
