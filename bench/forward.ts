import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Cluster } from './cluster.ts'

const help = `npm run bench:forward -- [options]

  What forwarding costs a callback: how long callbacks wait for their answer at a rate, without FORWARD_URL, with a consumer
  that takes everything, and with one that answers 500 a third of the time and does not answer one in a thousand. In turns,
  so that what else the machine does meets each of them.

  --rate N      callbacks a second (150)
  --seconds N   of each measurement (20)
  --rounds N    (3)
`

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '150' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
})

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`

/** A consumer in a process of its own; `refused` of 3,000 deliveries get 500, `hung` no answer. */
const consumer = (refused: number, hung: number) => `
  require('node:http').createServer((request, response) => {
    request.resume().on('end', () => {
      const chance = Math.floor(Math.random() * 3000)
      if (chance < ${hung}) return
      response.writeHead(chance < ${refused + hung} ? 500 : 204).end()
    })
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

async function measure(cluster: Cluster, database: string, code: string | undefined): Promise<number[]> {
  const DATABASE_URL = await cluster.create(database)
  const directory = await mkdtemp(join(tmpdir(), 'rtc-receiver-bench-'))
  const behind =
    code === undefined ? undefined : spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = behind ? (await once(behind.stdout, 'data'))[0].toString().trim() : ''
  const env = {
    DATABASE_URL,
    DATA_DIR: directory,
    PORT: '0',
    ADMIN_PORT: '0',
    ...(behind ? { FORWARD_URL: `http://127.0.0.1:${port}/`, FORWARD_SECRET: secret } : {}),
  }
  const receiver = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const urls = await new Promise<{ url: string; adminUrl: string }>((resolve) => {
      createInterface(receiver.stdout).on('line', (line) => {
        const { msg, ...more } = JSON.parse(line)
        if (msg === 'listening') resolve(more)
      })
    })
    await sleep(3_000)
    await load(urls.url, 3)
    const times = await load(urls.url, Number(values.seconds))
    if (behind) {
      const metrics = await (await fetch(`${urls.adminUrl}/metrics`)).text()
      const delivered = Number(/^rtc_forward_delivered_total (\d+)/m.exec(metrics)?.[1])
      if (delivered < times.length / 2) throw new Error(`${delivered} of ${times.length} were forwarded`)
    }
    return times
  } finally {
    for (const child of [receiver, behind]) {
      if (!child) continue
      child.kill()
      await once(child, 'exit')
    }
    await rm(directory, { recursive: true, force: true })
  }
}

let sent = 0

/** Four events of each call, at the rate whatever comes back. Milliseconds of each answer from when it was due. */
async function load(url: string, seconds: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const times: number[] = []
  const rate = Number(values.rate)
  const began = performance.now()
  const answers: Promise<void>[] = []
  for (let i = 0; i < rate * seconds; i++) {
    const due = began + (i * 1000) / rate
    if (due > performance.now()) await sleep(due - performance.now())
    answers.push(post(url, agent).then(() => void times.push(performance.now() - due)))
  }
  await Promise.all(answers)
  agent.destroy()
  return times
}

function post(url: string, agent: Agent): Promise<void> {
  const [call, step] = [sent >> 2, sent++ & 3]
  const body = JSON.stringify({
    eventType: ['callout', 'alerting', 'answer', 'disconnect'][step],
    statusInfo: {
      sessionId: `1200_${call}_1_20261112020000@callenabler.example.com`,
      timestamp: new Date().toISOString().slice(0, 19).replace('T', ' '),
      caller: '+8675512345678',
      called: `+861380000${String(call % 10_000).padStart(4, '0')}`,
    },
  })
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/rtc/status`, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json' },
    })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => response.resume().on('end', resolve))
    outgoing.end(body)
  })
}

function row(name: string, times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1)
  return `| ${name} | ${times.length} | ${at(0.5)} | ${at(0.99)} | ${at(0.999)} |\n`
}

const head = '| consumer | callbacks | p50 ms | p99 ms | p99.9 ms |\n|---|---|---|---|---|\n'
const consumers = {
  none: undefined,
  'takes everything': consumer(0, 0),
  'refuses and hangs': consumer(1_000, 3),
}

if (values.help) process.stdout.write(help)
else {
  const cluster = await Cluster.start({})
  const all = new Map<string, number[]>()
  try {
    process.stdout.write(head)
    for (let round = 1; round <= Number(values.rounds); round++)
      for (const [i, [name, code]] of Object.entries(consumers).entries()) {
        const times = await measure(cluster, `forward_${round}_${i}`, code)
        process.stdout.write(row(`${name}, round ${round}`, times))
        all.set(name, [...(all.get(name) ?? []), ...times])
      }
    process.stdout.write(`\n${head}`)
    for (const [name, times] of all) process.stdout.write(row(name, times))
  } finally {
    await cluster.remove()
  }
}
