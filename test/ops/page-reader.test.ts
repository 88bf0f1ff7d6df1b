import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { Cache } from '../../src/ops/cache.ts'
import { whyFailed } from '../../src/ops/failures.ts'
import { Reader } from '../../src/ops/reader.ts'
import { NotConnectedError } from '../../src/store/postgres.ts'
import { freshDatabase } from '../support/database.ts'

describe('what is kept for a while', () => {
  const clock = { ms: 0 }
  const counted = () => {
    const cache = new Cache(() => clock.ms)
    const asked: string[] = []
    return {
      asked,
      cache,
      get: (key: string, answer: () => Promise<string> = async () => key) =>
        cache.get(key, 1000, () => {
          asked.push(key)
          return answer()
        }),
    }
  }

  test('is asked for once, by however many at once, until its time is over', async () => {
    const { get, asked } = counted()
    expect(await Promise.all([get('a'), get('a'), get('b')])).toEqual(['a', 'a', 'b'])
    clock.ms += 999
    await get('a')
    expect(asked).toEqual(['a', 'b'])
    clock.ms += 2
    await get('a')
    expect(asked).toEqual(['a', 'b', 'a'])
  })

  test('a failure is kept too, and a change forgets all', async () => {
    const { get, asked, cache } = counted()
    await expect(get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(get('a')).rejects.toThrow('no')
    cache.clear()
    expect(await get('a')).toBe('a')
    expect(asked).toEqual(['a', 'a'])
  })

  test('is not more than some hundred', async () => {
    const { get, asked } = counted()
    for (let i = 0; i < 300; i++) await get(`key ${i}`)
    await get('key 299')
    await get('key 0')
    expect(asked).toHaveLength(301)
  })
})

describe('the reader', () => {
  async function reader() {
    const { pool, url } = await freshDatabase()
    const beside = { options: { connectionString: url } } as unknown as pg.Pool
    const it = new Reader(() => beside, undefined)
    return { it, pool }
  }
  const select = (sql: string) => async (client: pg.ClientBase) => (await client.query(sql)).rows

  test('reads in transactions that can change nothing', async () => {
    const { it, pool } = await reader()
    expect(await it.once(select('SHOW transaction_read_only'))).toEqual({
      ok: true,
      value: [{ transaction_read_only: 'on' }],
    })
    const changed = await it.once(select("INSERT INTO rtc.apps (app_key) VALUES ('x') RETURNING 1"))
    expect(changed.ok).toBe(false)
    expect((await pool.query('SELECT FROM rtc.apps')).rowCount).toBe(0)
    await it.close()
  })

  test('ends what takes too long, uses two connections at most, and goes on', async () => {
    const { it, pool } = await reader()
    const started = performance.now()
    const slow = Array.from({ length: 3 }, () => it.read('slow', 0, [Math.random()], select('SELECT pg_sleep(20)')))
    await expect
      .poll(
        async () =>
          (await pool.query("SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)' AND state = 'active'"))
            .rowCount,
      )
      .toBe(2)
    expect(await Promise.all(slow)).toEqual(Array(3).fill({ ok: false, failed: { why: 'slow' } }))
    expect(performance.now() - started).toBeLessThan(7_500)
    expect(await it.once(select('SELECT 1 AS one'))).toEqual({ ok: true, value: [{ one: 1 }] })
    await it.close()
  })

  test('says why there is no answer', async () => {
    const { it } = await reader()
    const why = async (sql: string) => {
      const answer = await it.once(select(sql))
      return answer.ok ? answer : answer.failed
    }
    expect(await why('SELECT * FROM ops.nothing')).toEqual({ why: 'missing' })
    expect(await why('SELECT 1/0')).toEqual({ why: 'other', code: '22012' })
    expect(whyFailed(Object.assign(new Error(), { code: '42501' }))).toEqual({ why: 'right' })
    expect(whyFailed(Object.assign(new Error(), { code: 'ECONNREFUSED' }))).toEqual({ why: 'away' })
    await it.close()
  })

  test('knows of no Postgres before the receiver does', async () => {
    const it = new Reader(() => {
      throw new NotConnectedError('Postgres has not been reached yet')
    }, undefined)
    expect(await it.once(select('SELECT 1'))).toEqual({ ok: false, failed: { why: 'away' } })
    await it.close()
  })

  test('follows the receiver to where Postgres has moved', async () => {
    const [first, second] = [await freshDatabase(), await freshDatabase()]
    const pools = [first, second].map(({ url }) => ({ options: { connectionString: url } }) as unknown as pg.Pool)
    let at = 0
    const it = new Reader(() => pools[at] as pg.Pool, undefined)
    const name = select('SELECT current_database() AS name')
    const before = await it.once(name)
    at = 1
    const after = await it.once(name)
    expect([before, after]).toEqual(
      [first, second].map(({ url }) => ({ ok: true, value: [{ name: new URL(url).pathname.slice(1) }] })),
    )
    await it.close()
  })
})
