import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { privateListener } from './private-listener.ts'

test('how far each forwarder has come, and what was refused too often, with its call', async () => {
  const { url, pool } = await freshDatabase()
  const { get } = await privateListener(url)
  expect((await get('/forwarding')).text).toContain('Nothing is forwarded.')
  const call = '2f1c0a5e-6f0c-8d9c-33c4-2b1f1f5d7a10'
  await pool.query(
    `INSERT INTO rtc.forwarders (name, position, held_until) VALUES ('service', 41, now() + interval '1 minute')`,
  )
  await pool.query(
    `INSERT INTO rtc.dead_letters (forwarder, position, kind, call_ref, tries, error) VALUES ('service', 40, 'cdr', $1, 20, 'HTTP 400')`,
    [call],
  )
  const { text } = await get('/forwarding')
  expect(text).toContain('Running')
  expect(text).toContain(`href="/call/${call}"`)
  expect(text).toContain('HTTP 400')
  expect((await get('/forwarding', 'zh-CN')).text).toContain('死信')
})
