import type { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { expect, test } from 'vitest'
import { loopbackLookup } from '../../src/simulator/loopback.ts'
import { Wire } from '../../src/simulator/wire.ts'
import { cli } from '../support/program.ts'
import { stub } from './stub.ts'

/** A resolver that knows one answer. */
function resolving(...addresses: string[]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const resolve = (_name: string, _options: object, callback: (error: null, found: object) => void) =>
    callback(null, answers)
  return loopbackLookup(resolve as unknown as typeof lookup)
}

const look = (lookup: LookupFunction, all: boolean) =>
  new Promise((resolve) => lookup('name.test', { all }, (error, found) => resolve(error ?? found)))

test.each([['127.0.0.1'], ['127.9.8.7'], ['::1'], ['::1', '127.0.0.1'], ['::ffff:127.0.0.1']])(
  'a name that means %s passes',
  async (...addresses) => {
    expect(await look(resolving(...addresses), false)).toBe(addresses[0])
    expect(await look(resolving(...addresses), true)).toHaveLength(addresses.length)
  },
)

test.each([
  ['10.0.0.1'],
  ['0.0.0.0'],
  ['::'],
  ['8.8.8.8', '127.0.0.1'],
  ['127.0.0.1', '8.8.8.8'],
  ['::ffff:8.8.8.8'],
  [],
])('a name that means %s does not', async (...addresses) => {
  for (const all of [false, true]) {
    expect(await look(resolving(...addresses), all)).toMatchObject({ code: 'NOT_LOOPBACK' })
  }
})

test.each(['http://192.0.2.1:8080/rtc', 'http://[2001:db8::1]/rtc', 'http://0.0.0.0:1/', 'https://192.0.2.1/'])(
  'nothing is sent to the address in %s',
  async (url) => {
    const wire = new Wire({ keepAlive: false, timeoutMs: 2_000 })
    await expect(wire.post(url, {}, '{}')).rejects.toMatchObject({ code: 'NOT_LOOPBACK' })
    wire.close()
  },
)

test('names of this machine are reached, over short connections and kept ones', async () => {
  const { url, received } = await stub()
  for (const keepAlive of [false, true]) {
    const wire = new Wire({ keepAlive, timeoutMs: 10_000 })
    const answer = await wire.post(url.replace('127.0.0.1', 'localhost'), {}, '{}')
    expect(answer).toEqual({ status: 200, body: '{"resultcode":"0","resultdesc":"Success"}' })
    wire.close()
  }
  expect(received.map(({ headers }) => headers.connection)).toEqual(['close', 'keep-alive'])
})

test('an answer that does not come in time, or not whole, is none', async () => {
  const { url } = await stub(({ path }) => (path === '/hang-up' ? 'hang up' : { headers: { 'content-length': '999' } }))
  const wire = new Wire({ keepAlive: false, timeoutMs: 200 })
  await expect(wire.post(`${url}/slow`, {}, '{}')).rejects.toMatchObject({
    code: expect.stringMatching(/NO_ANSWER|ANSWER_CUT|ECONNRESET/),
  })
  wire.close()
  const patient = new Wire({ keepAlive: false, timeoutMs: 5_000 })
  await expect(patient.post(`${url}/hang-up`, {}, '{}')).rejects.toMatchObject({ code: 'ECONNRESET' })
  patient.close()
})

test.each(['http://192.0.2.1:3000', 'http://[2001:db8::1]'])('simulate refuses %s at once', async (target) => {
  const { code, stdout, stderr } = await cli(['simulate', '--target', target, '--calls', '1000000'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^error: the target is not on this machine/)
})

test('and a HOST that is not of this machine', async () => {
  const env = { HOST: '192.0.2.1', RTC_AUTH: 'off' }
  expect(await cli(['simulate'], { env })).toMatchObject({ code: 2, stdout: '' })
})
