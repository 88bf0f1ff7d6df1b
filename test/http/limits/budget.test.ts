import { expect, test } from 'vitest'
import { Budget } from '../../../src/http/limits/budget.ts'

test('a source has its share, all have the total, and room comes back', () => {
  const budget = new Budget(16, 64)
  for (const source of ['a', 'b', 'c']) expect(budget.hold(source, 16)).toBeUndefined()
  expect(budget.hold('a', 1)).toBe(429)
  expect(budget.hold('d', 15)).toBeUndefined()
  expect(budget.hold('e', 2)).toBe(503)
  expect(budget.hold('e', 1)).toBeUndefined()
  budget.release('a', 16)
  expect(budget.hold('a', 16)).toBeUndefined()
  for (const [source, amount] of Object.entries({ a: 16, b: 16, c: 16, d: 15, e: 1 })) budget.release(source, amount)
  expect(budget.held).toBe(0)
})

test('our own proxy has no share, but the total holds for it', () => {
  const budget = new Budget(16, 64)
  expect(budget.hold(undefined, 60)).toBeUndefined()
  expect(budget.hold(undefined, 5)).toBe(503)
  budget.release(undefined, 60)
  expect(budget.held).toBe(0)
})

test('what has happened already is charged beyond the share, and then there is room for nothing', () => {
  const budget = new Budget(16, 64)
  budget.charge('a', 20)
  expect(budget.hold('a', 1)).toBe(429)
  budget.release('a', 20)
  expect(budget.hold('a', 16)).toBeUndefined()
})
