import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { cdr, event } from '../support/callbacks.ts'
import { Consumer, type Delivered } from '../support/consumer.ts'
import { freshDatabase } from '../support/database.ts'
import { TestFolder } from '../support/folder.ts'
import type { ChildOptions } from '../support/forwarder-child.ts'
import { TestReceiver } from '../support/receiver.ts'

/** FEED_CALLBACKS=100000 FEED_KILLS=10 npx vitest run test/feed/forwarder-killed.test.ts */
const callbacks = Number(process.env.FEED_CALLBACKS ?? 1_000)
const kills = Number(process.env.FEED_KILLS ?? 2)

vi.setConfig({ testTimeout: 120_000 + callbacks * 20 })

const child = fileURLToPath(new URL('../support/forwarder-child.ts', import.meta.url))

function startForwarder(options: ChildOptions): ChildProcess {
  const args = ['--import', 'tsx', child, JSON.stringify(options)]
  const forwarder = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void forwarder.kill('SIGKILL'))
  return forwarder
}

/** So far the callbacks may be ahead: all that is tried here is in this one process, which is to have time to answer. */
const ahead = 2_000

/** Four events and a CDR of each call, sent one after the other, of many calls at a time. */
async function sendCalls(receiver: TestReceiver, delivered: () => number): Promise<void> {
  const calls = callbacks / 5
  let next = 0
  const send = async () => {
    while (next < calls) {
      while (next * 5 - delivered() > ahead) await sleep(20)
      const session = `1200_${next++}_1_20240305071500`
      for (const [second, type] of ['callout', 'alerting', 'answer', 'disconnect'].entries())
        await receiver.take('status', [event(session, { timestamp: `2024-03-05 07:15:0${second}` }, type)])
      await receiver.take('fee', [cdr(session)])
    }
  }
  await Promise.all(Array.from({ length: 64 }, send))
}

test('killed again and again, and refused, and left without an answer: each entry comes, those of a call in order', async () => {
  const { url, pool } = await freshDatabase()
  const receiver = await TestReceiver.start(url)
  const { folder } = await TestFolder.on(url)
  folder.start()
  const consumer = await Consumer.start()
  const facts = new Set<string>()
  const ids = new Set<string>()
  const firsts: Delivered[] = []
  let hung = 0
  consumer.answer = (delivered) => {
    const chance = randomInt(3_000)
    if (chance < 1_000) return 500
    if (chance < 1_003) {
      hung++
      return 'hang'
    }
    if (!ids.has(delivered.id)) firsts.push(delivered)
    ids.add(delivered.id)
    const { event, cdr } = delivered.data as { event?: { event_key: string }; cdr?: { icid: string } }
    if (event ?? cdr) facts.add(event?.event_key ?? cdr?.icid ?? '')
    return 'take'
  }
  const options: ChildOptions = {
    databaseUrl: url,
    url: consumer.url,
    key: consumer.key.toString('base64'),
    name: 'killed',
    timeoutMs: 1_000,
    limits: { leaseMs: 500, concurrency: 32, tries: 1_000, backoff: { firstMs: 20, mostMs: 500 } },
  }
  let forwarder = startForwarder(options)
  // From the first callback on: it begins at the end of the feed.
  await expect.poll(async () => (await pool.query('SELECT FROM rtc.forwarders')).rowCount).toBe(1)
  const began = performance.now()
  const sending = sendCalls(receiver, () => facts.size)
  for (let kill = 1; kill <= kills; kill++) {
    const share = (callbacks * kill) / (kills + 1)
    await expect.poll(() => facts.size, { timeout: 300_000, interval: 20 }).toBeGreaterThanOrEqual(share)
    forwarder.kill('SIGKILL')
    forwarder = startForwarder(options)
  }
  await sending
  const sent = performance.now()

  const lastVersions = async () => {
    const { rows } = await pool.query<{ id: string }>(`SELECT call_ref || '.' || version AS id FROM ops.calls`)
    return rows.map(({ id }) => id)
  }
  await expect.poll(() => facts.size, { timeout: 600_000, interval: 50 }).toBe(callbacks)
  await expect
    .poll(async () => (await lastVersions()).filter((id) => !ids.has(id)).length, { timeout: 120_000, interval: 200 })
    .toBe(0)
  const ended = performance.now()

  const { rows } =
    await pool.query(`SELECT (SELECT count(*)::int FROM rtc.call_events) + (SELECT count(*)::int FROM rtc.cdrs) AS facts,
    (SELECT count(*)::int FROM ops.calls) AS calls, (SELECT count(*)::int FROM rtc.dead_letters) AS "deadLetters"`)
  expect(rows).toEqual([{ facts: callbacks, calls: callbacks / 5, deadLetters: 0 }])
  expect(firsts.filter(({ type }) => type === 'call.event' || type === 'call.cdr')).toHaveLength(callbacks)
  const positions = new Map<string, number>()
  const late = firsts.filter(({ call_ref, position }) => {
    const before = positions.get(call_ref) ?? 0
    positions.set(call_ref, position)
    return position < before
  })
  expect(late).toEqual([])
  expect(consumer.tries).toBeGreaterThan(ids.size * 1.3)
  if (callbacks > 10_000)
    console.log({
      callbacks,
      kills,
      entries: ids.size,
      tries: consumer.tries,
      repeated: consumer.taken.length - ids.size,
      hung,
      sentS: Math.round((sent - began) / 1000),
      deliveredS: Math.round((ended - began) / 1000),
    })
})
