import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { request, type Shape } from './callbacks.ts'
import { copyLoad } from './copy.ts'
import { cpuSeconds, familyCpuSeconds, residentBytes } from './proc.ts'

/** A process of its own that makes the load and watches what it costs. Everything sent is made before the clock runs. */
export interface Task {
  /** Where to; connections are shared out evenly. Nowhere for `copy`. */
  ports: number[]
  /** COPY into this database instead of HTTP. */
  copyTo?: string
  shape: Shape
  connections: number
  seconds: number
  /** Callbacks a second, whatever comes back; without it each connection sends its next one when it is answered. */
  rate?: number
  /** The most callbacks made beforehand. */
  most: number
  /** Callbacks before this one were sent by earlier tasks. */
  from: number
  /** Processes whose CPU time is counted. */
  programs: number[]
  postmaster: number
}

export interface Result {
  /** Callbacks answered 200 within the time, and the time in seconds. */
  callbacks: number
  seconds: number
  /** Callbacks sent in all, answered or not, so that the next task goes on after them. */
  sent: number
  /** Answers other than 200, and connections that broke. */
  failures: number
  /** Milliseconds. */
  p50: number
  p99: number
  p999: number
  /** CPU seconds in that time. */
  cpu: { programs: number; postgres: number; load: number }
  /** The most memory a program held, in bytes. */
  rss: number
}

/** Where a task's requests come from, and when they may be sent. */
interface Feed {
  /** The next request and when it was due; undefined when there is none now. */
  next(): { bytes: Buffer; due: number } | undefined
}

const answerStart = Buffer.from('HTTP/1.1 200 ')

class Connection {
  readonly #socket: Socket
  readonly #feed: Feed
  readonly #answered: (due: number, ok: boolean) => void
  #due = 0
  #busy = false
  #received = 0
  #ok = true
  /** Answers to this load are all of one length: learnt from the first. */
  #answerLength = 0

  constructor(port: number, feed: Feed, answered: (due: number, ok: boolean) => void) {
    this.#feed = feed
    this.#answered = answered
    const onread = { buffer: Buffer.allocUnsafe(16_384), callback: this.#read.bind(this) }
    this.#socket = connect({ port, host: '127.0.0.1', onread })
    this.#socket.setNoDelay(true)
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      if (this.#busy) answered(this.#due, false)
    })
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.once('connect', resolve).once('error', reject))
  }

  get isFree(): boolean {
    return !this.#busy && this.#socket.writable
  }

  /** Sends the next request, if there is one. */
  send(): void {
    const request = this.#feed.next()
    if (!request) return
    this.#busy = true
    this.#due = request.due
    this.#received = 0
    this.#socket.write(request.bytes)
  }

  #read(count: number, buffer: Uint8Array): boolean {
    if (this.#received === 0) this.#ok = answerStart.every((byte, i) => buffer[i] === byte)
    if (this.#answerLength === 0) this.#answerLength = lengthOf(buffer.subarray(0, count))
    this.#received += count
    if (this.#received < this.#answerLength && this.#ok) return true
    this.#busy = false
    this.#answered(this.#due, this.#ok)
    this.send()
    return true
  }

  close(): void {
    this.#socket.destroy()
  }
}

function lengthOf(answer: Uint8Array): number {
  const text = Buffer.from(answer).toString('latin1')
  return text.indexOf('\r\n\r\n') + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
}

async function httpLoad(task: Task, watch: Watch): Promise<Result> {
  const requests = Array.from({ length: task.most }, (_, i) => request(task.shape, task.from + i))
  const latencies = new Float64Array(task.most)
  let [sent, answered, answeredInTime, failures] = [0, 0, 0, 0]
  let [started, ends] = [0, 0]
  const { rate } = task
  const feed: Feed = {
    next() {
      const bytes = requests[sent]
      const now = performance.now()
      const due = rate === undefined ? now : started + (sent / rate) * 1000
      if (!bytes || now >= ends || due > now) return undefined
      sent++
      return { bytes, due }
    },
  }
  const connections = Array.from(
    { length: task.connections },
    (_, i) =>
      new Connection(task.ports[i % task.ports.length] as number, feed, (due, ok) => {
        const now = performance.now()
        if (!ok) failures++
        else if (now <= ends) latencies[answeredInTime++] = now - due
        answered++
      }),
  )
  await Promise.all(connections.map((connection) => connection.ready()))

  watch.begin()
  started = performance.now()
  ends = started + task.seconds * 1000
  const sendAll = () => {
    for (const connection of connections) if (connection.isFree) connection.send()
  }
  sendAll()
  while (performance.now() < ends && sent < requests.length) {
    await sleep(rate === undefined ? 20 : 1)
    if (rate !== undefined) sendAll()
  }
  // With every request sent, the time ends with the answer to the last.
  while (performance.now() < ends && answered < sent) await sleep(1)
  const seconds = (Math.min(performance.now(), ends) - started) / 1000
  const costs = watch.end()
  for (let waited = 0; answered < sent && waited < 5_000; waited += 5) await sleep(5)
  for (const connection of connections) connection.close()
  const sorted = latencies.subarray(0, answeredInTime).sort()
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
  return {
    callbacks: answeredInTime,
    seconds,
    sent,
    failures: failures + (sent - answered),
    p50: quantile(0.5),
    p99: quantile(0.99),
    p999: quantile(0.999),
    ...costs,
  }
}

/** Looks at the processes at the beginning and at the end, and at their memory in between. */
export class Watch {
  readonly #task: Task
  #before = { programs: 0, postgres: 0, load: 0 }
  #rss = 0
  #timer: NodeJS.Timeout | undefined

  constructor(task: Task) {
    this.#task = task
  }

  begin(): void {
    this.#before = this.#now()
    this.#timer = setInterval(() => this.#look(), 200)
  }

  end(): Pick<Result, 'cpu' | 'rss'> {
    clearInterval(this.#timer)
    this.#look()
    const now = this.#now()
    const cpu = {
      programs: now.programs - this.#before.programs,
      postgres: now.postgres - this.#before.postgres,
      load: now.load - this.#before.load,
    }
    return { cpu, rss: this.#rss }
  }

  #now() {
    const { user, system } = process.cpuUsage()
    return {
      programs: this.#task.programs.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
      postgres: familyCpuSeconds(this.#task.postmaster),
      load: (user + system) / 1e6,
    }
  }

  #look(): void {
    this.#rss = Math.max(this.#rss, ...this.#task.programs.map(residentBytes))
  }
}

process.on('message', (task: Task) => {
  const work = task.copyTo === undefined ? httpLoad(task, new Watch(task)) : copyLoad(task, new Watch(task))
  work.then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.stack }),
  )
})
