import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { expect, inject, onTestFinished, test } from 'vitest'

const example = fileURLToPath(new URL('../../examples/consumer.py', import.meta.url))
const key = Buffer.alloc(32, 5)

test('the consumer in Python takes what is signed, reacts once, and refuses what is not', async () => {
  const { python3 } = inject('tools')
  const env = { PORT: '0', FORWARD_SECRET: `whsec_${key.toString('base64')}` }
  const child = spawn(python3, [example], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill())
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await expect.poll(() => said).toMatch(/^port \d+\n/)
  const [, port] = /port (\d+)/.exec(said) ?? []
  const call = { scenario: 'callVerify', end_seen: true, outcome: 'busy', a_number: '+8613800000021', user_data: null }
  const body = JSON.stringify({ type: 'call.changed', data: { call } })
  const post = async (id: string, secret = key) => {
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
    return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body })).status
  }
  expect([await post('a.1'), await post('a.1'), await post('a.2', Buffer.alloc(32))]).toEqual([204, 204, 401])
  expect(said.match(/^SMS to .*$/gm)).toEqual(['SMS to +8613800000021: your code (busy; no order)'])
})
