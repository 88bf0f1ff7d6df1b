import fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { BodyError, openEnvelope } from '../../src/platform/body.ts'
import { FeeCallback, StatusCallback } from '../../src/platform/envelope.ts'
import { feeFixture, feeFixtures, statusFixture, statusFixtures } from '../fixtures/load.ts'

const info = { sessionId: 's', timestamp: '2024-03-05 07:15:00' }

test.each(statusFixtures)('%s is a status event as documented', (name) => {
  const body = statusFixture(name)
  expect(Compile(StatusCallback).Check(body)).toBe(true)
  expect(openEnvelope(body)).toEqual({ kind: 'status', eventType: body.eventType, records: [body], oddities: [] })
})

test.each(feeFixtures)('%s is a CDR callback as documented', (name) => {
  const body = feeFixture(name)
  expect(Compile(FeeCallback).Check(body)).toBe(true)
  expect(openEnvelope(body)).toEqual({ kind: 'fee', eventType: 'fee', records: body.feeLst, oddities: [] })
})

test.each(['fee', 'FEE', 'Fee'])('eventType %s is a CDR callback', (eventType) => {
  expect(openEnvelope({ eventType, feeLst: [{}] })).toMatchObject({ kind: 'fee', eventType })
})

test.each(['callout', 'CALLOUT', 'somethingNew', 'fee ', 'feel'])('eventType %s is a status event', (eventType) => {
  expect(openEnvelope({ eventType, statusInfo: info })).toMatchObject({ kind: 'status', eventType })
})

test.each([
  ['a single object', { a: 1 }, [{ a: 1 }], ['feeLst_object']],
  ['an empty list', [], [], ['feeLst_empty']],
  ['51 records', Array(51).fill(1), Array(51).fill(1), ['feeLst_over_50']],
  ['50 records', Array(50).fill(1), Array(50).fill(1), []],
  ['records that are none', [null, 5, 'x'], [null, 5, 'x'], []],
])('feeLst may be %s', (_, feeLst, records, oddities) => {
  expect(openEnvelope({ eventType: 'fee', feeLst })).toEqual({ kind: 'fee', eventType: 'fee', records, oddities })
})

test('members beside feeLst are noticed', () => {
  expect(openEnvelope({ eventType: 'fee', feeLst: [1], batch: 7 }).oddities).toEqual(['feeLst_siblings'])
})

test.each(['callin', 'CallIn'])('%s that waits for a decision is noticed', (eventType) => {
  for (const notifyMode of ['Block', 'block', 'BLOCK']) {
    expect(openEnvelope({ eventType, statusInfo: { ...info, notifyMode } }).oddities).toEqual(['block_callin'])
  }
  for (const notifyMode of ['Notify', '', null, 1, undefined]) {
    expect(openEnvelope({ eventType, statusInfo: { ...info, notifyMode } }).oddities).toEqual([])
  }
  expect(openEnvelope({ eventType: 'callout', statusInfo: { ...info, notifyMode: 'Block' } }).oddities).toEqual([])
})

test.each(['numStatus', 'callout', 'fee', 'somethingNew'])(
  '%s with neither statusInfo nor feeLst is a notice',
  (eventType) => {
    const body = { eventType, numInfo: [{ number: '+8617012340001', status: '10', cause: '2' }] }
    expect(openEnvelope(body)).toEqual({ kind: 'notice', eventType, records: [body], oddities: [] })
  },
)

test('an SMS event is told apart from rubbish', () => {
  const error = thrownBy(() => openEnvelope({ appKey: 'k', smsEvent: { smsIdentifier: 's-1' } }))
  expect(error).toMatchObject({ reason: 'sms_event', places: [{ pointer: '/smsEvent' }] })
  expect(thrownBy(() => openEnvelope({}))).toMatchObject({ reason: 'not_a_callback' })
})

test.each([
  [null, ''],
  [[], ''],
  ['callout', ''],
  [5, ''],
  [{}, '/eventType'],
  [{ eventType: '' }, '/eventType'],
  [{ eventType: null }, '/eventType'],
  [{ eventType: 5, statusInfo: info }, '/eventType'],
  [{ eventType: 'callout', feeLst: [] }, '/statusInfo'],
  [{ eventType: 'callout', statusInfo: null }, '/statusInfo'],
  [{ eventType: 'callout', statusInfo: [info] }, '/statusInfo'],
  [{ eventType: 'callout', statusInfo: 'x' }, '/statusInfo'],
  [{ eventType: 'fee', statusInfo: info }, '/feeLst'],
  [{ eventType: 'fee', feeLst: null }, '/feeLst'],
  [{ eventType: 'fee', feeLst: 0 }, '/feeLst'],
  [{ eventType: 'fee', feeLst: '' }, '/feeLst'],
])('%j is no callback: %s', (body, pointer) => {
  const error = thrownBy(() => openEnvelope(body))
  expect(error).toBeInstanceOf(BodyError)
  expect((error as BodyError).places).toEqual([{ pointer, message: expect.any(String) }])
})

test('a body is opened or refused with a place, never anything else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      const error = thrownBy(() => openEnvelope(body))
      expect(error === undefined || error instanceof BodyError).toBe(true)
    }),
  )
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}
