import { expect, test } from 'vitest'
import { asWriter } from '../support/as-writer.ts'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { concurrently, send } from '../support/http.ts'
import { startProgram, temporaryDataDir } from '../support/program.ts'

asWriter()

test('whatever was answered 200 is there after SIGKILL in the middle of work', async () => {
  const database = await freshDatabase()
  const dataDir = await temporaryDataDir()
  const answered: string[] = []
  for (const life of ['first', 'second']) {
    const program = await startProgram({ database, dataDir })
    let alive = true
    void program.exited.then(() => {
      alive = false
    })
    const post = async (n: number) => {
      if (!alive) return
      const names = n % 2 === 0 ? Array.from({ length: 10 }, (_, i) => `${life}-${n}-${i}`) : [`${life}-${n}`]
      const body = n % 2 === 0 ? fee(...names.map((name) => cdr(name))) : event(names[0])
      const answer = await send(`${program.url}/rtc/status`, body).catch(() => undefined)
      if (answer?.status === 200) answered.push(...names)
      if (n === 150) program.signal('SIGKILL')
    }
    await concurrently(16, Array(1_000).keys(), post)
    expect((await program.exited).signal).toBe('SIGKILL')

    const { rows } = await database.pool.query(
      'SELECT session_id FROM rtc.call_events UNION SELECT session_id FROM rtc.cdrs',
    )
    const stored = new Set(rows.map(({ session_id }) => session_id))
    expect(answered.filter((name) => !stored.has(name))).toEqual([])
  }
  expect(answered.length).toBeGreaterThan(1_000)
}, 120_000)
