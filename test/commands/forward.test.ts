import { expect, test } from 'vitest'
import { Consumer, forwardSecret } from '../support/consumer.ts'
import { freshDatabase } from '../support/database.ts'
import { callOf, storeFacts } from '../support/facts.ts'
import { foldAll } from '../support/folder.ts'
import { cli } from '../support/program.ts'

test('dead letters are listed, posted again in order, and removed when they are taken or have been overtaken', async () => {
  const { url, pool } = await freshDatabase()
  const consumer = await Consumer.start()
  const env = {
    DATABASE_URL: url,
    FORWARD_URL: consumer.url,
    FORWARD_SECRET: forwardSecret,
  }
  expect((await cli(['forward', 'status'], { env })).stdout).toContain('nothing is forwarded')
  const { events, cdrs } = callOf('s1', new Date(Date.now() - 120_000))
  await storeFacts(pool, { events })
  await foldAll(pool)
  await storeFacts(pool, { cdrs })
  await foldAll(pool)
  // Seven events, the call, the CDR, and the call again.
  await pool.query(`INSERT INTO rtc.forwarders (name, position) VALUES ('service', feed.head())`)
  await pool.query(`INSERT INTO rtc.dead_letters (forwarder, position, kind, call_ref, tries, error)
    SELECT 'service', position, kind, call_ref, 20, 'HTTP 500' FROM feed.entries_after(0) WHERE position IN (1, 2, 9)
    UNION ALL SELECT 'service', position, kind, call_ref, 20, 'HTTP 500' FROM rtc.feed WHERE position = 8`)

  const { stdout } = await cli(['forward', 'status', '--json'], { env })
  const { forwarders, deadLetters } = JSON.parse(stdout)
  expect(forwarders).toMatchObject([{ name: 'service', position: 10, head: 10, is_running: false, dead_letters: 4 }])
  expect(deadLetters.map(({ position }: { position: number }) => position)).toEqual([1, 2, 8, 9])

  expect((await cli(['forward', 'discard', '2'], { env })).stdout).toBe('removed: 2\n')
  consumer.answer = ({ type }) => (type === 'call.cdr' ? 500 : 'take')
  const first = await cli(['forward', 'replay'], { env })
  expect(first.code).toBe(1)
  expect(first.stdout).toBe('1: taken\n8: removed, it has been changed or removed since\n9: not taken, HTTP 500\n')
  consumer.answer = () => 'take'
  expect(await cli(['forward', 'replay', '9'], { env })).toMatchObject({ code: 0, stdout: '9: taken\n' })
  expect(consumer.taken.map(({ position }) => position)).toEqual([1, 9])
  expect(await cli(['forward', 'replay', '9'], { env })).toMatchObject({
    code: 1,
    stderr: 'rtc-receiver: no dead letters: 9\n',
  })
  expect((await pool.query('SELECT FROM rtc.dead_letters')).rowCount).toBe(0)
})
