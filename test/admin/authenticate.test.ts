import { expect, onTestFinished, test, vi } from 'vitest'
import { buildAdmin } from '../../src/admin/app.ts'
import { WrongTokens } from '../../src/admin/wrong-tokens.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { TestLog } from '../support/spool.ts'

const adminToken = 'sixteen-characters'

function admin() {
  const metrics = new Metrics()
  const log = new TestLog()
  const readiness = () => ({ ready: true, degraded: [] })
  const app = buildAdmin({ config: { adminToken, adminHosts: [] }, readiness, metrics, log, openapi: () => ({}) })
  onTestFinished(() => app.close())
  const ask = async (token: string | undefined, remoteAddress = '192.0.2.1') => {
    const headers = { host: 'localhost', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
    return (await app.inject({ url: '/openapi.json', remoteAddress, headers })).statusCode
  }
  const refused = async (reason: string) => {
    const values = (await metrics.registry.getSingleMetric('rtc_admin_refusals_total')?.get())?.values ?? []
    return values.find(({ labels }) => labels.reason === reason)?.value ?? 0
  }
  return { ask, refused, log }
}

test('wrong tokens are counted, and told of once a minute with their source and without the token', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const { ask, refused, log } = admin()
  for (const token of ['wrong-token-0000', undefined, 'wrong-token-1111']) expect(await ask(token)).toBe(401)
  expect(await ask('wrong-token-2222', '2001:db8::1')).toBe(401)
  expect(await ask(adminToken)).toBe(200)
  expect([await refused('wrong_token'), await refused('no_token')]).toEqual([3, 1])
  const message = 'private listener: a wrong token was refused'
  expect(log.lines).toEqual([
    { level: 'warn', context: { source: '192.0.2.1', leftOut: 0 }, message },
    { level: 'warn', context: { source: '2001:db8:0:0::/64', leftOut: 0 }, message },
  ])
})

test('many guesses at once: a few are looked at, and the right token of another source is let in meanwhile', async () => {
  const { ask, refused } = admin()
  for (let n = 0; n < 4; n++) await ask(`wrong-token-000${n}`)
  const guesses = Promise.all(Array.from({ length: 20 }, (_, n) => ask(`wrong-token-10${n}`)))
  await expect.poll(() => refused('too_many_attempts')).toBe(16)
  expect(await ask(adminToken, '192.0.2.2')).toBe(200)
  // Not even the right one is: an answer that comes at once would tell it from the wrong ones.
  expect(await ask(adminToken)).toBe(429)
  expect((await guesses).filter((status) => status === 401)).toHaveLength(4)
  expect(await ask(adminToken)).toBe(200)
})

test('each wrong token of a source waits longer than the one before, up to a bound, and is forgotten in time', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const wrong = new WrongTokens()
  const delays: number[] = []
  const attempt = async (nowMs: number) => {
    const started = Date.now()
    const answered = wrong.wait('192.0.2.1', nowMs)
    await vi.runAllTimersAsync()
    await answered
    delays.push(Date.now() - started)
  }
  for (let n = 0; n < 12; n++) await attempt(n)
  expect(delays).toEqual([0, 0, 0, 0, 250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000])
  await attempt(601_000)
  expect(delays.at(-1)).toBe(0)
})

test('no more than some sources are remembered', async () => {
  const wrong = new WrongTokens()
  for (let n = 0; n < 6; n++) void wrong.wait('first', 0)
  for (let n = 0; n < 2; n++) void wrong.wait('first', 0)
  expect(wrong.isFull('first')).toBe(true)
  for (let n = 0; n < 1_000; n++) void wrong.wait(`source ${n}`, 0)
  expect(wrong.isFull('first')).toBe(false)
})
