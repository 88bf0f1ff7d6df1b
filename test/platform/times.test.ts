import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPlausible, isTooFarAhead, parseTime, toMillis } from '../../src/platform/times.ts'

test.each([
  ['2019-01-24 03:04:24', '2019-01-24 03:04:24'],
  ['2019-01-24  03:04:24', '2019-01-24 03:04:24'],
  ['2019-01-24\t 03:04:24', '2019-01-24 03:04:24'],
  [' \t2019-01-24 03:04:24  ', '2019-01-24 03:04:24'],
  ['2020-02-29 00:00:00', '2020-02-29 00:00:00'],
  ['2000-02-29 23:59:59', '2000-02-29 23:59:59'],
  ['2024-12-31 23:59:59', '2024-12-31 23:59:59'],
  ['0001-01-01 00:00:00', '0001-01-01 00:00:00'],
])('%j is the time %s', (text, canonical) => {
  expect(parseTime(text)).toBe(canonical)
})

test.each([
  '',
  ' ',
  '2019-02-29 00:00:00',
  '2019-02-30 00:00:00',
  '1900-02-29 00:00:00',
  '2019-04-31 00:00:00',
  '2019-06-31 00:00:00',
  '2019-09-31 00:00:00',
  '2019-11-31 00:00:00',
  '2019-01-32 00:00:00',
  '2019-01-00 00:00:00',
  '2019-00-10 00:00:00',
  '2019-13-10 00:00:00',
  '0000-01-01 00:00:00',
  '2019-01-24 24:00:00',
  '2019-01-24 25:00:00',
  '2019-01-24 23:60:00',
  '2019-01-24 23:59:60',
  '2019-01-24  23:59:60',
  '2019-01-24T03:04:24',
  '2019-01-24 03:04:24Z',
  '2019-01-24 03:04:24.5',
  '2019-01-24 03:04',
  '2019-01-2403:04:24',
  '2019-1-24 03:04:24',
  '2019/01/24 03:04:24',
  '2019-01/24 03:04:24',
  '2019-01-24 03.04:24',
  '2019-01-24 03:04.24',
  '2019-01-24_03:04:24',
  '2019-01-24\n03:04:24',
  '2019-01-24\u00a003:04:24',
  '20a9-01-24 03:04:24',
  '2019-01-24 03:04:2４',
  '-019-01-24 03:04:24',
  '1548299064',
  '2019-01-24 03:04:24 2019-01-24 03:04:24',
])('%j is no time', (text) => {
  expect(parseTime(text)).toBeUndefined()
})

const digits = (length: number, value: number) => String(value).padStart(length, '0')

test('exactly the seconds that exist are times, as Date.UTC has them', () => {
  const parts = fc.tuple(
    fc.integer({ min: 100, max: 9999 }),
    fc.integer({ min: 0, max: 14 }),
    fc.integer({ min: 0, max: 33 }),
    fc.integer({ min: 0, max: 25 }),
    fc.integer({ min: 0, max: 61 }),
    fc.integer({ min: 0, max: 61 }),
  )
  fc.assert(
    fc.property(parts, ([year, month, day, hour, minute, second]) => {
      const text = `${digits(4, year)}-${digits(2, month)}-${digits(2, day)} ${digits(2, hour)}:${digits(2, minute)}:${digits(2, second)}`
      const millis = Date.UTC(year, month - 1, day, hour, minute, second)
      const exists = new Date(millis).toISOString().slice(0, 19).replace('T', ' ') === text
      expect(parseTime(text)).toBe(exists ? text : undefined)
      if (exists) expect(toMillis(text)).toBe(millis)
    }),
    { numRuns: 2000 },
  )
})

test('any run of blanks is the same time', () => {
  const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 5 })
  fc.assert(
    fc.property(blanks, blanks, blanks, (before, between, after) => {
      expect(parseTime(`${before}2024-03-05 ${between}07:15:00${after}`)).toBe('2024-03-05 07:15:00')
    }),
  )
})

test('long runs of blanks cost no time', () => {
  const started = performance.now()
  expect(parseTime(`${' '.repeat(500_000)}2024-03-05${' '.repeat(500_000)}x`)).toBeUndefined()
  expect(performance.now() - started).toBeLessThan(5_000)
})

const now = Date.UTC(2026, 2, 15, 12, 0, 0)

test.each([
  ['0001-01-01 00:00:00', false],
  ['1970-01-01 00:00:00', false],
  ['1999-12-31 23:59:59', false],
  ['2000-01-01 00:00:00', true],
  ['2099-12-31 23:59:59', true],
  ['2100-01-01 00:00:00', false],
  ['9999-12-31 23:59:59', false],
])('%s can be a time of a call: %s', (time, can) => {
  expect(isPlausible(time)).toBe(can)
})

test.each([
  ['2026-03-15 12:00:00', false],
  ['2027-04-15 12:00:00', false],
  ['2027-04-15 12:00:01', true],
  ['2099-12-31 23:59:59', true],
])('%s is too far ahead of 2026-03-15 12:00:00: %s', (time, isTooFar) => {
  expect(isTooFarAhead(time, now)).toBe(isTooFar)
})

test('13 months from a long month end on the last day of a short one', () => {
  const lastOfJanuary = Date.UTC(2026, 0, 31)
  expect(isTooFarAhead('2027-02-28 00:00:00', lastOfJanuary)).toBe(false)
  expect(isTooFarAhead('2027-03-01 00:00:00', lastOfJanuary)).toBe(true)
})
