import type pg from 'pg'
import { expect, test } from 'vitest'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'

async function counted(pool: pg.Pool) {
  const { rows } = await pool.query(
    'SELECT kind, app_key, count::int AS count FROM ops.redeliveries ORDER BY kind, app_key',
  )
  return rows
}

test('how often records came that were stored already is written down, by kind and application, at the latest when it stops', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const send = async () => {
    await it.take('fee', [cdr('s1', { appKey: 'app1' }), cdr('s2')])
    await it.take('status', [event('s1')], { signer: 'app2' })
  }
  await send()
  expect(await counted(pool)).toEqual([])
  await send()
  await it.receiver.writeRedeliveries()
  const once = [
    { kind: 'fee', app_key: 'app1', count: 1 },
    { kind: 'fee', app_key: null, count: 1 },
    { kind: 'status', app_key: 'app2', count: 1 },
  ]
  expect(await counted(pool)).toEqual(once)
  await send()
  await it.stop(5_000)
  expect(await counted(pool)).toEqual(once.map((row) => ({ ...row, count: 2 })))
})
