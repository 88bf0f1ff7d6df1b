import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { defaults, type SimulatorOptions } from '../../src/simulator/options.ts'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
  at: number
}

export interface Answer {
  status?: number
  headers?: Record<string, string>
  body?: string
}

const accepted = '{"resultcode":"0","resultdesc":"Success"}'

/** A receiver that remembers what it is sent and answers as told: 200 unless it is told otherwise. */
export async function stub(answer: (received: Received, count: number) => Answer | 'hang up' = () => ({})) {
  const received: Received[] = []
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const one = { path: request.url ?? '', headers: request.headers, body, at: performance.now() }
    received.push(one)
    const told = answer(one, received.length)
    if (told === 'hang up') return void request.socket.destroy()
    response.writeHead(told.status ?? 200, { 'content-type': 'application/json', ...told.headers })
    response.end(told.body ?? accepted)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, urls: { status: `${url}/rtc/status`, fee: `${url}/rtc/fee` }, received }
}

export function optionsFor(urls: SimulatorOptions['urls'], more: Partial<SimulatorOptions> = {}): SimulatorOptions {
  return { ...defaults, urls, seed: 7, startAt: 1_700_000_000, ...more }
}
