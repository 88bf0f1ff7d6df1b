import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { NumberFinder } from '../src/erasure/finder.ts'
import { eraseNumber } from '../src/erasure/run.ts'
import { Cluster, withClient } from './cluster.ts'
import { startReceiver } from './systems.ts'

/**
 * What an erasure costs over hostile text, and what the receiver feels of it: npm run bench:erasure [-- MB …].
 * Each database holds so many MB in texts that a sender would make slow to search, and 100 calls of the number.
 */
const sizes = process.argv.slice(2).map(Number)
const number = '+8613800000021'
const other = '+8613900000022'
const time = '2026-11-20 02:00:00'
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** 64 KiB each, in turn. */
const shapes = [
  '1',
  '1380000002',
  '138000000210',
  '1 - ',
  '%31',
  '\\\\u0031',
  'MTM4',
  base64('138000000210'),
  base64(base64('+8613800000021')),
  ' ',
  '138 0000 002',
]
const bytes = 64 * 1024

const percentile = (times: number[], share: number) =>
  times.sort((a, b) => a - b)[Math.floor((times.length - 1) * share)] ?? 0

async function plant(url: string, megabytes: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query("SELECT rtc.ensure_period('call_events', $1::timestamptz, 'month')", [`${time}+00`])
    for (let i = 0; i < megabytes * 16; i++) {
      const text = (shapes[i % shapes.length] as string).repeat(bytes).slice(0, bytes)
      await client.query(
        `INSERT INTO rtc.call_events (occurred_at, received_at, event_key, session_id, event_type, user_data, extra)
         VALUES ($1::timestamptz + $2 * interval '1 second', now(), gen_random_uuid(), 'hostile-' || $2, 'callout', $3, jsonb_build_object('x', left($3, 8192)))`,
        [`${time}+00`, i, text],
      )
      if (i % 64 === 0)
        await client.query(
          `INSERT INTO rtc.quarantine (first_seen_at, last_seen_at, body_size, body_key, kind, reason, body)
           VALUES (now(), now(), $1, gen_random_uuid(), 'unknown', 'invalid_json', $2)`,
          [bytes, Buffer.from(text)],
        )
    }
  })
}

interface Callback {
  url: string
  session: string
  second: number
  called: string
}

async function post({ url, session, second, called }: Callback): Promise<number> {
  const began = performance.now()
  const answer = await fetch(`${url}/rtc/status`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      eventType: 'callout',
      statusInfo: {
        sessionId: session,
        timestamp: `2026-11-20 02:00:${String(second).padStart(2, '0')}`,
        caller: '+8675512345678',
        called,
      },
    }),
  })
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`)
  return performance.now() - began
}

/** Callbacks one after the other over eight connections; milliseconds each took. */
async function postAll(callbacks: Callback[]): Promise<number[]> {
  const times: number[] = []
  const queue = callbacks.values()
  const worker = async () => {
    for (const callback of queue) times.push(await post(callback))
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return times
}

async function watch(adminUrl: string, signal: AbortSignal): Promise<number[]> {
  const times: number[] = []
  while (!signal.aborted) {
    const began = performance.now()
    await (await fetch(`${adminUrl}/livez`)).arrayBuffer()
    times.push(performance.now() - began)
    await sleep(20)
  }
  return times
}

async function measure(cluster: Cluster, megabytes: number): Promise<string[]> {
  const url = await cluster.create(`erasure_${megabytes}`)
  await plant(url, megabytes)
  const receiver = await startReceiver(`erasure-${megabytes}`, cluster.directory, {
    DATABASE_URL: url,
    RTC_AUTH: 'off',
  })
  const [publicUrl, adminUrl] = [receiver.port, receiver.adminPort].map((port) => `http://127.0.0.1:${port}`)
  try {
    const sessionsOf = (prefix: string, count: number, called: string) =>
      Array.from({ length: count }, (_, i) => ({
        url: publicUrl as string,
        session: `${prefix}-${i}`,
        second: 7,
        called,
      }))
    await postAll(sessionsOf(number, 100, number))
    const before = await postAll(sessionsOf('before', 5_000, other))

    const stop = new AbortController()
    const watched = watch(adminUrl as string, stop.signal)
    const [reader, writer] = [new pg.Client(url), new pg.Client(url)]
    await Promise.all([reader.connect(), writer.connect()])
    const cpu = process.cpuUsage()
    const began = performance.now()
    const { counts } = await eraseNumber({ reader, writer }, { number: new NumberFinder(number), apply: true })
    const seconds = (performance.now() - began) / 1000
    const used = process.cpuUsage(cpu)
    await Promise.all([reader.end(), writer.end()])
    stop.abort()
    const lives = await watched

    const again = await postAll(sessionsOf(number, 100, number))
    const after = await postAll(sessionsOf('after', 5_000, other))
    return [
      `${megabytes}`,
      seconds.toFixed(1),
      ((used.user + used.system) / 1e6).toFixed(1),
      `${Object.values(counts).reduce((sum, count) => sum + count, 0)}`,
      `${Math.round(Math.max(...lives))}`,
      percentile(before, 0.99).toFixed(1),
      percentile(after, 0.99).toFixed(1),
      percentile(again, 0.99).toFixed(1),
    ]
  } finally {
    await receiver.stop()
  }
}

const cluster = await Cluster.start({})
try {
  console.log(
    '| MB | erasure, s | CPU of erase, s | rows | slowest /livez, ms | p99 before, ms | p99 after | p99 sent again |',
  )
  console.log('|--:|--:|--:|--:|--:|--:|--:|--:|')
  for (const size of sizes.length > 0 ? sizes : [1, 10, 100])
    console.log(`| ${(await measure(cluster, size)).join(' | ')} |`)
} finally {
  await cluster.remove()
}
