import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

const key = Buffer.alloc(32, 5)
export const forwardSecret = `whsec_${key.toString('base64')}`

/** A receiver that forwards to an address where nobody listens. */
export const nowhere = { FORWARD_URL: 'http://127.0.0.1:9/', FORWARD_SECRET: forwardSecret }

export interface Delivered {
  id: string
  type: string
  position: number
  call_ref: string
  data: Record<string, unknown>
}

/** What the consumer does with a delivery: takes it, answers with a status, or never answers. */
export type Answer = 'take' | 'hang' | number

/** An application behind: checks the signature of what is posted, and notes what it took. */
export class Consumer {
  readonly key = key
  readonly taken: Delivered[] = []
  /** Everything that came, taken or not. */
  tries = 0
  answer: (delivered: Delivered) => Answer = () => 'take'
  url = ''
  readonly #server = createServer((request, response) => void this.#handle(request, response))

  static async start(): Promise<Consumer> {
    const consumer = new Consumer()
    const server = consumer.#server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    consumer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return consumer
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      return // its forwarder was killed
    }
    const body = Buffer.concat(chunks).toString()
    const { 'webhook-id': id = '', 'webhook-timestamp': timestamp, 'webhook-signature': signature } = request.headers
    const expected = createHmac('sha256', this.key).update(`${id}.${timestamp}.${body}`).digest('base64')
    if (signature !== `v1,${expected}`) return void response.writeHead(401).end()
    this.tries++
    const { type, data } = JSON.parse(body)
    const delivered = { id: String(id), type, position: data.position, call_ref: data.call_ref, data }
    const answer = this.answer(delivered)
    if (answer === 'hang') return
    if (answer === 'take') this.taken.push(delivered)
    response.writeHead(answer === 'take' ? 204 : answer).end()
  }
}
