import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'

const notice = (status: string) => ({ eventType: 'numStatus', numInfo: [{ number: '+8617012340001', status }] })

test('the same notice several times at once: one row that counts them, from the first to the last', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const minutes = [2, 1, 4, 3]
  const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 2, minute))
  await Promise.all(minutes.map((minute) => it.take('notice', [notice('10')], { receivedAt: at(minute) })))
  await it.take('notice', [notice('11')], { receivedAt: at(5) })
  await it.take('notice', [notice('10')], { receivedAt: at(6) })
  expect(await it.outcomes()).toEqual({ stored: 2, duplicate: 4 })
  const { rows } = await pool.query(
    `SELECT body #>> '{numInfo,0,status}' AS status, received_at, last_received_at, seen_count::int AS seen
      FROM rtc.notices ORDER BY received_at`,
  )
  expect(rows).toEqual([
    { status: '10', received_at: at(1), last_received_at: at(6), seen: 5 },
    { status: '11', received_at: at(5), last_received_at: at(5), seen: 1 },
  ])
})

test('an unsigned notice is no repetition of a signed one', async () => {
  const { url } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('notice', [notice('10')], { signer: 'app1' })
  await it.take('notice', [notice('10')])
  expect(await it.outcomes()).toEqual({ stored: 2 })
})
