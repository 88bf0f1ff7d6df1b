import type pg from 'pg'
import { expect, test } from 'vitest'
import { applyRetention } from '../../src/store/retention.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'

const DAY = 86_400_000
const patient = { attempts: 200, pauseMs: 100 }

/** `yyyy-MM-dd HH:mm:ss` so many days ago. */
function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY).toISOString().replace('T', ' ').slice(0, 19)
}

const month = (time: string) => time.slice(0, 7).replace('-', '_')

async function sessionsOf(pool: pg.Pool, table: 'call_events' | 'cdrs'): Promise<string[]> {
  const { rows } = await pool.query(`SELECT session_id FROM rtc.${table} ORDER BY 1`)
  return rows.map(({ session_id }) => session_id)
}

test('late rows of a period that was dropped are stored, and go with it the next time', async () => {
  const { url, pool } = await freshDatabase()
  const past = daysAgo(140)
  const it = await TestReceiver.start(url)
  await it.take('fee', [cdr('first', { callEndTime: past })])
  await applyRetention(pool, { retentionDays: 90 }, patient)
  expect(await sessionsOf(pool, 'cdrs')).toEqual([])
  await it.take('fee', [cdr('late', { callEndTime: past })])
  expect(await it.outcomes()).toEqual({ stored: 2 })
  expect(await sessionsOf(pool, 'cdrs')).toEqual(['late'])
  expect((await applyRetention(pool, { retentionDays: 90 }, patient)).dropped).toEqual([`cdrs_${month(past)}`])
})

test('records are known again up to the edge of retention', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const at = (days: number) => ({ callEndTime: daysAgo(days), timestamp: daysAgo(days) })
  const [inside, outside] = [at(89), at(140)]
  const send = async () => {
    await it.take('fee', [cdr('inside', inside), cdr('outside', outside)])
    await it.take('status', [event('inside', inside)])
    await it.take('status', [event('outside', outside)])
  }
  await send()
  await applyRetention(pool, { retentionDays: 90 }, patient)
  await send()
  expect(await it.outcomes()).toEqual({ stored: 6, duplicate: 2 })
  for (const table of ['call_events', 'cdrs'] as const)
    expect(await sessionsOf(pool, table)).toEqual(['inside', 'outside'])
})
