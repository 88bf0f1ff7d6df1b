import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/ingest/entry.ts'
import { RedeliveryCounts } from '../../src/ingest/redeliveries.ts'
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

describe('between two writes', () => {
  const entry = (more: Partial<Entry>) => ({ kind: 'fee', signer: null, content: { row: {} }, ...more }) as Entry

  test('what could not be written down is counted on, and notices are not', () => {
    const counts = new RedeliveryCounts()
    counts.note(entry({ signer: 'app1' }))
    counts.note(entry({ kind: 'notice' }))
    const taken = counts.take()
    expect(taken).toEqual([{ kind: 'fee', appKey: 'app1', count: 1 }])
    counts.note(entry({ signer: 'app1' }))
    counts.giveBack(taken)
    expect(counts.take()).toEqual([{ kind: 'fee', appKey: 'app1', count: 2 }])
    expect(counts.take()).toEqual([])
  })

  test('a sender of ever new appKeys fills no memory: beyond a thousand they are counted together', () => {
    const counts = new RedeliveryCounts()
    for (let i = 0; i < 1_500; i++) counts.note(entry({ signer: `app${i}` }))
    counts.note(entry({ signer: 'app0' }))
    const taken = counts.take()
    expect(taken).toHaveLength(1_001)
    expect(taken.find(({ appKey }) => appKey === null)?.count).toBe(500)
    expect(taken.find(({ appKey }) => appKey === 'app0')?.count).toBe(2)
  })
})
