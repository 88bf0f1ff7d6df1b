import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tell } from './leaks.ts'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export interface RequestOptions {
  method?: string
  headers?: OutgoingHttpHeaders
  agent?: Agent
}

/** Connections are kept open, as the platform's proxies keep them. */
const agent = new Agent({ keepAlive: true, maxSockets: 32 })

/** The body of the answer to everything that is taken, byte for byte. */
export const ACCEPTED = '{"resultcode":"0","resultdesc":"Success"}'

/** Sends a request. `body` is sent as it is; an object is sent as JSON. */
export function send(
  url: string,
  body?: object | string | Buffer,
  { method = 'POST', headers = {}, ...options }: RequestOptions = {},
): Promise<Answer> {
  const payload = typeof body === 'object' && !Buffer.isBuffer(body) ? JSON.stringify(body) : body
  const type = payload === undefined ? {} : { 'content-type': 'application/json' }
  const length = payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) }
  tell(payload)
  tell(headers['x-aksk'])
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, method, ...options, headers: clean({ ...type, ...length, ...headers }) })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    outgoing.end(payload)
  })
}

/** A header set to undefined is left out. */
function clean(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
}

/** A connection on which a test writes what it likes, well-formed or not. */
export class RawConnection {
  readonly socket: Socket
  readonly closed: Promise<void>
  received = ''
  #look: () => void = () => {}

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.socket = connect({ host: hostname, port: Number(port) })
    this.socket.setEncoding('latin1')
    this.socket.on('data', (text) => {
      this.received += text
      this.#look()
    })
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        resolve()
        this.#look()
      })
    })
  }

  write(data: string | Buffer): void {
    tell(data)
    this.socket.write(data)
  }

  /** Resolves once so many whole answers have come, or the other side has closed. */
  async answers(count = 1): Promise<Answer[]> {
    for (;;) {
      const answers = parseAnswers(this.received)
      if (answers.length >= count || this.socket.closed) return answers
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
  }
}

/** The head and body of a POST, as bytes on the wire. */
export function wire(path: string, body: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({
    host: 'localhost',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

function parseAnswers(text: string): Answer[] {
  const answers: Answer[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return answers
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers: IncomingHttpHeaders = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const length = Number(headers['content-length'] ?? 0)
    const body = rest.slice(end + 4, end + 4 + length)
    if (body.length < length) return answers
    answers.push({ status: Number(first.split(' ')[1]), headers, body })
    rest = rest.slice(end + 4 + length)
  }
}

/** Does all jobs, so many at a time. */
export async function concurrently<Job>(
  many: number,
  jobs: Iterable<Job>,
  work: (job: Job) => Promise<unknown>,
): Promise<void> {
  const queue = jobs[Symbol.iterator]()
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: many }, worker))
}
