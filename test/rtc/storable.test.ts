import { expect, test } from 'vitest'
import { findUnstorable } from '../../src/rtc/storable.ts'

const nested = (depth: number, inner: unknown = 1): unknown => (depth === 0 ? inner : { a: nested(depth - 1, inner) })

test.each([
  [{ a: 'x\0' }, 'nul_character', '/a'],
  [{ 'a\0': 1 }, 'nul_character', ''],
  [{ a: { b: ['x', { '\0': 1 }] } }, 'nul_character', '/a/b/1'],
  [{ a: '\ud83d' }, 'lone_surrogate', '/a'],
  [{ a: 'x\ude00\ud83d' }, 'lone_surrogate', '/a'],
  [{ a: { '\ud83d': 1 } }, 'lone_surrogate', '/a'],
  [JSON.parse('{"a":[1e999]}'), 'non_finite_number', '/a/0'],
  [JSON.parse('{"a":-1e999}'), 'non_finite_number', '/a'],
  [{ 'a/b~c': '\0' }, 'nul_character', '/a~1b~0c'],
  [{ ['n'.repeat(65)]: '\0' }, 'nul_character', '/…'],
  [nested(33), 'too_deep', '/a'.repeat(32)],
  [nested(32, []), 'too_deep', '/a'.repeat(32)],
])('case %#: %s', (_record, reason, pointer) => {
  expect(findUnstorable(_record)).toEqual({ ok: false, reason, errors: [{ pointer, message: expect.any(String) }] })
})

test.each([
  [{ a: '😀', '😀': 'é', b: [null, true, false, 1.5e300, ''] }],
  [nested(32)],
  [nested(31, [1])],
  [{ a: undefined }],
])('case %# can be stored', (record) => {
  expect(findUnstorable(record)).toBeUndefined()
})

test('nesting of a whole body is refused without walking it', () => {
  const record = JSON.parse(`{"a":${'['.repeat(400_000)}${']'.repeat(400_000)}}`)
  expect(findUnstorable(record)).toMatchObject({ reason: 'too_deep' })
})
