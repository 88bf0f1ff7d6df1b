import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { platformSuites } from '../../src/platform/tls-suites.ts'
import { event } from '../support/callbacks.ts'
import { selfSigned } from '../support/certificates.ts'
import { publicApp } from '../support/public-app.ts'

async function listenWith(type: 'rsa' | 'ecdsa') {
  const directory = await mkdtemp(join(tmpdir(), 'rtc-tls-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const { cert, key } = await selfSigned(type)
  await writeFile(join(directory, 'cert'), cert)
  await writeFile(join(directory, 'key'), key)
  const app = await publicApp({ TLS_CERT: join(directory, 'cert'), TLS_KEY: join(directory, 'key') })
  return { ...app, url: await app.listen(), cert }
}

/** What a handshake agreed on, or why it failed. */
function shake(url: string, options: ConnectionOptions): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), ...options }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`)
      socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

test.each(platformSuites)('the platform can speak %s', async (suite) => {
  const { url, cert } = await listenWith(suite.includes('ECDSA') ? 'ecdsa' : 'rsa')
  expect(await shake(url, { ca: cert, ciphers: suite, maxVersion: 'TLSv1.2' })).toBe(`TLSv1.2 ${suite}`)
})

test('TLS 1.3 works, TLS 1.1 and plain http do not', async () => {
  const { url, cert, registry } = await listenWith('rsa')
  expect(await shake(url, { ca: cert })).toMatch(/^TLSv1\.3 /)
  const old = { ca: cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  expect(await shake(url, old)).toMatch(/^ERR_SSL_|ECONNRESET/)
  await expect(fetch(url.replace('https', 'http'))).rejects.toThrow()
  expect(await registry.metrics()).not.toMatch(/rtc_callbacks_total\{/)
})

test('callbacks are taken over https', async () => {
  const { url, cert, taken } = await listenWith('ecdsa')
  const agent = new Agent({ ca: cert })
  onTestFinished(() => agent.destroy())
  const status = await new Promise((resolve, reject) => {
    const outgoing = request(`${url}/rtc/status`, { method: 'POST', agent }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify(event('s-1')))
  })
  expect([status, taken.length]).toEqual([200, 1])
})
