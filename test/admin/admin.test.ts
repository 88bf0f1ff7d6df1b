import { expect, onTestFinished, test } from 'vitest'
import { buildAdmin } from '../../src/admin/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { TestLog } from '../support/spool.ts'

async function admin() {
  const metrics = new Metrics()
  metrics.registry.metrics = () => Promise.reject(new Error('13800000021'))
  const log = new TestLog()
  const config = await loadConfig({ ADMIN_TOKEN: 'sixteen-characters' })
  const readiness = () => ({ ready: true, degraded: [] })
  const app = buildAdmin({ config, readiness, metrics, log, openapi: () => ({}) })
  app.post('/change', () => ({}))
  onTestFinished(() => app.close())
  return app
}

const own = { host: 'localhost', origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }
const token = { authorization: 'Bearer sixteen-characters' }
const secret = 'a-token-of-22-characters'

test.each([
  [404, { url: `/rtc/${secret}/status?${secret}` }],
  [404, { method: 'DELETE', url: `/${secret}`, headers: own }],
  [404, { url: `/${secret}/%zz` }],
  [400, { method: 'POST', url: '/change', headers: { ...own, 'content-type': 'application/json' }, payload: secret }],
  [415, { method: 'POST', url: '/change', headers: { ...own, 'content-type': `text/${secret}` }, payload: 'x' }],
  [500, { url: '/metrics', headers: { ...own, ...token } }],
])('%i: the answer repeats nothing of the request, and nothing of an error', async (status, request) => {
  const answer = await (await admin()).inject({ headers: own, ...request } as object)
  expect(answer.statusCode).toBe(status)
  expect(Object.keys(answer.json())).toEqual(['error'])
  expect(answer.body).not.toContain(secret)
  expect(answer.body).not.toContain('13800000021')
  expect(JSON.stringify(answer.headers)).not.toContain(secret)
})
