import type pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { whyFailed } from '../../src/page/failures.ts'
import { Reader } from '../../src/page/reader.ts'
import { NotConnectedError } from '../../src/store/postgres.ts'
import { freshDatabase } from '../support/database.ts'

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
    expect(await it.read(select('SHOW transaction_read_only'))).toMatchObject({
      ok: true,
      value: [{ transaction_read_only: 'on' }],
    })
    const changed = await it.read(select("INSERT INTO rtc.apps (app_key) VALUES ('x') RETURNING 1"))
    expect(changed.ok).toBe(false)
    expect((await pool.query('SELECT FROM rtc.apps')).rowCount).toBe(0)
    await it.close()
  })

  test('ends what takes too long, and goes on', async () => {
    const { it } = await reader()
    const began = performance.now()
    expect(await it.read(select('SELECT pg_sleep(60)'))).toEqual({ ok: false, failed: { why: 'slow' } })
    expect(performance.now() - began).toBeLessThan(30_000)
    expect(await it.read(select('SELECT 1 AS one'))).toMatchObject({ ok: true, value: [{ one: 1 }] })
    await it.close()
  })

  test('shares an answer among those who look at once, until something changes', async () => {
    const { it, pool } = await reader()
    const read = () => it.share('apps', select('SELECT count(*)::int AS n FROM rtc.apps'))
    const [one, other] = await Promise.all([read(), read()])
    expect(one).toEqual({ ok: true, value: [{ n: 0 }] })
    expect(other).toBe(one)
    await pool.query("INSERT INTO rtc.apps (app_key) VALUES ('x')")
    it.forget()
    expect(await read()).toEqual({ ok: true, value: [{ n: 1 }] })
    await it.close()
  })

  test('a look-up may write down that somebody asked', async () => {
    const { it, pool } = await reader()
    expect(await it.lookUp(select("SELECT * FROM ops.calls_of('+8613800000021')"))).toEqual({ ok: true, value: [] })
    expect((await pool.query('SELECT kind, found FROM rtc.look_ups')).rows).toEqual([{ kind: 'number', found: 0 }])
    await it.close()
  })

  test('says why there is no answer', async () => {
    const { it } = await reader()
    const why = async (sql: string) => {
      const answer = await it.read(select(sql))
      return answer.ok ? answer : answer.failed
    }
    expect(await why('SELECT * FROM ops.nothing')).toEqual({ why: 'missing' })
    expect(await why('SELECT 1/0')).toEqual({ why: 'other', code: '22012' })
    expect(whyFailed(Object.assign(new Error(), { code: '42501' }))).toEqual({ why: 'right' })
    expect(whyFailed(Object.assign(new Error(), { code: 'ECONNREFUSED' }))).toEqual({ why: 'away' })
    await it.close()
  })

  test('says when its connections are all in use, and not that Postgres is away', async () => {
    const { it } = await reader()
    const twice = async (client: pg.ClientBase) => {
      for (let i = 0; i < 2; i++) await client.query('SELECT pg_sleep(4)')
      return 'done'
    }
    const long = Array.from({ length: 3 }, () => it.read(twice))
    expect(await it.read(select('SELECT 1'))).toEqual({ ok: false, failed: { why: 'busy' } })
    expect(await Promise.all(long)).toEqual(long.map(() => ({ ok: true, value: 'done' })))
    await it.close()
  })

  test('asks again for what was slow only after ten times as long', async () => {
    const { it } = await reader()
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    onTestFinished(() => clock.mockRestore())
    let asked = 0
    const look = () =>
      it.share('slow', async () => {
        now += 1_000
        return ++asked
      })
    const seen: unknown[] = []
    for (const later of [0, 9_000, 1_500]) {
      now += later
      seen.push(await look())
    }
    expect(seen).toEqual([1, 1, 2].map((value) => ({ ok: true, value })))
    await it.close()
  })

  test('knows of no Postgres before the receiver does', async () => {
    const it = new Reader(() => {
      throw new NotConnectedError('Postgres has not been reached yet')
    }, undefined)
    expect(await it.read(select('SELECT 1'))).toEqual({ ok: false, failed: { why: 'away' } })
    await it.close()
  })

  test('follows the receiver to where Postgres has moved', async () => {
    const [first, second] = [await freshDatabase(), await freshDatabase()]
    const pools = [first, second].map(({ url }) => ({ options: { connectionString: url } }) as unknown as pg.Pool)
    let at = 0
    const it = new Reader(() => pools[at] as pg.Pool, undefined)
    const name = select('SELECT current_database() AS name')
    const before = await it.read(name)
    at = 1
    const after = await it.read(name)
    expect([before, after]).toMatchObject(
      [first, second].map(({ url }) => ({ ok: true, value: [{ name: new URL(url).pathname.slice(1) }] })),
    )
    await it.close()
  })
})
