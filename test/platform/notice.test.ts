import { expect, test } from 'vitest'
import { checkNotice } from '../../src/platform/notice.ts'

const numStatus = {
  eventType: 'numStatus',
  numInfo: [{ number: '+8617012340001', status: '10', cause: '2' }],
}

test('a notice is kept as it came', () => {
  expect(checkNotice(numStatus)).toEqual({ ok: true, row: { event_type: 'numStatus', body: numStatus }, misfits: [] })
})

test.each([
  [null, 'not_an_object', ''],
  [[numStatus], 'not_an_object', ''],
  [{ ...numStatus, eventType: 5 }, 'malformed_event_type', '/eventType'],
  [{ ...numStatus, eventType: '' }, 'malformed_event_type', '/eventType'],
  [{ ...numStatus, eventType: 'x'.repeat(1025) }, 'malformed_event_type', '/eventType'],
  [{ ...numStatus, numInfo: [{ number: 'a\0' }] }, 'nul_character', '/numInfo/0/number'],
  [{ ...numStatus, cause: '\ud83d' }, 'lone_surrogate', '/cause'],
  [JSON.parse('{"eventType":"x","n":1e999}'), 'non_finite_number', '/n'],
])('%j is bad: %s at %s', (record, reason, pointer) => {
  expect(checkNotice(record)).toEqual({ ok: false, reason, errors: [{ pointer, message: expect.any(String) }] })
})
