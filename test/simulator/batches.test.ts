import { expect, test } from 'vitest'
import { CdrBatches, type ReadyCdr } from '../../src/simulator/cdr-batches.ts'

const ready = (number: number, endedAt: number, appKey = 'app'): ReadyCdr => ({
  number,
  endedAt,
  appKey,
  feeUrl: 'http://127.0.0.1/fee',
  record: { number },
})
const numbers = (batches: ReadyCdr[][]) => batches.map((batch) => batch.map(({ number }) => number))

test('CDRs of one application that end in the same second share a message', () => {
  const batches = new CdrBatches()
  for (const cdr of [ready(4, 10), ready(1, 10), ready(2, 11), ready(3, 10, 'other')]) batches.add(cdr)
  expect(numbers(batches.takeBefore(12))).toEqual([[1, 4], [3], [2]])
  expect(batches.takeBefore(12)).toEqual([])
})

test('a second that is not over yet waits', () => {
  const batches = new CdrBatches()
  for (const cdr of [ready(1, 10), ready(2, 11)]) batches.add(cdr)
  expect(numbers(batches.takeBefore(11))).toEqual([[1]])
  expect(numbers(batches.takeBefore(Number.POSITIVE_INFINITY))).toEqual([[2]])
})

test('a message holds at most 50', () => {
  const batches = new CdrBatches()
  for (let i = 0; i < 120; i++) batches.add(ready(i, 10))
  expect(batches.takeBefore(11).map((batch) => batch.length)).toEqual([50, 50, 20])
})
