import { expect, test } from 'vitest'
import { skeleton } from '../../src/platform/skeleton.ts'

test('keys, types and lengths, and nothing of what it says', () => {
  const record = { caller: '+8613800000021', stateCode: 0, ok: true, none: null, list: ['😀', 1], extra: { a: '' } }
  expect(skeleton(record)).toEqual({
    caller: 'text of 14',
    stateCode: 'number',
    ok: 'boolean',
    none: null,
    list: ['text of 1', 'number'],
    extra: { a: 'text of 0' },
  })
})

test('what is long, wide or deep is cut', () => {
  expect(skeleton([1, 2, 3, 4, 5, 6, 7])).toEqual([...Array(5).fill('number'), 'and 2 more'])
  const wide = Object.fromEntries(Array.from({ length: 103 }, (_, i) => [`key ${i}`, i]))
  expect(skeleton(wide)).toMatchObject({ 'key 99': 'number', '…': 'and 3 more' })
  expect(Object.keys(skeleton({ ['k'.repeat(100)]: 1 }) as object)).toEqual(['k'.repeat(64)])
  let deep: unknown = 1
  for (let i = 0; i < 40; i++) deep = [deep]
  expect(JSON.stringify(skeleton(deep))).toBe(`${'['.repeat(32)}"nested deeper"${']'.repeat(32)}`)
})
