import { expect, test } from 'vitest'
import { backoffMs } from '../../src/lib/backoff.ts'

test.each([
  [1, 100],
  [2, 200],
  [6, 3_200],
  [7, 5_000],
  [1e9, 5_000],
])('after %i failures in a row between half of %i ms and all of it', (failures, ceiling) => {
  const waits = Array.from({ length: 200 }, () => backoffMs(failures, 100, 5_000))
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(ceiling / 2)
  expect(Math.max(...waits)).toBeLessThanOrEqual(ceiling)
  expect(new Set(waits).size).toBeGreaterThan(100)
})
