import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { AkskVerifier } from '../../src/platform/aksk-verifier.ts'
import type { JsonObject } from '../../src/platform/record.ts'
import { Ledger } from '../../src/simulator/ledger.ts'
import type { SimulatorOptions } from '../../src/simulator/options.ts'
import { signatureForms } from '../../src/simulator/signer.ts'
import { Simulator } from '../../src/simulator/simulator.ts'
import { optionsFor, type Received, stub } from './stub.ts'

interface Body {
  eventType: string
  statusInfo?: JsonObject & { sessionId: string; timestamp: string }
  feeLst?: (JsonObject & { sessionId: string; icid: string; callEndTime: string; appKey: string })[]
}

const parse = ({ body }: Received): Body => JSON.parse(body)
const fees = (received: Received[]) => received.map(parse).flatMap(({ feeLst }) => (feeLst ? [feeLst] : []))
const events = (received: Received[]) =>
  received.map(parse).flatMap(({ statusInfo }) => (statusInfo ? [statusInfo] : []))

async function run(urls: SimulatorOptions['urls'], more: Partial<SimulatorOptions> = {}) {
  const simulator = new Simulator(optionsFor(urls, { calls: 60, overS: 60, ...more }))
  const summary = await simulator.run()
  await simulator.close()
  return summary
}

test('the same seed and start send the same bodies, whatever the concurrency', async () => {
  const bodies: string[][] = []
  for (const concurrency of [1, 12]) {
    const { urls, received } = await stub()
    await run(urls, { concurrency })
    bodies.push(received.map(({ body }) => body).sort())
  }
  expect(bodies[0]).toEqual(bodies[1])
})

test('every event and CDR of every call is sent, each CDR behind its events, merged by second and application', async () => {
  const { urls, received } = await stub()
  const ledger = new Ledger()
  const summary = await run(urls, { ledger })
  expect(summary.calls).toBe(60)
  expect(summary.callbacks).toMatchObject({ sent: received.length, acknowledged: received.length, refused: 0 })
  expect(new Set(received.map(({ path }) => path))).toEqual(new Set(['/rtc/status', '/rtc/fee']))
  const cdrs = fees(received).flat()
  expect(new Set(cdrs.map(({ sessionId }) => sessionId)).size).toBe(60)
  expect(ledger.size).toBe(cdrs.length + events(received).length)
  expect(fees(received).some((list) => list.length > 1)).toBe(true)
  for (const list of fees(received)) {
    expect(new Set(list.map(({ appKey, callEndTime }) => appKey + callEndTime)).size).toBe(1)
    expect(list.length).toBeLessThanOrEqual(50)
  }
  const keys = fees(received).map(([first]) => `${first?.appKey}${first?.callEndTime}`)
  expect(new Set(keys).size).toBe(keys.length) // no second is split over two messages
  const seen = new Set<string>()
  for (const body of received.map(parse)) {
    if (body.statusInfo) seen.add(body.statusInfo.sessionId)
    for (const { sessionId } of body.feeLst ?? []) expect(seen).toContain(sessionId)
  }
})

test('events of a call keep their order, unless it is to be mixed up', async () => {
  const inOrder = async (reorder: number) => {
    const { urls, received } = await stub()
    await run(urls, { reorder })
    const last = new Map<string, string>()
    return events(received).every(({ sessionId, timestamp }) => {
      const before = last.get(sessionId) ?? ''
      last.set(sessionId, timestamp)
      return before <= timestamp
    })
  }
  expect(await inOrder(0)).toBe(true)
  expect(await inOrder(1)).toBe(false)
})

test('an event that is refused is never sent again; a CDR is, six times', async () => {
  const { urls, received } = await stub(() => ({ status: 503 }))
  const ledger = new Ledger()
  const summary = await run(urls, { calls: 5, resendMs: 5, ledger })
  const counts = new Map<string, number>()
  for (const { body } of received) counts.set(body, (counts.get(body) ?? 0) + 1)
  for (const [body, count] of counts) expect(count).toBe(body.includes('"fee"') ? 7 : 1)
  expect(summary).toMatchObject({ resent: (6 * fees(received).length) / 7, givenUp: 5 })
  expect(summary.failures).toEqual({ 'HTTP 503': received.length })
  expect([...ledger.entries()].every(({ delivery }) => delivery === 'refused')).toBe(true)
})

test.each<[string, number, string]>([
  ['a 200 with another resultcode', 200, '{"resultcode":"1","resultdesc":"no"}'],
  ['a 201', 201, '{"resultcode":"0","resultdesc":"Success"}'],
])('%s counts as failed for a CDR', async (_name, status, body) => {
  const { urls, received } = await stub(({ path }, count) =>
    path === '/rtc/fee' && count < 40 ? { status, body } : {},
  )
  const summary = await run(urls, { calls: 3, resendMs: 2 })
  expect(summary.resent).toBeGreaterThan(0)
  expect(summary.resent + 3).toBeGreaterThanOrEqual(fees(received).length)
})

test('without a resultcode the status decides, and events are judged by it alone', async () => {
  const { urls } = await stub(({ path }) => (path === '/rtc/fee' ? { body: '' } : { body: '{"resultcode":"7"}' }))
  const summary = await run(urls, { calls: 3 })
  expect(summary.callbacks.refused).toBe(0)
})

test('a re-send ends with the first success', async () => {
  const { urls, received } = await stub((_received, count) => (count <= 12 ? 'hang up' : {}))
  const ledger = new Ledger()
  const summary = await run(urls, { calls: 4, concurrency: 1, resendMs: 5, ledger })
  expect(summary.givenUp).toBe(0)
  expect(summary.callbacks.unanswered).toBe(12)
  const cdrs = [...ledger.entries()].filter(({ kind }) => kind === 'fee')
  expect(cdrs.every(({ delivery }) => delivery === 'acknowledged')).toBe(true)
  expect(received.length).toBe(summary.callbacks.sent)
})

test('redirects are not followed', async () => {
  const other = await stub()
  const { urls } = await stub(() => ({ status: 307, headers: { location: `${other.url}/elsewhere` } }))
  const summary = await run(urls, { calls: 2, resendMs: 1 })
  expect(summary.failures).toEqual({ 'HTTP 307': summary.callbacks.sent })
  expect(other.received).toEqual([])
})

test('duplicates, malformed callbacks, unknown fields and lost CDRs come as often as asked for', async () => {
  const { urls, received } = await stub(({ body }) => {
    try {
      JSON.parse(body)
      return {}
    } catch {
      return { status: 400 }
    }
  })
  const ledger = new Ledger()
  const shares = { duplicates: 0.3, malformed: 0.3, unknownFields: 0.3, lostCdrs: 0.3 }
  const summary = await run(urls, { calls: 200, ledger, ...shares })
  expect(summary.failures).toEqual({})
  expect(summary.callbacks.acknowledged).toBe(summary.callbacks.sent)
  for (const count of [summary.duplicates, summary.malformed, summary.lostCdrs]) expect(count).toBeGreaterThan(30)
  const entries = [...ledger.entries()]
  expect(entries.filter(({ kind }) => kind === 'fee')).toHaveLength(200 - summary.lostCdrs)
  // What cannot be stored is not in the ledger.
  expect(entries.every(({ record }) => JSON.stringify(record).includes('"sessionId"'))).toBe(true)
  expect(received.some(({ body }) => body.includes('mediaInfo'))).toBe(true)
  expect(received.some(({ body }) => body.includes('"legIds"'))).toBe(true)
})

test.each(signatureForms)('signature %s is one that the receiver knows', async (signature) => {
  const secret = createSecretKey(Buffer.from('not-a-real-secret'))
  const apps = [{ appKey: 'simulated', secret }]
  for (const createdZone of ['utc', 'beijing'] as const) {
    const { urls, received } = await stub()
    await run(urls, { calls: 10, apps, signature, createdZone })
    const verifier = new AkskVerifier(apps, { status: [urls.status], fee: [urls.fee] }, 60)
    const found = received.map(({ path, headers }) => verifier.verify(headers, path === '/rtc/fee' ? 'fee' : 'status'))
    const forms = new Set(found.map((one) => ('form' in one ? one.form : one.result)))
    const expected = {
      none: ['missing'],
      lf: ['lf_status', 'lf_fee'],
      plain: ['plain_status', 'plain_fee'],
      'lf-fee': ['lf_fee'],
      'plain-fee': ['plain_fee'],
      any: ['lf_status', 'lf_fee', 'plain_status', 'plain_fee'],
    }
    expect(forms).toEqual(new Set(expected[signature]))
  }
})

test('digests sign the URLs the receiver is configured with, where these are told', async () => {
  const secret = createSecretKey(Buffer.from('not-a-real-secret'))
  const { urls, received } = await stub()
  const signedUrls = { status: 'https://calls.example.test/rtc/status', fee: 'https://calls.example.test/rtc/fee' }
  await run(urls, { calls: 3, apps: [{ appKey: 'simulated', secret }], signature: 'lf', signedUrls })
  const verifier = new AkskVerifier([{ appKey: 'simulated', secret }], {
    status: [signedUrls.status],
    fee: [signedUrls.fee],
  })
  for (const { headers } of received) expect(verifier.verify(headers, 'status').result).toBe('verified')
})

test('a clock that is ahead shows in the times', async () => {
  const { urls, received } = await stub()
  await run(urls, { calls: 1, clockSkewS: 3_600 })
  expect(events(received)[0]?.timestamp).toBe('2023-11-14 23:13:20')
})

test('calls in time take as long as they tell, and end now', async () => {
  const { urls, received } = await stub()
  const began = performance.now()
  await run(urls, { calls: 3, speed: 200, rate: 50, outcome: 'answered', scenario: 'callVerify' })
  for (const { statusInfo } of received.map(parse)) {
    if (!statusInfo) continue
    expect(Date.parse(`${statusInfo.timestamp.replace(' ', 'T')}Z`)).toBeLessThanOrEqual(Date.now())
  }
  const [first] = events(received)
  const mine = received.filter(({ body }) => body.includes(first?.sessionId ?? ''))
  // From before the first: it may be late itself.
  const wallS = ((mine.at(-2)?.at ?? 0) - began) / 1000
  const told = (text: string | undefined) => Date.parse(`${text?.replace(' ', 'T')}Z`) / 1000
  const toldS = told(parse(mine.at(-2) as Received).statusInfo?.timestamp) - told(first?.timestamp)
  expect(wallS).toBeGreaterThan(toldS / 200 - 0.05)
  expect(parse(mine.at(-1) as Received).feeLst?.[0]?.sessionId).toBe(first?.sessionId)
})

test('calls keep to the rate', async () => {
  const { urls } = await stub()
  const summary = await run(urls, { calls: 20, rate: 40 })
  expect(summary.seconds).toBeGreaterThanOrEqual(0.4)
})

test('when it is closed no further calls begin, and what waits to be sent again is given up', async () => {
  const { urls, received } = await stub(() => ({ status: 503 }))
  const simulator = new Simulator(optionsFor(urls, { calls: 100_000, resendMs: 60_000 }))
  const running = simulator.run()
  while (received.length < 50) await new Promise((resolve) => setTimeout(resolve, 5))
  await simulator.close()
  const summary = await running
  expect(summary.calls).toBeLessThan(100_000)
  expect(summary.callbacks.sent).toBe(received.length)
})
