import { expect, test } from 'vitest'
import { cdr } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'

test('an unsigned CDR under the key of a signed one is a conflict whatever it says: whoever may post learns nothing of the number', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  await it.take('fee', [cdr('s1')], { signer: 'app1' })
  await it.take('fee', [cdr('s1')])
  await it.take('fee', [cdr('s1', { calleeNum: '+8613900000022' })])
  expect(await it.outcomes()).toEqual({ stored: 1, conflict: 2 })
  const { rows } = await pool.query('SELECT DISTINCT differing FROM rtc.quarantine')
  expect(rows).toEqual([{ differing: ['signature'] }])
  // The signed one again is a duplicate.
  await it.take('fee', [cdr('s1')], { signer: 'app1' })
  expect(await it.outcomes()).toEqual({ stored: 1, conflict: 2, duplicate: 1 })
})
