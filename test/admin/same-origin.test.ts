import type { AddressInfo } from 'node:net'
import type { onRouteHookHandler } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { buildAdmin } from '../../src/admin/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import type { OpsParts } from '../../src/page/page.ts'
import { NotConnectedError } from '../../src/store/postgres.ts'
import { send } from '../support/http.ts'

/** The page in front of a Postgres that is away, which does not matter to who may ask. */
const away = new NotConnectedError('away')
const ops: OpsParts = {
  postgres: {
    get pool(): never {
      throw away
    },
    withClient: () => Promise.reject(away),
  },
  pooler: undefined,
  timeZone: 'UTC',
  log: { info() {}, warn() {}, error() {} },
}

async function admin(environment: Record<string, string> = {}, onRoute: onRouteHookHandler = () => {}) {
  const config = await loadConfig(environment)
  const readiness = () => ({ ready: true, degraded: [] })
  const app = buildAdmin({ config, readiness, metrics: new Metrics(), log: ops.log, openapi: () => ({}), ops })
  app.addHook('onRoute', onRoute)
  onTestFinished(() => app.close())
  return app
}

describe('the Host header of the private listener', () => {
  test.each([
    ['localhost:3001', 200],
    ['LOCALHOST', 200],
    ['127.0.0.1:3001', 200],
    ['127.5.5.5', 200],
    ['[::1]:3001', 200],
    ['ops.example.com', 200],
    ['OPS.example.com:3001', 200],
    ['evil.example.com', 403],
    ['evil.example.com:3001', 403],
    ['127.0.0.1.evil.example.com', 403],
    ['localhost.evil.example.com', 403],
    ['evil.example.com:3001@localhost', 403],
    ['10.1.2.3', 403],
    ['[::1', 403],
  ])('%j: %i', async (host, status) => {
    const app = await admin({ ADMIN_HOSTS: 'Ops.example.com, other.example.com' })
    const answer = await app.inject({ url: '/metrics', headers: { host } })
    expect(answer.statusCode).toBe(status)
  })

  test('probes may come under any name', async () => {
    const app = await admin()
    for (const url of ['/livez', '/readyz', '/readyz?verbose'])
      expect((await app.inject({ url, headers: { host: 'pod-7.cluster.local' } })).statusCode).toBe(200)
    expect((await app.inject({ url: '/metrics?/livez', headers: { host: 'pod-7.cluster.local' } })).statusCode).toBe(
      403,
    )
  })

  test('the address that was connected to is one', async () => {
    const app = await admin()
    await app.listen({ host: '0.0.0.0', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const url = `http://127.0.0.3:${port}/metrics`
    expect((await send(url, undefined, { method: 'GET' })).status).toBe(200)
    expect((await send(url, undefined, { method: 'GET', headers: { host: '192.0.2.1' } })).status).toBe(403)
  })

  test('it is looked at before the token', async () => {
    const app = await admin({ ADMIN_TOKEN: 'sixteen-characters' })
    const headers = { host: 'evil.example.com', authorization: 'Bearer sixteen-characters' }
    expect((await app.inject({ url: '/metrics', headers })).statusCode).toBe(403)
    expect((await app.inject({ url: '/metrics', headers: { ...headers, host: 'localhost' } })).statusCode).toBe(200)
    expect((await app.inject({ url: '/metrics', headers: { host: 'localhost' } })).statusCode).toBe(401)
  })
})

describe('what changes something, or is searched by a number, comes from our own pages', () => {
  const forms = [
    '/calls',
    '/quarantine/replay',
    '/quarantine/selected',
    '/quarantine/:id/replay',
    '/quarantine/:id/accept',
    '/quarantine/:id/resolve',
  ]

  test('these are all that take more than GET', async () => {
    const found: string[] = []
    await admin({}, ({ method, url }) => void (/^(GET|HEAD)$/.test(String(method)) || found.push(url)))
    expect(found).toEqual(forms)
  })

  const ours = { host: 'localhost:3001', origin: 'http://localhost:3001', 'sec-fetch-site': 'same-origin' }
  test.each([
    [ours, 200],
    [{ ...ours, origin: 'https://localhost:3001' }, 200],
    [{ ...ours, origin: 'http://localhost:3000' }, 403],
    [{ ...ours, origin: 'http://evil.example.com' }, 403],
    [{ ...ours, origin: 'null' }, 403],
    [{ host: ours.host, 'sec-fetch-site': 'same-origin' }, 403],
    // Over plain http off loopback browsers send no Sec-Fetch-Site.
    [{ host: ours.host, origin: ours.origin }, 200],
    [{ host: 'ops.example.com:3001', origin: 'http://ops.example.com:3001' }, 200],
    [{ host: 'ops.example.com:3001', origin: 'https://ops.example.com:3001' }, 403],
    [{ host: 'ops.example.com:3001', origin: 'http://ops.example.com' }, 403],
    [{ host: 'ops.example.com:3001', origin: 'http://ops.example.com:3000' }, 403],
    [{ host: 'ops.example.com:3001', origin: 'http://evil.example.com' }, 403],
    [{ host: 'ops.example.com:3001', origin: 'null' }, 403],
    [{ host: 'ops.example.com:3001' }, 403],
    [{ host: 'evil.example.com', origin: 'http://evil.example.com' }, 403],
    [{ ...ours, 'sec-fetch-site': 'same-site' }, 403],
    [{ ...ours, 'sec-fetch-site': 'cross-site' }, 403],
    [{ ...ours, host: 'evil.example.com', origin: 'http://evil.example.com' }, 403],
  ])('%j: %i', async (headers, status) => {
    const app = await admin({ ADMIN_HOSTS: 'ops.example.com' })
    for (const form of forms) {
      const { statusCode } = await app.inject({ method: 'POST', url: form.replace(':id', '1'), headers })
      expect([form, statusCode === 403 ? 403 : 200]).toEqual([form, status])
    }
  })
})
