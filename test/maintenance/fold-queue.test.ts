import type pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FoldQueue } from '../../src/maintenance/fold-queue.ts'
import { connect } from '../store/connect.ts'
import { freshDatabase } from '../support/database.ts'

/** Looks, and deals with all that is found, as the fold does. */
async function lookAndDeal(queue: FoldQueue, client: pg.ClientBase, limit = 100): Promise<string[]> {
  const { sessions, done } = await queue.look(client, limit)
  await client.query('DELETE FROM rtc.unfolded WHERE id = ANY($1)', [sessions.flatMap(({ rows }) => rows)])
  done()
  return sessions.map(({ id }) => id)
}

async function marked(client: pg.ClientBase, ...sessions: string[]): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    'INSERT INTO rtc.unfolded (session_id) SELECT unnest($1::text[]) RETURNING id::float8 AS id',
    [sessions],
  )
  return rows.at(-1)?.id ?? 0
}

test('a session with several rows is one, with the earliest time; one whose time is not known is searched everywhere', async () => {
  const client = await connect((await freshDatabase()).url)
  await client.query(`INSERT INTO rtc.unfolded (session_id, fact_time) VALUES
    ('a', '2026-11-12 10:00:01+00'), ('b', '2026-11-12 10:00:00+00'), ('a', '2026-11-12 10:00:00+00'), ('b', NULL)`)
  const { sessions, beyond } = await new FoldQueue().look(client, 100)
  expect(sessions).toEqual([
    { id: 'a', rows: [1, 3], from: Date.parse('2026-11-12T10:00:00Z') },
    { id: 'b', rows: [2, 4], from: null },
  ])
  expect(beyond).toBe(0)
})

test('more than one look takes is told of', async () => {
  const client = await connect((await freshDatabase()).url)
  await marked(client, 'a', 'b', 'c', 'd', 'e')
  const queue = new FoldQueue()
  expect(await queue.look(client, 2)).toMatchObject({ sessions: [{ id: 'a' }, { id: 'b' }], beyond: 3 })
  expect(await lookAndDeal(queue, client, 4)).toEqual(['a', 'b', 'c', 'd'])
  expect(await lookAndDeal(queue, client, 4)).toEqual(['e'])
  expect(await queue.look(client, 4)).toMatchObject({ sessions: [], beyond: 0, oldest: undefined })
})

test('a look begins where the rows of the last seconds begin, and now and then at the first row', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const client = await connect((await freshDatabase()).url)
  const query = vi.spyOn(client, 'query')
  const beginnings = () =>
    query.mock.calls.flatMap(([statement]) => {
      const { name, values } = statement as unknown as { name?: string; values: number[] }
      return name === 'fold_outlook' ? values[0] : []
    })
  const queue = new FoldQueue()
  const old = await marked(client, 'a', 'b')
  await lookAndDeal(queue, client)
  vi.advanceTimersByTime(11_000)
  await marked(client, 'c')
  await lookAndDeal(queue, client)
  expect(beginnings()).toEqual([0, 0])

  vi.advanceTimersByTime(1_000)
  await marked(client, 'd')
  // A transaction that lasted longer: its row is one of long ago.
  await client.query(`INSERT INTO rtc.unfolded (id, session_id) OVERRIDING SYSTEM VALUE VALUES (${old}, 'late')`)
  expect(await lookAndDeal(queue, client)).toEqual(['d'])
  expect(beginnings().at(-1)).toBe(old)

  vi.advanceTimersByTime(5_000)
  expect(await lookAndDeal(queue, client)).toEqual(['late'])
  expect(beginnings().at(-1)).toBe(0)
})

test('folds that were put off come when they are due', async () => {
  const client = await connect((await freshDatabase()).url)
  await client.query(`INSERT INTO rtc.fold_later VALUES
    ('later', now() + interval '1 hour', NULL, 1, 'x'), ('due', now(), '2026-11-12 10:00:00+00', 1, 'x')`)
  expect(await new FoldQueue().look(client, 100)).toMatchObject({
    sessions: [{ id: 'due', rows: [], from: Date.parse('2026-11-12T10:00:00Z') }],
    failed: 2,
    oldest: undefined,
  })
})
