import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { cdr, event } from './callbacks.ts'
import { Consumer, type Delivered } from './consumer.ts'
import { freshDatabase } from './database.ts'
import { TestFolder } from './folder.ts'
import { TestReceiver, until } from './receiver.ts'

const child = fileURLToPath(new URL('forwarder-child.mjs', import.meta.url))

/** So far the callbacks may be ahead: receiver, fold and consumer are all in this process, which has to answer in time. */
const ahead = 4_000

/**
 * Callbacks are stored, folded, and forwarded to a consumer that answers 500 a third of the time and now and then not at
 * all, by a process that is killed so many times. Expects that each entry comes, those of a call in order. Resolves to
 * figures for people.
 */
export async function forwardThroughKills(callbacks: number, kills: number): Promise<object> {
  const { url, pool } = await freshDatabase()
  const receiver = await TestReceiver.start(url)
  const { folder } = await TestFolder.on(url)
  folder.start()
  const consumer = await Consumer.start()
  const took = new Taken(consumer)
  const options = {
    databaseUrl: url,
    url: consumer.url,
    key: consumer.key.toString('base64'),
    name: 'killed',
    timeoutMs: 500,
    limits: { leaseMs: 1_000, concurrency: 32, tries: 1_000, firstBackoffMs: 20, maxBackoffMs: 500 },
  }
  const start = () => startForwarder(options)
  let forwarder = start()
  // From the first callback on: it begins at the end of the feed.
  await until('it forwards', async () => (await pool.query('SELECT FROM rtc.forwarders')).rowCount === 1)
  const began = performance.now()
  const sending = sendCalls(receiver, callbacks / 5, () => took.facts.size)
  for (let kill = 1; kill <= kills; kill++) {
    await until('a share has come', () => took.facts.size >= (callbacks * kill) / (kills + 1), 300_000)
    forwarder.kill('SIGKILL')
    forwarder = start()
  }
  await sending
  const sentAt = performance.now()
  await until('all facts have come', () => took.facts.size === callbacks, 600_000)
  await until(
    'all calls have come as they are now',
    async () => {
      const { rows } = await pool.query<{ id: string }>(`SELECT call_ref || '.' || version AS id FROM ops.calls`)
      return rows.length === callbacks / 5 && rows.every(({ id }) => took.ids.has(id))
    },
    120_000,
  )

  const { rows } =
    await pool.query(`SELECT (SELECT count(*)::int FROM rtc.call_events) + (SELECT count(*)::int FROM rtc.cdrs) AS facts,
      (SELECT count(*)::int FROM rtc.dead_letters) AS "deadLetters"`)
  expect(rows).toEqual([{ facts: callbacks, deadLetters: 0 }])
  expect(took.outOfOrder).toEqual([])
  expect(consumer.tries).toBeGreaterThan(took.ids.size * 1.2)
  return {
    callbacks,
    kills,
    entries: took.ids.size,
    tries: consumer.tries,
    repeated: consumer.taken.length - took.ids.size,
    hung: took.hung,
    sentS: Math.round((sentAt - began) / 1000),
    deliveredS: Math.round((performance.now() - began) / 1000),
  }
}

/** What the consumer took, each the first time it came. */
class Taken {
  readonly ids = new Set<string>()
  readonly facts = new Set<string>()
  readonly outOfOrder: Delivered[] = []
  readonly #positions = new Map<string, number>()
  hung = 0

  constructor(consumer: Consumer) {
    consumer.answer = (delivered) => {
      const chance = randomInt(3_000)
      if (chance < 1_000) return 500
      if (chance < 1_003) {
        this.hung++
        return 'hang'
      }
      this.#take(delivered)
      return 'take'
    }
  }

  #take(delivered: Delivered): void {
    const { id, call_ref, position, data } = delivered
    if (this.ids.has(id)) return
    this.ids.add(id)
    const { event, cdr } = data as { event?: { event_key: string }; cdr?: { icid: string } }
    if (event ?? cdr) this.facts.add(event?.event_key ?? cdr?.icid ?? '')
    if (position < (this.#positions.get(call_ref) ?? 0)) this.outOfOrder.push(delivered)
    this.#positions.set(call_ref, position)
  }
}

function startForwarder(options: object): ChildProcess {
  const forwarder = spawn(process.execPath, [child, JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  onTestFinished(() => void forwarder.kill('SIGKILL'))
  return forwarder
}

/** Four events and a CDR of each call, sent one after the other, of many calls at a time. */
async function sendCalls(receiver: TestReceiver, calls: number, delivered: () => number): Promise<void> {
  let next = 0
  const send = async () => {
    for (let call = next++; call < calls; call = next++) {
      while (call * 5 - delivered() > ahead) await sleep(20)
      const session = `1200_${call}_1_20240305071500`
      for (const [second, type] of ['callout', 'alerting', 'answer', 'disconnect'].entries())
        await receiver.take('status', [event(session, { timestamp: `2024-03-05 07:15:0${second}` }, type)])
      await receiver.take('fee', [cdr(session)])
    }
  }
  await Promise.all(Array.from({ length: 64 }, send))
}
