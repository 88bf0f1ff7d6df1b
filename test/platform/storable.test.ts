import { expect, test } from 'vitest'
import { findUnstorable } from '../../src/platform/storable.ts'

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

// What the record cannot be written again for counts before what merely cannot be stored.
test.each([
  [{ a: '\0', b: nested(40) }, 'too_deep'],
  [[JSON.parse('1e999'), '\0', nested(40)], 'too_deep'],
  [['\ud83d', { a: JSON.parse('1e999') }, '\0'], 'non_finite_number'],
  [['\ud83d', '\0'], 'lone_surrogate'],
])('of several findings in case %# %s counts', (record, reason) => {
  expect(findUnstorable(record)).toMatchObject({ reason })
})

test.each(['x\0', '\ud83d', JSON.parse('1e999')])('a record that is no object is looked at as well: %j', (value) => {
  expect(findUnstorable(value)).toMatchObject({ errors: [{ pointer: '' }] })
})

const shapes = {
  arrays: (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`,
  objects: (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
  'both in turn': (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`,
  'the last of many': (depth: number) => `${'[0,0,'.repeat(depth)}1${']'.repeat(depth)}`,
}

test.each(
  Object.entries(shapes).flatMap(([name, shape]) =>
    [900, 3_500, 5_000, 200_000].map((depth) => [name, depth, shape] as const),
  ),
)('nesting is found without recursion: %s, %i deep', (_, depth, shape) => {
  expect(findUnstorable(JSON.parse(shape(depth)))).toMatchObject({ reason: 'too_deep' })
  expect(findUnstorable(JSON.parse(`{"a":{"b":[1,${shape(depth)}]}}`))).toMatchObject({ reason: 'too_deep' })
})

test('a wide value is no deep one', () => {
  expect(findUnstorable(JSON.parse(`[${'[],'.repeat(300_000)}{}]`))).toBeUndefined()
})
